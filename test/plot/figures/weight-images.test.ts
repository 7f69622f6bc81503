import { describe, expect, it } from 'vitest'
import { weightImagesFigure } from '../../../src/plot/index.js'
import { checkFigure, innerImages, texts } from '../drawing.js'

/** Unit u has the weight u + 1 at pixel u and -(u + 1) at pixel u + 1, else zero. */
function layer(inputs: number, outputs: number) {
  const weights = new Float32Array(inputs * outputs)
  for (let u = 0; u < outputs; u++) {
    weights[(u % inputs) * outputs + u] = u + 1
    weights[((u + 1) % inputs) * outputs + u] = -(u + 1)
  }
  return { name: 'layer 1', weights, biases: new Float32Array(outputs), inputs, outputs }
}

const WHITE = [255, 255, 255]
const RED = [103, 0, 31]
const BLUE = [5, 48, 97]

describe('weightImagesFigure', () => {
  it('shows the weights into each unit: red positive, blue negative, white zero', async () => {
    const figure = await weightImagesFigure(layer(12, 5), { imageShape: [3, 4], scale: 'each' })
    await checkFigure(figure, 'Weights of layer 1 as 3 × 4 images')
    const images = innerImages(figure)
    expect(images.map(({ width, height }) => [width, height])).toEqual(Array(5).fill([4, 3]))
    images.forEach((image, unit) => {
      const pixel = (i: number) => [...image.data.subarray(4 * i, 4 * i + 3)]
      for (let i = 0; i < 12; i++) expect(pixel(i)).toEqual(i === unit ? RED : i === unit + 1 ? BLUE : WHITE)
    })
    expect(texts(figure)).toContain('all 5 units')
    expect(texts(figure).join(' ')).toContain('Each image has its own colour scale')
  })

  it('shares one scale by default', async () => {
    const figure = await weightImagesFigure(layer(4, 2), { imageShape: [2, 2] })
    const [weak, strong] = innerImages(figure).map((image) => [...image.data.subarray(0, 8)])
    expect(strong.slice(4, 7)).toEqual(RED)
    expect(weak.slice(0, 3)).not.toEqual(RED)
    expect(texts(figure)).toEqual(expect.arrayContaining(['≥ 2.00', '≤ −2.00', '0']))
    expect(texts(figure).join(' ')).toContain('One colour scale for all images')
  })

  it('shows the first 64 units, or the requested ones', async () => {
    const many = layer(6, 70)
    expect(innerImages(await weightImagesFigure(many, { imageShape: [2, 3] }))).toHaveLength(64)
    const chosen = await weightImagesFigure(many, { imageShape: [2, 3], units: [69, 0] })
    expect(texts(chosen)).toEqual(expect.arrayContaining(['unit 69', 'unit 0', '2 of 70 units']))
    await checkFigure(chosen, 'Weights of layer 1 as 2 × 3 images')
  })

  it('draws a layer of zeros', async () => {
    const zero = { ...layer(4, 2), weights: new Float32Array(8) }
    for (const image of innerImages(await weightImagesFigure(zero, { imageShape: [2, 2] }))) {
      expect([...image.data.subarray(0, 3)]).toEqual(WHITE)
    }
  })

  it('names what is wrong', async () => {
    const good = layer(4, 2)
    await expect(weightImagesFigure(good, { imageShape: [3, 2] })).rejects.toThrow(
      'options.imageShape: expected height x width to be 4',
    )
    await expect(weightImagesFigure(good, {} as never)).rejects.toThrow('options.imageShape: expected [height, width]')
    await expect(weightImagesFigure(good, { imageShape: [2, 2], units: [2] })).rejects.toThrow('options.units[0]')
    await expect(weightImagesFigure(good, { imageShape: [2, 2], units: [] })).rejects.toThrow('1 to 64 unit numbers')
    const broken = { ...good, weights: Float32Array.from(good.weights, (w, i) => (i === 5 ? Number.NaN : w)) }
    await expect(weightImagesFigure(broken, { imageShape: [2, 2] })).rejects.toThrow(
      'layer 1: weight [2][1]: expected a finite',
    )
  })
})
