import { printable } from '../core/errors.js'
import type { TextStream } from '../core/platform.js'
import type { TrialEndEvent } from '../search/study/study.js'
import { Display } from './display.js'
import type { SearchProgress } from './search-state.js'
import { SearchState } from './search-state.js'
import { paramWords, reasonWords, resultWords, stateWords } from './search-words.js'

/** A line for each finished trial, for logs and pipes; a single one for those finished before a study was resumed. */
export function searchLines(stream: TextStream): SearchProgress {
  const write = (line: string) => void stream.write(`${printable(line)}\n`)
  let isWritten = false
  const writeEarlier = () => {
    if (isWritten || state.earlier === 0) return
    isWritten = true
    write(resumedLine(state))
  }
  const state = new SearchState((ended) => {
    if (ended?.isEarlier) return
    writeEarlier()
    if (ended) write(trialLine(ended, state))
  })
  const display = new Display()
  return {
    callbacks: display.callbacks(state.callbacks),
    log: display.guarded(write),
    stop: display.guarded(writeEarlier),
  }
}

function resumedLine({ earlier, header, best }: SearchState): string {
  const soFar = best
    ? `best trial ${best.trial}: ${paramWords(best.params)}: ${resultWords(best)}`
    : 'no trial completed'
  return `resumed: ${earlier} of ${header!.size} trials finished before; ${soFar}`
}

function trialLine({ result, isBest }: TrialEndEvent, state: SearchState): string {
  const { trial, params } = result
  const outcome = [reasonWords(result), resultWords(result)].filter((words) => words).join('; ')
  return `trial ${trial}: ${paramWords(params)}: ${outcome}; ${stateWords(state)}${isBest ? ' *' : ''}`
}
