import { PassThrough } from 'node:stream'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { showProgress, showSearchProgress } from '../../src/progress/index.js'
import type { SearchCallbacks, StudyHeader } from '../../src/search/study/study.js'
import type { FitCallbacks } from '../../src/train/callbacks.js'

const header = { size: 2, selectBy: 'valid', metric: 'accuracy' } as StudyHeader
const about = { trial: 0, params: { learningRate: 0.1 }, fold: 0, worker: 'afar', weight: 0.5 }
const numbers = [
  1.5,
  -1,
  Number.NaN,
  1e300,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  '7',
  null,
  undefined,
  {},
]

function terminal(isTTY: boolean) {
  return Object.assign(new PassThrough(), { isTTY, columns: 120, rows: 30 })
}

function warningsOf() {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  onTestFinished(() => warnings.mockRestore())
  return warnings
}

describe.each([true, false])('a display never ends what it shows, on a terminal: %s', (isTTY) => {
  it.each(numbers)('with %s in every place of a number', (number) => {
    warningsOf()
    const stream = terminal(isTTY)
    const { callbacks, log, stop } = showSearchProgress({ stream })
    const on = callbacks as Required<{ [K in keyof SearchCallbacks]: (event: unknown) => void }>
    const entry = { step: number, epoch: number, valid: { loss: number, accuracy: number } }
    on.onStart(header)
    on.onTrialStart({ ...about, fold: number, weight: number, share: number })
    on.onTrialProgress({ ...about, entry, share: number })
    on.onTrialPause({ trial: 0, rung: number })
    for (const state of ['completed', 'failed', 'pruned']) {
      const result = {
        ...about,
        state,
        ...entry,
        rung: number,
        steps: number,
        timing: { total: number },
        reason: number,
      }
      on.onTrialEnd({ result, isBest: true, weight: number, isEarlier: false })
    }
    log('a line')
    stop()
    expect(String(stream.read())).toContain('a line')
  })

  it('with a stream that fails: it warns once', () => {
    const warnings = warningsOf()
    const stream = Object.assign(terminal(isTTY), {
      write: () => {
        throw new Error('no space left')
      },
    })
    const search = showSearchProgress({ stream })
    search.callbacks.onStart?.(header)
    search.callbacks.onTrialStart?.(about)
    search.log('a line')
    search.log('another line')
    search.stop()
    expect(warnings.mock.calls).toEqual([['the progress cannot be shown: no space left', 'NativeMlpWarning']])
  })

  it('with a training run of strange numbers', () => {
    warningsOf()
    const { callbacks, stop } = showProgress({ stream: terminal(isTTY) })
    const on = callbacks as Required<{ [K in keyof FitCallbacks]: (event: unknown) => void }>
    for (const number of numbers) {
      on.onStart({ totalSteps: number, step: number })
      on.onStep({ epoch: number, rows: number, loss: number, correct: number })
      on.onEvaluation({ entry: { step: number, epoch: 0, valid: { loss: number, accuracy: number } }, isBest: true })
    }
    stop()
  })
})

it('a bar has ten cells, whatever the share', () => {
  for (const [share, bar] of [
    [1.5, '██████████ 100 %'],
    [-1, '░░░░░░░░░░ 0 %'],
    [Number.NaN, '░░░░░░░░░░ 0 %'],
  ] as const) {
    const stream = terminal(true)
    const { callbacks, stop } = showSearchProgress({ stream })
    callbacks.onStart?.(header)
    callbacks.onTrialProgress?.({ ...about, entry: { step: 1, epoch: 0 }, share })
    stop()
    expect(String(stream.read())).toContain(bar)
  }
})
