import { describe, expect, it } from 'vitest'
import { augmentedImagesFigure } from '../../../src/plot/index.js'
import { checkFigure, innerImages, texts } from '../drawing.js'

/** Two images with two copies each; pixel i of image i is white. */
const images = Uint8Array.from({ length: 6 * 6 }, (_, i) => (Math.floor(i / 6) === i % 6 ? 255 : 0))
const data = { images, labels: [7, 3], copies: 2 }
const imageShape = [2, 3] as const

describe('augmentedImagesFigure', () => {
  it('shows each image with its class, and its copies beside it', async () => {
    const figure = await augmentedImagesFigure(data, { imageShape, subtitle: 'a run' })
    await checkFigure(figure, 'Augmented images')
    expect(texts(figure)).toEqual(expect.arrayContaining(['a run', '7', '3']))
    const dark = innerImages(figure).map(({ data }) => [0, 1, 2, 3, 4, 5].filter((i) => data[4 * i] === 0))
    expect(dark).toEqual([[0], [1], [2], [3], [4], [5]])
  })

  it('names what is wrong', async () => {
    const draw = (changes: object) => augmentedImagesFigure({ ...data, ...changes }, { imageShape })
    await expect(draw({ labels: [] })).rejects.toThrow('data.labels.length: expected an integer >= 1')
    await expect(draw({ copies: 0 })).rejects.toThrow('data.copies: expected an integer from 1 to 20')
    await expect(draw({ copies: 4 })).rejects.toThrow('data.images: expected a Uint8Array or Float32Array of 2 x 5')
    await expect(draw({ copies: 1 })).rejects.toThrow('options.imageShape')
  })
})
