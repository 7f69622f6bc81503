import { describe, expect, it } from 'vitest'
import type { LearningRateRange } from '../../../src/core/results.js'
import { learningRateFigure } from '../../../src/plot/index.js'
import { checkFigure, count, overlaps, texts } from '../drawing.js'

/** Falls to its least at 0.1 and diverges after. */
function range(changes: Partial<LearningRateRange> = {}): LearningRateRange {
  const steps = Array.from({ length: 70 }, (_, i) => {
    const learningRate = 1e-6 * 10 ** (i / 10)
    const smoothed = i < 50 ? 2.3 - 1.5 * (i / 50) ** 3 : 0.8 * 1.12 ** (i - 49)
    return { learningRate, loss: smoothed + 0.05 * ((i * 7) % 3), smoothed }
  })
  return { steps, diverged: true, steepest: 0.03, minimumTenth: 0.009, ...changes }
}

describe('learningRateFigure', () => {
  it('draws the loss over the learning rate, with both suggestions', async () => {
    const figure = await learningRateFigure(range(), { subtitle: 'toy' })
    await checkFigure(figure, 'Learning-rate range test')
    expect(texts(figure)).toEqual(
      expect.arrayContaining([
        ...['toy', 'learning rate, log scale', 'training loss', '1e−5', '0.001', '0.1'],
        ...['steepest descent: 0.03', 'a tenth of the least loss: 0.009'],
        ...[
          'Thin: the loss of each batch; thick: its moving average.',
          'The loss diverged at 7.94, where the test ended.',
        ],
      ]),
    )
    expect(count(figure, /stroke-dasharray="4,3"/)).toBe(2)
    expect(overlaps(figure)).toEqual([])
    expect((await learningRateFigure(range(), { subtitle: 'toy' })).svg).toBe(figure.svg)
  })

  it('draws a test without a suggestion, and one of less than a decade', async () => {
    const { steps } = range()
    const none = await learningRateFigure(
      { steps: steps.slice(20, 24), diverged: false, steepest: null, minimumTenth: null },
      { title: 'Flat' },
    )
    await checkFigure(none, 'Flat')
    expect(texts(none).join()).not.toMatch(/diverged|steepest/)
  })

  it.each<[string, LearningRateRange, string]>([
    ['one step', range({ steps: range().steps.slice(0, 1) }), 'range.steps: expected at least two'],
    ['a rate that falls', range({ steps: [...range().steps].reverse() }), 'range.steps[1]: expected'],
    ['a wrong suggestion', range({ steepest: -1 }), 'range.steepest: expected a number > 0 or null, got -1'],
    ['a wrong suggestion', range({ minimumTenth: Number.NaN }), 'range.minimumTenth: expected'],
    ['no test', null as unknown as LearningRateRange, 'range: expected a range test, got null'],
  ])('refuses %s', async (_, given, message) => {
    await expect(learningRateFigure(given)).rejects.toThrow(message)
  })
})
