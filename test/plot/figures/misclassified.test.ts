import { describe, expect, it } from 'vitest'
import { misclassifiedFigure } from '../../../src/plot/index.js'
import { checkFigure, innerImages, texts } from '../drawing.js'

/** Row r is black but for pixel r, which is white. */
const ROWS = 6
const images = Uint8Array.from({ length: ROWS * 6 }, (_, i) => (Math.floor(i / 6) === i % 6 ? 255 : 0))
const labels = [0, 1, 2, 3, 4, 5]
const predictions = [0, 9, 2, 8, 4, 7]
const probabilities = [1, 0.5, 1, 0.9, 1, 0.7]
const imageShape = [2, 3] as const

function brightPixel(image: { data: Buffer }, bright: number): number[] {
  return [0, 1, 2, 3, 4, 5].filter((i) => image.data[4 * i] === bright)
}

describe('misclassifiedFigure', () => {
  it('shows the misclassified rows, the most confident errors first, as ink on paper', async () => {
    const figure = await misclassifiedFigure({ images, labels, predictions, probabilities }, { imageShape })
    await checkFigure(figure, 'Misclassified rows')
    const all = texts(figure)
    expect(all.filter((text) => /^\d → \d$/.test(text))).toEqual(['3 → 8', '5 → 7', '1 → 9'])
    expect(all.filter((text) => text.startsWith('p = '))).toEqual(['p = 0.900', 'p = 0.700', 'p = 0.500'])
    expect(all).toContain('3 of 6 rows misclassified')
    expect(innerImages(figure).map((image) => brightPixel(image, 0))).toEqual([[3], [5], [1]])
  })

  it('keeps the order of the rows without probabilities, names classes and draws floats light on black', async () => {
    const floats = Float32Array.from(images, (byte) => byte / 255)
    const classNames = Array.from({ length: 10 }, (_, i) => `class <${i}>`)
    const options = { imageShape, classNames, ink: 'light', limit: 2, title: 'Errors' } as const
    const figure = await misclassifiedFigure({ images: floats, labels, predictions }, options)
    await checkFigure(figure, 'Errors')
    expect(texts(figure)).toEqual(
      expect.arrayContaining(['class <1> → class <9>', '3 of 6 rows misclassified; the first 2 are shown']),
    )
    expect(innerImages(figure).map((image) => brightPixel(image, 255))).toEqual([[1], [3]])
  })

  it('reports that all rows are classified correctly', async () => {
    const figure = await misclassifiedFigure({ images, labels, predictions: labels }, { imageShape })
    await checkFigure(figure, 'Misclassified rows')
    expect(texts(figure)).toContain('All 6 rows are classified correctly.')
  })

  it('names what is wrong', async () => {
    const data = { images, labels, predictions }
    await expect(misclassifiedFigure(data, { imageShape: [3, 3] })).rejects.toThrow('options.imageShape')
    await expect(misclassifiedFigure({ ...data, labels: [] }, { imageShape })).rejects.toThrow('data.labels.length')
    await expect(misclassifiedFigure({ ...data, labels: [1, 2, 3, 4, 5] }, { imageShape })).rejects.toThrow(
      'data.images: expected 5 rows',
    )
    await expect(misclassifiedFigure({ ...data, predictions: [1] }, { imageShape })).rejects.toThrow(
      'data.predictions: expected 6',
    )
    await expect(misclassifiedFigure({ ...data, probabilities: [1] }, { imageShape })).rejects.toThrow(
      'data.probabilities',
    )
    await expect(misclassifiedFigure(data, { imageShape, order: 'probability' })).rejects.toThrow('options.order')
    await expect(misclassifiedFigure({ ...data, images: [...images] as never }, { imageShape })).rejects.toThrow(
      'data.images',
    )
    const broken = new Float32Array(36).fill(Number.NaN)
    await expect(misclassifiedFigure({ ...data, images: broken }, { imageShape })).rejects.toThrow('data.images[6]')
  })
})
