import { describe, expect, it } from 'vitest'
import { confusionMatrixFigure } from '../../../src/plot/index.js'
import { readableOn, sequential } from '../../../src/plot/page/colour.js'
import { checkFigure, count, texts } from '../drawing.js'

const MATRIX = [
  [90, 10, 0],
  [1, 98, 1],
  [0, 0, 0],
]

describe('confusionMatrixFigure', () => {
  it('prints the counts, the recalls and the accuracy', async () => {
    const figure = await confusionMatrixFigure(MATRIX, { classNames: ['cat', 'dog', 'cow & <calf>'] })
    await checkFigure(figure, 'Confusion matrix')
    const all = texts(figure)
    expect(all.filter((text) => /^\d+$/.test(text))).toEqual(MATRIX.flat().map(String))
    expect(all).toEqual(expect.arrayContaining(['0.9000', '0.9800', '–', '188 of 200 rows correct (accuracy 0.9400)']))
    expect(all.filter((text) => text === 'cow & <calf>')).toHaveLength(2)
    expect(all).toEqual(expect.arrayContaining(['actual class', 'predicted class']))
  })

  it('puts the actual class along y', async () => {
    const { svg } = await confusionMatrixFigure([
      [0, 7],
      [0, 0],
    ])
    const place = svg.match(/translate\(([\d.]+),([\d.]+)\)"[^>]*>7</)!
    const zeros = [
      ...svg.matchAll(
        /translate\(([\d.]+),([\d.]+)\)"[^>]*fill="#cccccc"[^>]*>0<|<text[^>]*fill="#cccccc"[^>]*translate\(([\d.]+),([\d.]+)\)[^>]*>0</g,
      ),
    ]
    expect(zeros).toHaveLength(3)
    const [x, y] = [Number(place[1]), Number(place[2])]
    const xs = zeros.map((zero) => Number(zero[1] ?? zero[3]))
    const ys = zeros.map((zero) => Number(zero[2] ?? zero[4]))
    expect(x).toBe(Math.max(...xs))
    expect(y).toBe(Math.min(...ys))
  })

  it('draws one class and many', async () => {
    await checkFigure(await confusionMatrixFigure([[5]]), 'Confusion matrix')
    const many = Array.from({ length: 60 }, (_, i) => Array.from({ length: 60 }, (_, j) => (i === j ? 1000 : 0)))
    const figure = await confusionMatrixFigure(many)
    await checkFigure(figure, 'Confusion matrix')
    expect(count(figure, /<rect/)).toBeGreaterThan(3600)
    expect(texts(figure)).not.toContain('1000')
  })

  it('names what is wrong', async () => {
    await expect(confusionMatrixFigure([])).rejects.toThrow('confusion: expected a square matrix')
    await expect(confusionMatrixFigure([[1, 2]])).rejects.toThrow('confusion[0]: expected a row of 1 counts')
    await expect(
      confusionMatrixFigure([
        [1, 2],
        [0.5, 1],
      ]),
    ).rejects.toThrow('confusion[1][0]')
    await expect(confusionMatrixFigure(MATRIX, { classNames: ['a'] })).rejects.toThrow(
      'options.classNames: expected 3 names',
    )
  })
})

describe('colours', () => {
  it('keep text readable on every shade', () => {
    const channel = (value: number) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
    const luminance = (colour: string) => {
      const value = Number.parseInt(colour.slice(1), 16)
      return 0.2126 * channel(value >> 16) + 0.7152 * channel((value >> 8) & 255) + 0.0722 * channel(value & 255)
    }
    for (let t = 0; t <= 1; t += 0.01) {
      const [a, b] = [luminance(sequential(t)), luminance(readableOn(sequential(t)))]
      expect((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), `t = ${t}`).toBeGreaterThan(3)
    }
  })
})
