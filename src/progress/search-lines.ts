import type { TextStream } from '../core/platform.js'
import type { TrialEndEvent } from '../search/study/study.js'
import type { SearchProgress } from './search-progress.js'
import { SearchState } from './search-state.js'
import { paramWords, reasonWords, resultWords, stateWords } from './search-words.js'

/** A line for each trial that has finished, for logs and pipes; one for all that had finished before a study was resumed. */
export function searchLines(stream: TextStream): SearchProgress {
  const write = (line: string) => void stream.write(`${line}\n`)
  let isTold = false
  const tellEarlier = () => {
    if (isTold || state.earlier === 0) return
    isTold = true
    write(resumedLine(state))
  }
  const state = new SearchState((ended) => {
    if (ended?.isEarlier) return
    tellEarlier()
    if (ended) write(trialLine(ended, state))
  })
  return { callbacks: state.callbacks, say: write, stop: tellEarlier }
}

function resumedLine({ earlier, header, best }: SearchState): string {
  const standing = best
    ? `best trial ${best.trial}: ${paramWords(best.params)}: ${resultWords(best)}`
    : 'none completed'
  return `resumed: ${earlier} of ${header!.size} trials had finished; ${standing}`
}

function trialLine({ result, isBest }: TrialEndEvent, state: SearchState): string {
  const { trial, params } = result
  const outcome = [reasonWords(result), resultWords(result)].filter((words) => words).join('; ')
  return `trial ${trial}: ${paramWords(params)}: ${outcome}; ${stateWords(state)}${isBest ? ' *' : ''}`
}
