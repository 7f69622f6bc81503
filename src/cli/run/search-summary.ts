import { NativeMlpError } from '../../core/errors.js'
import { paramWords, resultWords } from '../../progress/search-words.js'
import { clock } from '../../progress/words.js'
import { countStates } from '../../search/store/folder.js'
import { reproduceCommand } from '../../search/trial/reproduce.js'
import { shellWord } from '../terminal.js'
import { figureWords } from './figures.js'
import type { FinishedSearch } from './search-run.js'

/** A search for people. */
export function searchSummary(search: FinishedSearch): string {
  const { status, folder, header, trials, best, figures, seconds } = search
  const lines: string[] = []
  const line = (name: string, text: string) => lines.push(`${name.padEnd(9)} ${text}`)
  if (status === 'interrupted') line('stopped', 'early; finished trials and checkpoints of the others are kept')
  line('trials', `${trials.length} of ${header.size}: ${stateWords(search)}`)
  if (best) {
    line('best', `trial ${best.trial}: ${paramWords(best.params)}`)
    const place = header.folds > 1 ? `mean of ${header.folds} folds` : `at step ${best.bestStep}`
    line('', `${resultWords(best)} ${place}, selected by ${header.selectBy} ${header.metric}`)
    if (header.caution) line('caution', header.caution)
  } else {
    line('best', 'none: no trial completed')
  }
  line('time', `${clock(seconds)}${workerWords(search)}`)
  line('table', folder.file('results'))
  if (best && header.folds === 1) line('model', folder.file('model'))
  const refit = refitFile(search)
  if (refit) line('refit', refit)
  else if (best && header.folds > 1 && status === 'completed') {
    line('model', `none; to train one: npx native-mlp search --resume ${shellWord(folder.path)} --refit`)
  }
  figureWords(figures).forEach((path, i) => {
    line(i === 0 ? 'figures' : '', path)
  })
  const command = reproduction(search)
  if (command) line('reproduce', header.folds > 1 ? `${command} # the first of its ${header.folds} folds` : command)
  line('search', folder.path)
  return lines.join('\n')
}

/** A search for programs. */
export function searchDocument(search: FinishedSearch): object {
  const { status, folder, header, trials, best, figures, seconds } = search
  const summaries = trials.map(({ config: _, history: __, folds: ___, ...rest }) => rest)
  const [results, timings, lines] = (['results', 'timings', 'trials'] as const).map((name) => folder.file(name))
  const model = best && header.folds === 1 ? folder.file('model') : null
  return {
    folder: folder.path,
    status,
    files: {
      results,
      timings,
      trials: lines,
      journal: folder.file('journal'),
      model,
      refit: refitFile(search),
      figures,
    },
    ...header,
    counts: countStates(trials),
    best,
    reproduce: reproduction(search),
    trials: summaries,
    seconds,
  }
}

/** The model of the best trial, trained again on all training rows; null where there is none. */
function refitFile({ best, isRefit, status, folder }: FinishedSearch): string | null {
  return best && isRefit && status === 'completed' ? folder.file('refit') : null
}

function workerWords({ isQueued, header, trials }: FinishedSearch): string {
  const names = trials.map(({ worker }) => worker).filter((worker) => typeof worker === 'string')
  const count = isQueued ? new Set(names).size : header.workers
  return ` with ${count} ${count === 1 ? 'worker' : 'workers'}${isQueued ? ' of the queue' : ''}`
}

function stateWords({ trials, header }: FinishedSearch): string {
  const { completed, collapsed, failed, pruned } = countStates(trials)
  const states = `${completed} completed, ${collapsed} collapsed, ${failed} failed`
  return header.strategy === 'halving' ? `${states}, ${pruned} pruned` : states
}

/** The command that trains the best trial again, with folds their first one; null where there is none. */
function reproduction({ best, header, status }: FinishedSearch): string | null {
  if (!best || status === 'interrupted') return null
  const { limitTrain, limitTest, validFraction, splitSeed, stratified, folds, recipe } = header
  const division = { limitTrain, limitTest, validFraction, splitSeed, stratified, folds }
  const from = { ...division, data: recipe!, ...(header.family.name === 'js' && { family: header.family }) }
  try {
    return reproduceCommand(best.config, from, folds > 1 ? { fold: 0 } : {})
  } catch (error) {
    // a search may do more than `train` has flags for
    if (error instanceof NativeMlpError) return null
    throw error
  }
}
