import type { TextStream } from '../core/platform.js'
import type { TrialEndEvent } from '../search/study.js'
import type { SearchProgress } from './search-progress.js'
import { SearchState } from './search-state.js'
import { paramWords, resultWords, stateWords } from './search-words.js'

/** A line for each trial that has finished, for logs and pipes. */
export function searchLines(stream: TextStream): SearchProgress {
  const write = (line: string) => void stream.write(`${line}\n`)
  const state = new SearchState((ended) => {
    if (ended) write(trialLine(ended, state))
  })
  return { callbacks: state.callbacks, say: write, stop: () => {} }
}

function trialLine({ result, isBest }: TrialEndEvent, state: SearchState): string {
  const { trial, params, reason } = result
  const outcome = [reason, resultWords(result)].filter((words) => words).join('; ')
  return `trial ${trial}: ${paramWords(params)}: ${outcome}; ${stateWords(state)}${isBest ? ' *' : ''}`
}
