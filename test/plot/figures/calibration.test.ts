import { describe, expect, it } from 'vitest'
import { calibrationFigure } from '../../../src/plot/index.js'
import { reliabilityBins } from '../../../src/train/metrics/calibration.js'
import { checkFigure, count, overlaps, texts } from '../drawing.js'

/** Rows of every confidence above a half, right less often than they say. */
const confidences = Array.from({ length: 1000 }, (_, i) => 0.5 + i / 2000)
const isCorrect = confidences.map((confidence, i) => (((i * 37) % 100) / 100 < confidence - 0.1 ? 1 : 0))

describe('calibrationFigure', () => {
  it('draws a point for each bin with rows, and the expected calibration error', async () => {
    const figure = await calibrationFigure(reliabilityBins(confidences, isCorrect), { subtitle: 'test rows' })
    await checkFigure(figure, 'Calibration')
    expect(count(figure, /<circle/)).toBe(8)
    expect(texts(figure).join(' ')).toMatch(/Expected calibration error 0\.09\d\d: .* over 1,000 rows in 15 bins\./)
    expect(texts(figure)).toEqual(
      expect.arrayContaining(['test rows', 'accuracy', 'rows', 'confidence (probability of the predicted class)']),
    )
    expect(overlaps(figure)).toEqual([])
  })

  it('draws a single row', async () => {
    const figure = await calibrationFigure(reliabilityBins([1], [1], 1))
    await checkFigure(figure, 'Calibration')
    expect(texts(figure).join(' ')).toContain('error 0.0000: the mean distance from the diagonal over 1 row in 1 bin.')
  })

  it('names what is wrong', async () => {
    await expect(calibrationFigure(reliabilityBins([], []))).rejects.toThrow('bins: expected at least one with a row')
    const [bin] = reliabilityBins([1], [1], 1)
    await expect(calibrationFigure([{ ...bin, count: 0.5 }])).rejects.toThrow('bins[0].count: expected an integer')
    await expect(calibrationFigure([{ ...bin, accuracy: null }])).rejects.toThrow('bins[0].accuracy: expected')
    await expect(calibrationFigure(null as never)).rejects.toThrow('bins: expected an array')
  })
})
