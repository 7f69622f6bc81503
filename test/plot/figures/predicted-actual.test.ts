import { describe, expect, it } from 'vitest'
import { predictedActualFigure } from '../../../src/plot/index.js'
import { checkFigure, count, overlaps, texts } from '../drawing.js'

function column(name: string, rows: number, scale = 1) {
  const actual = Float32Array.from({ length: rows }, (_, i) => scale * Math.cos(i))
  return { name, actual, predicted: actual.map((value, i) => value + 0.1 * scale * Math.cos(7 * i)) }
}

describe('predictedActualFigure', () => {
  it('draws a point for each row and a panel for each output', async () => {
    const columns = [{ ...column('price', 90, 1e5), note: 'R² 0.99' }, column('area & <more>', 90, 0.001)]
    const figure = await predictedActualFigure(columns, { subtitle: 'test rows' })
    await checkFigure(figure, 'Predicted against actual')
    expect(count(figure, /<circle/)).toBe(180)
    expect(texts(figure)).toEqual(expect.arrayContaining(['price', 'R² 0.99', 'area & <more>', 'test rows']))
    expect(texts(figure).filter((text) => text === 'actual')).toHaveLength(2)
    expect(overlaps(figure)).toEqual([])
  })

  it('thins many rows, and shows the first of many outputs', async () => {
    const columns = Array.from({ length: 8 }, (_, c) => column(`output ${c}`, 5001))
    const figure = await predictedActualFigure(columns)
    await checkFigure(figure, 'Predicted against actual')
    expect(count(figure, /<circle/)).toBe(6 * 1667)
    expect(texts(figure)).toEqual(expect.arrayContaining(['1,667 of 5,001 rows.', 'The first 6 of 8 outputs.']))
    expect(texts(figure)).not.toContain('output 6')
  })

  it('labels long ticks side by side', async () => {
    for (const scale of [0.0037, 0.00123, 37_777, 123_456]) {
      expect(overlaps(await predictedActualFigure([column('long', 90, scale)])), String(scale)).toEqual([])
    }
  })

  it('draws equal values', async () => {
    const figure = await predictedActualFigure([{ name: 'zero', actual: [0, 0], predicted: [0, 0] }])
    await checkFigure(figure, 'Predicted against actual')
  })

  it('names what is wrong', async () => {
    await expect(predictedActualFigure([])).rejects.toThrow('columns: expected at least one column')
    const wrong = (actual: number[], predicted: number[]) => predictedActualFigure([{ name: 'a', actual, predicted }])
    await expect(wrong([], [])).rejects.toThrow('columns[0].actual: expected at least one value')
    await expect(wrong([1], [1, 2])).rejects.toThrow('columns[0].predicted: expected 1 values, got 2')
    await expect(wrong([1], [Number.NaN])).rejects.toThrow('columns[0].predicted[0]: expected a finite number, got NaN')
  })
})
