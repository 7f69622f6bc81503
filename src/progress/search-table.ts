import Table from 'cli-table3'
import { createLogUpdate } from 'log-update'
import type { TextStream } from '../core/platform.js'
import type { TrialResult } from '../search/study.js'
import type { SearchProgress } from './search-progress.js'
import { type RunningTrial, SearchState } from './search-state.js'
import { metricWords, stateWords } from './search-words.js'

/** Time between two drawings where nothing happens but the clock, ms. */
const INTERVAL = 500
const MOST_RUNNING = 8
const LAST_FINISHED = 6
const BAR = 10

/** A table on a terminal, drawn over itself: the running trials, the best so far, and the last that have finished. */
export function searchTable(stream: TextStream): SearchProgress {
  const draw = createLogUpdate(stream as NodeJS.WriteStream) // of which it uses what a TextStream has
  const redraw = () => {
    if (state.header) draw(renderSearch(state, stream.columns ?? 80))
  }
  const state = new SearchState(redraw)
  const clock = setInterval(redraw, INTERVAL)
  clock.unref()
  let stopped = false
  return {
    callbacks: state.callbacks,
    say: (line) => {
      draw.clear()
      stream.write(`${line}\n`)
      if (!stopped) redraw()
    },
    stop: () => {
      if (stopped) return
      stopped = true
      clearInterval(clock)
      redraw()
      draw.done()
    },
  }
}

/** The picture of a search, in lines of at most `columns` characters. */
export function renderSearch(state: SearchState, columns: number): string {
  const { best, running, finished } = state
  const names = Object.keys([...running.values(), ...finished][0]?.params ?? {})
  const table = new Table({
    head: ['', 'trial', ...names, 'valid', 'test', ''],
    colAligns: ['left', 'right', ...names.map(() => 'right' as const), 'right', 'right', 'left'],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1, compact: true },
    chars: PLAIN,
  })
  if (best) table.push(['best', ...cells(best), ''])
  for (const trial of [...running.values()].slice(0, MOST_RUNNING)) {
    table.push(['running', ...cells({ ...trial, ...trial.entry }), bar(trial)])
  }
  for (const trial of finished.slice(-LAST_FINISHED).reverse()) {
    table.push([trial.state, ...cells(trial), remark(trial)])
  }
  const lines = [stateWords(state), ...(names.length > 0 ? table.toString().split('\n') : [])]
  if (running.size > MOST_RUNNING) lines.push(`and ${running.size - MOST_RUNNING} more running`)
  return lines.map((line) => cut(line.trimEnd(), columns - 1)).join('\n')
}

/** Columns are told apart by their alignment: no lines, so that more fits. */
const PLAIN = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((name) => [name, `${name}-mid`, `${name}-left`, `${name}-right`])
    .concat('middle')
    .map((name) => [name, name === 'middle' ? ' ' : '']),
)

function cells({ trial, params, valid, test }: Pick<TrialResult, 'trial' | 'params' | 'valid' | 'test'>): string[] {
  return [String(trial), ...Object.values(params).map(String), metricWords(valid), metricWords(test)]
}

function bar({ share }: RunningTrial): string {
  const full = Math.round(share * BAR)
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`
}

/** What the state does not say already. */
function remark({ state, reason = '', timing }: TrialResult): string {
  if (state === 'completed') return timing ? `${timing.total.toFixed(1)} s` : ''
  return reason.replace(/^collapsed: /, '')
}

function cut(line: string, length: number): string {
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}
