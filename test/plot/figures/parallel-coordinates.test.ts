import { describe, expect, it } from 'vitest'
import { parameterAxis } from '../../../src/plot/data/parameter-axis.js'
import { type DrawnTrial, parallelCoordinatesFigure } from '../../../src/plot/index.js'
import { crossings, withoutOverlap } from '../../../src/plot/marks/parallel-layout.js'
import { checkFigure, count, overlaps, texts } from '../drawing.js'
import { GRID_TRIALS, randomTrials } from '../trials.js'

const TITLE = 'Validation accuracy by parameters'

describe('parallelCoordinatesFigure', () => {
  it('has an axis for each varied parameter, the metric last, and names the best trial and its values', async () => {
    const figure = await parallelCoordinatesFigure(GRID_TRIALS)
    await checkFigure(figure, TITLE)
    const all = texts(figure)
    for (const label of ['learning rate', 'L2', 'hidden units', 'validation accuracy']) expect(all).toContain(label)
    expect(all).toContain('best validation accuracy 0.9779: trial 50: learning rate 0.005, L2 0.05, hidden units 512')
    expect(all).toContain('0.9779 (trial 50)')
    const bold = [...figure.svg.matchAll(/fill="#d55e00"[^>]*font-weight="bold">([^<]*)</g)].map(([, text]) => text)
    expect(bold).toEqual(['0.005', '0.05', '512', '0.9779 (trial 50)'])
    expect(count(figure, /<g aria-label="axis">/)).toBe(3)
    expect(overlaps(figure)).toEqual([])
  })

  it('draws trials that do not compete grey and ends them below the last axis', async () => {
    const figure = await parallelCoordinatesFigure(GRID_TRIALS)
    expect(texts(figure)).toEqual(expect.arrayContaining(['collapsed (12)', 'failed']))
    expect(texts(figure).join(' ')).toContain(
      '60 trials, darker is better; thick: the best; dashed: collapsed (12); dotted: failed (1)',
    )
    expect(count(figure, /stroke="#8c8c8c"[^>]*stroke-dasharray="6,3"/)).toBe(12)
    expect(count(figure, /stroke="#8c8c8c"[^>]*stroke-dasharray="1.5,3"/)).toBe(1)
    expect(count(figure, /stroke="#d55e00" stroke-width="3"/)).toBe(1)
    const pruned = GRID_TRIALS.map((trial) => (trial.trial < 5 ? { ...trial, state: 'pruned' as const } : trial))
    expect(texts(await parallelCoordinatesFigure(pruned))).toEqual(expect.arrayContaining(['pruned (5)']))
  })

  it.each([1, 2, 40, 500])('draws %d random trials with conditional parameters, words and truth values', async (n) => {
    const figure = await parallelCoordinatesFigure(randomTrials(n))
    await checkFigure(figure, TITLE)
    expect(overlaps(figure)).toEqual([])
    expect(count(figure, /<g aria-label="trials"/)).toBe(1)
    if (n > 2) {
      expect(texts(figure)).toEqual(expect.arrayContaining(['–', 'relu', 'true', '0', 'hidden2']))
      expect(texts(figure).join(' ')).toContain('at –: without this parameter')
    }
    const [, opacity] = figure.svg.match(/stroke-opacity="([\d.]+)" stroke-width="1(\.\d)?"/) ?? [0, '0.9']
    if (n === 500) expect(Number(opacity)).toBeLessThan(0.3)
  })

  it('takes a loss, for which lower is better, and chosen parameters in their order', async () => {
    const options = { metric: 'valid.loss', parameters: ['hidden', 'learningRate'], title: 'Mine' } as const
    const figure = await parallelCoordinatesFigure(GRID_TRIALS, options)
    await checkFigure(figure, 'Mine')
    const all = texts(figure)
    expect(all.indexOf('hidden units')).toBeLessThan(all.indexOf('learning rate'))
    expect(all).not.toContain('L2')
    expect(all).toContain('best validation loss 0.0221: trial 50: hidden units 512, learning rate 0.005')
    expect(all.join(' ')).toContain('darker is better (a lower loss)')
  })

  it('draws a search in which no trial completed, one without the metric, and one in which nothing varied', async () => {
    const dead = GRID_TRIALS.filter((trial) => trial.state === 'collapsed')
    const figure = await parallelCoordinatesFigure(dead)
    await checkFigure(figure, TITLE)
    expect(texts(figure)).toContain('no trial completed')
    const missing = await parallelCoordinatesFigure(GRID_TRIALS, { metric: 'test.accuracy' })
    expect(texts(missing)).toContain('no value (47)')
    const same = GRID_TRIALS.slice(4, 6).map((trial) => ({ ...trial, params: { l2: 0.1 } }))
    expect(texts(await parallelCoordinatesFigure(same))).toContain('L2')
  })

  it('stays whole with hostile names and extreme values', async () => {
    const values = [1e-30, -1e30, 0, 5e-324, 3.4e38, Number.POSITIVE_INFINITY]
    const trials = values.map((value, trial): DrawnTrial => {
      const params = {
        '<b>"&\u0000': value,
        wide: 'x'.repeat(300),
        l2: trial % 2 ? `w${trial}` : trial,
        t: 1e-9 * trial,
      }
      return { trial, params, state: 'completed', valid: { loss: 1, accuracy: 0.5 } }
    })
    const figure = await parallelCoordinatesFigure(trials, { parameters: Object.keys(trials[0].params) })
    await figure.png(1)
    expect(figure.svg).not.toMatch(/NaN/)
    expect(overlaps(figure)).toEqual([])
  })

  it('is the same for any order of the trials', async () => {
    const { svg } = await parallelCoordinatesFigure(randomTrials(30))
    expect((await parallelCoordinatesFigure(randomTrials(30).reverse())).svg).toBe(svg)
  })

  it('names what is wrong', async () => {
    const draw = (trials: unknown, options?: unknown) =>
      expect(parallelCoordinatesFigure(trials as DrawnTrial[], options as object)).rejects
    await draw([]).toThrow('trials: expected at least one trial')
    await draw([{ ...GRID_TRIALS[0], params: {} }]).toThrow('trials: expected at least one trial with a parameter')
    await draw([{ ...GRID_TRIALS[0], state: 'odd' }]).toThrow('trials[0].state')
    await draw([{ ...GRID_TRIALS[0], params: null }]).toThrow('trials[0].params')
    await draw(GRID_TRIALS, { parameters: ['lr'] }).toThrow(
      'options.parameters: expected a list of different parameters',
    )
    await draw(GRID_TRIALS, { metric: 'accuracy' }).toThrow('options.metric')
    await draw(GRID_TRIALS, { metrik: 1 }).toThrow("did you mean 'metric'")
    await draw(GRID_TRIALS, { height: 3 }).toThrow('options.height')
  })
})

describe('parameterAxis', () => {
  const axis = (values: unknown[], room = 10) =>
    parameterAxis(
      values.map(
        (value, trial) => ({ trial, params: value === undefined ? {} : { p: value }, state: 'failed' }) as DrawnTrial,
      ),
      'p',
      room,
    )

  it('is logarithmic for positive numbers over more than a decade', () => {
    expect(axis([1, 10]).kind).toBe('linear')
    expect(axis([0.001, 0.1, 0.01]).kind).toBe('log')
    expect(axis([0.001, 0.1, 0.01]).place(0.01)).toEqual({ share: expect.closeTo(0.5, 12) })
    expect(axis([-1, 100]).kind).toBe('linear')
    expect(axis([128, 256, 512]).place(256)).toEqual({ share: expect.closeTo(1 / 3, 12) })
  })

  it('puts a zero of a logarithmic axis and what is missing into slots below', () => {
    const both = axis([0, 1e-4, 1e-2, undefined])
    expect(both.slots).toEqual(['0', '–'])
    expect([both.place(0), both.place(undefined)]).toEqual([{ slot: 0 }, { slot: 1 }])
    expect(axis([0, 1, 5]).slots).toEqual([])
  })

  it('spaces words evenly, and thins their labels where they are many', () => {
    expect(['a', 'b', 'c'].map((value) => axis(['a', 'b', 'c']).place(value))).toEqual(
      [1, 0.5, 0].map((share) => ({ share })),
    )
    expect(axis([true, false]).ticks.map(({ label }) => label)).toEqual(['true', 'false'])
    expect(axis([64, '64-32']).kind).toBe('words')
    expect(axis(Array.from({ length: 60 }, (_, i) => `w${i}`)).ticks.length).toBeLessThanOrEqual(10)
  })
})

it('crossings spread trials that share a value, in their order from the bottom', () => {
  const trials = GRID_TRIALS.slice(0, 6)
  const place = ({ trial }: DrawnTrial) => ({ share: trial < 4 ? 0 : 1 })
  const { ys, bands } = crossings(trials, { discrete: true, place }, { top: 0, bottom: 100 })
  expect(ys.slice(0, 4)).toEqual([...ys.slice(0, 4)].sort((a, b) => b - a))
  expect(new Set(ys).size).toBe(6)
  for (const [i, y] of ys.entries())
    expect(Math.abs(y - (i < 4 ? 100 : 0))).toBeLessThanOrEqual(bands.get(i < 4 ? 100 : 0)!)
  expect(crossings(trials, { discrete: false, place }, { top: 0, bottom: 100 }).ys).toEqual([100, 100, 100, 100, 0, 0])
})

it('withoutOverlap keeps a distance', () => {
  const at = (ys: number[]) => ys.map((y) => ({ y }))
  expect(withoutOverlap(at([0, 5, 20, 33, 60]), [62], 14)).toEqual(at([0, 20]))
})
