import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { MLP } from '../../src/model/mlp.js'
import { showProgress } from '../../src/progress/index.js'
import { RunRates } from '../../src/progress/rates.js'
import { clock, count, entryWords, percent } from '../../src/progress/words.js'
import { fit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'
import { pausedAt } from '../train/paused-at.js'
import { clusters } from '../train/toy-data.js'

/** A stream that records what is written, optionally as a terminal. */
function paper(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, rows: 30 })
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text }
}

const { train, valid } = clusters(200).split({ valid: 0.25 })
const optimizer = sgd({ learningRate: 0.1 })
const newModel = () => new MLP({ layers: [4, 8, 3] })

describe('showProgress', () => {
  it('writes one line an evaluation where there is no terminal', async () => {
    const { stream, text } = paper(false)
    const { callbacks, stop } = showProgress({ stream })
    const { history, best } = await fit(newModel(), train, { valid, optimizer, epochs: 3, batchSize: 50, callbacks })
    stop()
    const lines = text().trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    lines.forEach((line, i) => {
      expect(line).toMatch(
        /^step +\d+ of 9: valid \d+\.\d\d % \(loss \d\.\d{4}\)(, best so far)?; [\d,]+ samples\/s, \d+ s left$/,
      )
      expect(line).toContain(`step ${history[i].step} of 9: ${entryWords(history[i])}`)
    })
    expect(lines.findLastIndex((line) => line.includes('best so far'))).toBe(history.indexOf(best!))
  })

  it('draws a bar on a terminal, never wider than it, and leaves it whole', async () => {
    const { stream, text } = paper(true)
    const { callbacks, stop } = showProgress({ stream })
    const { history } = await fit(newModel(), train, { valid, optimizer, epochs: 3, batchSize: 50, callbacks })
    const drawn = text()
    expect(drawn).toContain('░')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the bar is drawn with them
    const pictures = drawn.split(/\u001b(?:\[[?0-9;]*[A-Za-z]|[78])|\n/).filter((part) => part.trim() !== '')
    for (const picture of pictures) expect(picture.length).toBeLessThanOrEqual(100)
    const last = percent(history.at(-1)!.valid!.accuracy)
    expect(pictures.at(-1)).toMatch(
      /^█+ 9\/9 \| 0 s left \| loss \d\.\d{4} acc \d+\.\d\d % \| valid .+ \| [\d,]+ samples\/s$/,
    )
    expect(pictures.at(-1)).toContain(`valid ${last}`)
    stop()
    expect(text()).toBe(drawn)
  })

  it('takes the bar off when a run ends with an error', async () => {
    const { stream, text } = paper(true)
    const { callbacks, stop } = showProgress({ stream })
    const abort = new AbortController()
    const onStep: typeof callbacks.onStep = (event) => {
      callbacks.onStep?.(event)
      abort.abort()
    }
    const options = { optimizer, epochs: 3, callbacks: { ...callbacks, onStep }, signal: abort.signal }
    await expect(fit(newModel(), train, options).finally(stop)).rejects.toMatchObject({ code: 'ABORTED' })
    // the next line of the program is not written over the bar
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the bar is drawn with them
    expect(text().replace(/\u001b\[\?2026[hl]/g, '')).toMatch(/\n$/)
  })
})

it('RunRates adds up an epoch, and knows speed and time left from the whole run', () => {
  let now = 500
  const rates = new RunRates({ totalSteps: 8 }, () => now)
  rates.add({ step: 0, epoch: 0, rows: 10, loss: 9, correct: 1 })
  rates.add({ step: 1, epoch: 1, rows: 30, loss: 2, correct: 15 })
  rates.add({ step: 2, epoch: 1, rows: 10, loss: 1, correct: 9 })
  now += 3000
  expect(rates.now()).toMatchObject({ steps: 3, loss: 70 / 40, accuracy: 24 / 40, samplesPerSecond: 50 / 3 })
  expect(rates.now().secondsLeft).toBeCloseTo(5, 12)
})

it('RunRates of a resumed run counts its steps from there, and its speed from now', () => {
  let now = 500
  const rates = new RunRates({ totalSteps: 100, step: 90 }, () => now)
  rates.add({ step: 90, epoch: 9, rows: 10, loss: 2, correct: 5 })
  rates.add({ step: 91, epoch: 9, rows: 10, loss: 4, correct: 6 })
  now += 1000
  expect(rates.now()).toEqual({ steps: 92, loss: 3, accuracy: 0.55, samplesPerSecond: 20, secondsLeft: 4 })
})

it.each([true, false])('a resumed run is shown when it begins with an evaluation (terminal: %s)', async (isTTY) => {
  const options = { optimizer, valid, epochs: 3, batchSize: 50, evaluateEvery: 1 }
  const checkpoint = await pausedAt(5, newModel(), train, options)
  // as a signal leaves it that fires in the evaluation
  const resume = { ...checkpoint, history: checkpoint.history.slice(0, -1), best: 0 }
  const { stream, text } = paper(isTTY)
  const { callbacks, stop } = showProgress({ stream })
  await fit(newModel(), train, { ...options, resume, callbacks }).finally(stop)
  expect(text()).toContain('valid')
  expect(text()).not.toMatch(/NaN|Infinity/)
})

describe('words', () => {
  it.each([
    [0.4, '0 s'],
    [59.4, '59 s'],
    [59.6, '1:00'],
    [75, '1:15'],
    [3599.6, '1:00:00'],
    [3700, '1:01:40'],
    [-1, '0 s'],
  ])('clock(%d) is %s', (seconds, text) => {
    expect(clock(seconds)).toBe(text)
  })

  it('show shares, counts and evaluations', () => {
    expect(percent(0.97214)).toBe('97.21 %')
    expect(count(41237.8)).toBe('41,238')
    const regression = { step: 3, epoch: 0, valid: { loss: 0.25, accuracy: Number.NaN } }
    expect(entryWords(regression)).toBe('valid loss 0.2500')
    const sets = { train: { loss: 0.1, accuracy: 1 }, test: { loss: 2, accuracy: 0.125 } }
    expect(entryWords({ step: 0, epoch: 0, ...sets })).toBe('train 100.00 % (loss 0.1000), test 12.50 % (loss 2.0000)')
  })
})

it('takes a stream whose size is given in numbers only', () => {
  let deep: unknown = []
  for (let i = 0; i < 20_000; i++) deep = [deep]
  for (const name of ['columns', 'rows']) {
    const stream = { isTTY: true, write: () => true, [name]: deep }
    expect(() => showProgress({ stream })).toThrow(`stream.${name}: expected a number`)
  }
})
