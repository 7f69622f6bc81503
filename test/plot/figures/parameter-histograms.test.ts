import { describe, expect, it } from 'vitest'
import type { LayerParameters } from '../../../src/core/results.js'
import { parameterHistogramsFigure } from '../../../src/plot/index.js'
import { checkFigure, count, texts } from '../drawing.js'

/** A sawtooth, so that every bin is hit. */
function layer(name: string, inputs: number, outputs: number): LayerParameters {
  const values = (length: number) => Float32Array.from({ length }, (_, i) => ((i * 37) % 101) / 101 - 0.5)
  return { name, inputs, outputs, weights: values(inputs * outputs), biases: values(outputs) }
}

describe('parameterHistogramsFigure', () => {
  it('draws the four histograms of a two-layer network with 50 bins', async () => {
    const figure = await parameterHistogramsFigure([layer('layer 1', 60, 500), layer('layer 2', 500, 10)])
    await checkFigure(figure, 'Weights and biases')
    expect(count(figure, /<svg/)).toBe(5)
    expect(texts(figure)).toEqual(
      expect.arrayContaining([
        'layer 1: weights (60 × 500)',
        'layer 1: biases (500)',
        'layer 2: biases (10)',
        '50 equal bins each',
      ]),
    )
    expect(count(figure, /aria-label="rect"/)).toBe(4)
    expect(count(figure, /<rect/)).toBe(1 + 50 + 50 + 50 + 10)
  })

  it('draws constants, one value and values that are not finite', async () => {
    const zero = { name: 'a', inputs: 3, outputs: 1, weights: new Float32Array(3), biases: new Float32Array(1) }
    const broken = {
      ...zero,
      name: 'b',
      weights: Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY),
      biases: Float32Array.of(Number.NaN),
    }
    const figure = await parameterHistogramsFigure([zero, broken], { bins: 7, title: 'Odd ones' })
    await checkFigure(figure, 'Odd ones')
    expect(texts(figure)).toContain('no finite value')
    expect(texts(figure).some((text) => text.endsWith('2 of 3 not finite'))).toBe(true)
  })

  it('names what is wrong', async () => {
    const good = layer('layer 1', 4, 3)
    await expect(parameterHistogramsFigure([])).rejects.toThrow('layers: expected at least one layer')
    await expect(parameterHistogramsFigure([{ ...good, inputs: 5 }])).rejects.toThrow(
      'layers[0].weights: expected 5 x 3',
    )
    await expect(parameterHistogramsFigure([good, { ...good, biases: new Float32Array(2) }])).rejects.toThrow(
      'layers[1].biases',
    )
    await expect(parameterHistogramsFigure([good], { bins: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('gives the same bytes twice', async () => {
    const draw = async () => (await parameterHistogramsFigure([layer('layer 1', 4, 3)])).svg
    expect(await draw()).toBe(await draw())
  })
})
