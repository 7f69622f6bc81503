import { describe, expect, it } from 'vitest'
import type { TrialSummary } from '../../../src/core/results.js'
import { searchHeatmapFigure } from '../../../src/plot/index.js'
import { checkFigure, count, texts } from '../drawing.js'

const RATES = [0.075, 0.001, 0.005, 0.01, 0.05]

/** The homework's 60 points; the best at 0.005, 0.05, 512; trials at the highest rate collapse, one fails. */
const TRIALS: TrialSummary[] = [128, 256, 512].flatMap((hidden, h) =>
  RATES.flatMap((learningRate, r) =>
    [0.005, 0.01, 0.05, 0.1].map((l2, l): TrialSummary => {
      const trial = h * 20 + r * 4 + l
      const params = { learningRate, l2, hidden }
      if (r === 0)
        return {
          trial,
          params,
          state: 'collapsed',
          reason: 'dead',
          valid: l === 0 ? { loss: 2.3, accuracy: 0.9999 } : undefined,
        }
      if (trial === 37) return { trial, params, state: 'failed', reason: 'not finite' }
      const best = hidden === 512 && learningRate === 0.005 && l2 === 0.05
      const accuracy = best ? 0.9779 : 0.9 + trial / 1000
      return { trial, params, state: 'completed', valid: { loss: 1 - accuracy, accuracy } }
    }),
  ),
)

describe('searchHeatmapFigure', () => {
  it('draws a panel for each hidden size with the value of every cell', async () => {
    const figure = await searchHeatmapFigure(TRIALS)
    await checkFigure(figure, 'Validation accuracy by learning rate and L2')
    const all = texts(figure)
    expect(all.filter((text) => text.startsWith('hidden units'))).toEqual([
      'hidden units 128',
      'hidden units 256',
      'hidden units 512',
    ])
    expect(all.filter((text) => /^0\.9\d{3}$/.test(text)).length).toBeGreaterThanOrEqual(47 + 3)
    expect(all).toContain('best validation accuracy 0.9779: learning rate 0.005, L2 0.05, hidden units 512')
    const ticks = all.filter((text) => RATES.map(String).includes(text))
    expect(ticks.filter((text) => text === '0.075')).toHaveLength(3)
    expect(ticks.indexOf('0.001')).toBeLessThan(ticks.indexOf('0.075'))
  })

  it('marks collapsed and failed trials, which never win, and outlines the best', async () => {
    const figure = await searchHeatmapFigure(TRIALS)
    const all = texts(figure)
    expect(all.filter((text) => text === 'collapsed')).toHaveLength(9)
    expect(all.filter((text) => text === '0.9999')).toHaveLength(3)
    expect(all.filter((text) => text === 'failed')).toHaveLength(1)
    expect(all).toContain('Outlined: the best; hatched: collapsed (12); crossed out: failed (1).')
    expect(count(figure, /stroke-width="3"/)).toBe(1)
  })

  it('takes other keys, one panel, losses and words', async () => {
    const trials = TRIALS.map((trial, i) => ({
      ...trial,
      params: { ...trial.params, activation: i % 2 ? 'relu' : 'tanh', bias: i % 3 === 0 },
    }))
    const figure = await searchHeatmapFigure(trials, {
      x: 'activation',
      y: 'bias',
      facet: null,
      metric: 'valid.loss',
      title: 'Kinds',
    })
    await checkFigure(figure, 'Kinds')
    expect(texts(figure)).toEqual(expect.arrayContaining(['relu', 'tanh', 'true', 'false', 'validation loss']))
    expect(texts(figure).join(' ')).toMatch(
      /best validation loss 0\.0221: .*each cell shows the best of up to \d+ trials/,
    )
  })

  it('draws one trial, and a search in which none completed', async () => {
    await checkFigure(await searchHeatmapFigure([TRIALS[5]]), 'Validation accuracy by learning rate and L2')
    const dead = await searchHeatmapFigure(TRIALS.filter((trial) => trial.state === 'collapsed'))
    await checkFigure(dead, 'Validation accuracy by learning rate and L2')
    expect(texts(dead)).toContain('no trial completed')
    const missing = await searchHeatmapFigure(TRIALS.slice(4, 8), { metric: 'test.accuracy' })
    expect(texts(missing).filter((text) => text === 'no value')).toHaveLength(4)
  })

  it('is the same for any order of the trials', async () => {
    const forth = await searchHeatmapFigure(TRIALS)
    expect((await searchHeatmapFigure(TRIALS)).svg).toBe(forth.svg)
    expect(texts(await searchHeatmapFigure([...TRIALS].reverse())).sort()).toEqual(texts(forth).sort())
  })

  it('names what is wrong', async () => {
    await expect(searchHeatmapFigure([])).rejects.toThrow('trials: expected at least one trial')
    await expect(searchHeatmapFigure(TRIALS, { x: 'lr' })).rejects.toThrow(
      "options.x: expected a parameter of every trial (trials[0] has 'learningRate', 'l2', 'hidden'), got \"lr\"",
    )
    await expect(searchHeatmapFigure(TRIALS, { metric: 'accuracy' as never })).rejects.toThrow('options.metric')
    await expect(searchHeatmapFigure(TRIALS, { metrik: 1 } as never)).rejects.toThrow("did you mean 'metric'")
  })
})
