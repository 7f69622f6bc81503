import { SingleBar } from 'cli-progress'
import type { TextStream } from '../core/platform.js'
import { nowMs } from '../core/timers.js'
import type { EvaluationEvent, FitCallbacks, StartEvent } from '../train/callbacks.js'
import { Display } from './display.js'
import { RunRates } from './rates.js'
import { clock, count, percent, setWords } from './words.js'

/** Milliseconds between two updates. */
const INTERVAL = 100

/** A bar on a terminal: steps, loss and accuracy of this epoch's batches, the last validation, samples a second, time left. */
export function progressBar(stream: TextStream): { callbacks: FitCallbacks; stop: () => void } {
  const columns = stream.columns ?? 80
  const unit = columns < 96 ? '/s' : ' samples/s'
  const bar = new SingleBar({
    stream: stream as NodeJS.WriteStream, // it uses only the members of TextStream
    format: '{bar} {value}/{total} | {left} left | {training} | {evaluated}{rate}',
    barsize: Math.max(6, Math.min(24, columns - 88)),
    barCompleteChar: '█',
    barIncompleteChar: '░',
    linewrap: true, // cuts the line at the edge without changing the terminal's mode
  })
  let rates: RunRates | undefined
  let evaluated = ''
  let drawn = 0
  const draw = () => {
    drawn = nowMs()
    const { steps, loss, accuracy, samplesPerSecond, secondsLeft } = rates!.now()
    const right = accuracy > 0 ? ` acc ${percent(accuracy)}` : '' // 0 for a regression
    const training = `loss ${loss.toFixed(4)}${right}`
    const rate = `${count(samplesPerSecond)}${unit}`
    bar.update(steps, { training, evaluated, rate, left: clock(secondsLeft) })
  }
  // a resumed run may start, and even end, with an evaluation, before any step
  const drawIfBegun = () => {
    if (drawn > 0) draw()
  }
  const callbacks: FitCallbacks = {
    onStart: (event: StartEvent) => {
      rates = new RunRates(event)
      bar.start(event.totalSteps, event.step, { training: 'starting', evaluated: '', rate: '', left: '?' })
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
      bar.stop()
    },
  }
  const display = new Display()
  return { callbacks: display.callbacks(callbacks), stop: display.guarded(() => bar.stop()) }
}
