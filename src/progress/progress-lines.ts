import type { TextStream } from '../core/platform.js'
import type { FitCallbacks, StartEvent } from '../train/callbacks.js'
import { Display } from './display.js'
import { RunRates } from './rates.js'
import { clock, count, entryWords } from './words.js'

/** A line for each evaluation, for logs and pipes. */
export function progressLines(stream: TextStream): { callbacks: FitCallbacks; stop: () => void } {
  let rates: RunRates | undefined
  let started: StartEvent | undefined
  const callbacks: FitCallbacks = {
    onStart: (event) => {
      started = event
      rates = new RunRates(event)
    },
    onStep: (event) => rates!.add(event),
    onEvaluation: ({ entry, isBest }) => {
      const { samplesPerSecond, secondsLeft } = rates!.now()
      const { totalSteps, step: before } = started!
      const step = `step ${String(entry.step).padStart(String(totalSteps).length)} of ${totalSteps}`
      // no rate after the first step, which is not representative, or when a resumed run starts with an evaluation
      const speed = entry.step <= before ? '' : `; ${count(samplesPerSecond)} samples/s, ${clock(secondsLeft)} left`
      stream.write(`${step}: ${entryWords(entry)}${isBest ? ', best so far' : ''}${speed}\n`)
    },
  }
  return { callbacks: new Display().callbacks(callbacks), stop: () => {} }
}
