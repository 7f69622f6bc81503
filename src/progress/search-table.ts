import { createLogUpdate } from 'log-update'
import { printable } from '../core/errors.js'
import { isOnRequest, metricLabel } from '../core/metrics.js'
import type { TextStream } from '../core/platform.js'
import type { SetMetrics } from '../core/results.js'
import { clearInterval, setInterval } from '../core/timers.js'
import type { TrialResult } from '../search/trial/result.js'
import { Display } from './display.js'
import type { SearchProgress } from './search-state.js'
import { type RunningTrial, SearchState } from './search-state.js'
import { metricWords, reasonWords, shortValue, stateWords } from './search-words.js'
import { barWords, metricText } from './words.js'

/** Milliseconds between updates of the elapsed time when no event comes. */
const INTERVAL = 500
const MOST_RUNNING = 8
const LAST_FINISHED = 6
const BAR = 10
/** Characters of a column of results. */
const RESULT = 9
/** Characters of all columns but the parameters: state, trial, two results, bar. */
const FIXED_WIDTH = 10 + 6 + 2 * RESULT + BAR + 6
const ELLIPSIS_WIDTH = 3

/** A table on a terminal, redrawn in place: the best trial so far, the running and the last finished trials. */
export function searchTable(stream: TextStream): SearchProgress {
  const draw = createLogUpdate(stream as NodeJS.WriteStream) // it uses only the members of TextStream
  const display = new Display()
  const redraw = display.guarded(() => {
    if (state.header) draw(printable(renderSearch(state, stream.columns ?? 80)))
  })
  const state = new SearchState(redraw)
  const clock = setInterval(redraw, INTERVAL)
  clock.unref()
  let stopped = false
  return {
    callbacks: display.callbacks(state.callbacks),
    log: display.guarded((line) => {
      draw.clear()
      stream.write(`${printable(line)}\n`)
      if (!stopped) redraw()
    }),
    stop: display.guarded(() => {
      if (stopped) return
      stopped = true
      clearInterval(clock)
      redraw()
      draw.done()
    }),
  }
}

/** The table as text, in lines of at most `columns` characters. */
export function renderSearch(state: SearchState, columns: number): string {
  const { best, running, finished } = state
  const rows: Row[] = []
  if (best) rows.push({ ...best, head: 'best', remark: '' })
  for (const trial of [...running.values()].slice(0, MOST_RUNNING)) {
    rows.push({ ...trial, ...trial.entry, head: 'running', remark: progressWords(trial, state) })
  }
  for (const trial of finished.slice(-LAST_FINISHED).reverse()) {
    rows.push({ ...trial, head: trial.state, remark: remark(trial) })
  }
  const lines = [stateWords(state), ...(rows.length > 0 ? tableLines(rows, [...state.names], columns) : [])]
  if (running.size > MOST_RUNNING) lines.push(`and ${running.size - MOST_RUNNING} more running`)
  return lines.map((line) => cut(line.trimEnd(), columns - 1)).join('\n')
}

interface Row extends Pick<TrialResult, 'trial' | 'params' | 'valid' | 'test'> {
  readonly head: string
  readonly remark: string
}

/** A metric that was asked for has the column to itself, with its name in the heading. */
function metricColumn(rows: readonly Row[]) {
  const name = rows.flatMap(({ valid }) => Object.keys(valid ?? {})).find(isOnRequest)
  if (name === undefined) return { title: (set: string) => set, text: metricWords }
  const text = (set: SetMetrics | undefined) => (set?.[name] === undefined ? '' : metricText(name, set[name]))
  return { title: (set: string) => `${set} ${metricLabel(name)}`, text }
}

function tableLines(rows: readonly Row[], names: readonly string[], columns: number): string[] {
  const tested = rows.some(({ test }) => test)
  const { title, text } = metricColumn(rows)
  const wider = [title('valid'), ...(tested ? [title('test')] : [])].map((name) =>
    Math.max(0, name.length + 1 - RESULT),
  )
  const shown = fitting(rows, names, columns - wider.reduce((sum, width) => sum + width))
  const more = shown.length < names.length
  const heading = [
    '',
    'trial',
    ...shown,
    ...(more ? ['…'] : []),
    title('valid'),
    ...(tested ? [title('test')] : []),
    '',
  ]
  const lines = rows.map(({ head, trial, params, valid, test, remark }) => {
    const values = [...shown.map((name) => shortValue(params[name])), ...(more ? ['…'] : [])]
    return [head, String(trial), ...values, text(valid), ...(tested ? [text(test)] : []), remark]
  })
  return aligned([heading, ...lines])
}

/** Columns with two spaces between, which leave more room than lines; the first and the last are aligned left. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)))
  const last = widths.length - 1
  return rows.map((row) =>
    row.map((cell, c) => (c === 0 || c === last ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  '),
  )
}

/** As many parameters as fit beside the results and the progress bars. */
function fitting(rows: readonly Row[], names: readonly string[], columns: number): readonly string[] {
  let room = columns - 1 - FIXED_WIDTH
  const widths = names.map(
    (name) => 2 + Math.max(name.length, ...rows.map(({ params }) => shortValue(params[name]).length)),
  )
  const count = widths.findIndex((width, i) => {
    room -= width
    return room < (i === names.length - 1 ? 0 : ELLIPSIS_WIDTH)
  })
  return count === -1 ? names : names.slice(0, count)
}

/** '█████░░░░░ 50 %  fold 2 of 5  worker-1': progress, fold and remote worker. */
function progressWords({ share, worker, fold }: RunningTrial, { header }: SearchState): string {
  const bar = `${barWords(share, BAR)} ${Math.floor(100 * share)} %`
  const folds = header?.folds ?? 1
  const where = typeof worker === 'string' ? worker : ''
  return [bar, folds > 1 ? `fold ${fold + 1} of ${folds}` : '', where].filter((word) => word).join('  ')
}

/** Duration of a completed trial, else the reason without the name of the state. */
function remark(trial: TrialResult): string {
  const { state, timing } = trial
  if (state === 'completed') return timing ? `${timing.total.toFixed(1)} s` : ''
  return reasonWords(trial).replace(/^(collapsed: |pruned )/, '')
}

function cut(line: string, length: number): string {
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}
