import { createLogUpdate } from 'log-update'
import type { TextStream } from '../core/platform.js'
import { nowMs } from '../core/timers.js'
import type { EvaluationEvent, FitCallbacks, StartEvent } from '../train/callbacks.js'
import { Display } from './display.js'
import { RunRates } from './rates.js'
import { barWords, clock, count, percent, setWords } from './words.js'

/** Milliseconds between two updates. */
const INTERVAL = 100

/** A bar on a terminal: steps, loss and accuracy of this epoch's batches, the last validation, samples a second, time left. */
export function progressBar(stream: TextStream): { callbacks: FitCallbacks; stop: () => void } {
  const columns = stream.columns ?? 80
  const unit = columns < 96 ? '/s' : ' samples/s'
  const size = Math.max(6, Math.min(24, columns - 88))
  const line = createLogUpdate(stream as NodeJS.WriteStream, { showCursor: true }) // it uses only the members of TextStream
  const show = (steps: number, words: string) => {
    line(`${barWords(steps / total, size)} ${steps}/${total} | ${words}`.slice(0, columns))
  }
  let rates: RunRates | undefined
  let total = 0
  let evaluated = ''
  let drawn = 0
  const draw = () => {
    drawn = nowMs()
    const { steps, loss, accuracy, samplesPerSecond, secondsLeft } = rates!.now()
    const right = accuracy > 0 ? ` acc ${percent(accuracy)}` : '' // 0 for a regression
    const training = `loss ${loss.toFixed(4)}${right}`
    const rate = `${count(samplesPerSecond)}${unit}`
    show(steps, `${clock(secondsLeft)} left | ${training} | ${evaluated}${rate}`)
  }
  // a resumed run may start, and even end, with an evaluation, before any step
  const drawIfBegun = () => {
    if (drawn > 0) draw()
  }
  const callbacks: FitCallbacks = {
    onStart: (event: StartEvent) => {
      rates = new RunRates(event)
      total = event.totalSteps
      show(event.step, '? left | starting')
    },
    onStep: (event) => {
      rates!.add(event)
      if (nowMs() - drawn >= INTERVAL) draw()
    },
    onEvaluation: ({ entry }: EvaluationEvent) => {
      if (entry.valid) evaluated = `${setWords('valid', entry.valid).replace(/ \(.*/, '')} | `
      drawIfBegun()
    },
    onEnd: () => {
      drawIfBegun()
      line.done()
    },
  }
  const display = new Display()
  return { callbacks: display.callbacks(callbacks), stop: display.guarded(() => line.done()) }
}
