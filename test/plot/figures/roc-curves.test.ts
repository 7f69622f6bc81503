import { describe, expect, it } from 'vitest'
import { type NamedRocCurve, precisionRecallCurvesFigure, rocCurvesFigure } from '../../../src/plot/index.js'
import { precisionRecallCurve, rocCurve } from '../../../src/train/metrics/curves.js'
import { checkFigure, count, overlaps, texts } from '../drawing.js'

/** Scores of rows that are positive by turns; `skill` moves positive rows up. */
function rows(skill: number, n = 400) {
  const labels = Array.from({ length: n }, (_, i) => i % 2)
  return { labels, scores: labels.map((label, i) => ((i * 37) % 101) / 101 + skill * label) }
}

function roc(name: string, skill: number): NamedRocCurve {
  const { labels, scores } = rows(skill)
  return { name, ...rocCurve(labels, scores) }
}

function precisionRecall(name: string, skill: number) {
  const { labels, scores } = rows(skill)
  return { name, ...precisionRecallCurve(labels, scores) }
}

describe('rocCurvesFigure', () => {
  it('draws a curve for each class with its area, and the diagonal', async () => {
    const figure = await rocCurvesFigure([roc('cat', 0.3), roc('dog & <wolf>', 0.6)], { subtitle: 'test rows' })
    await checkFigure(figure, 'ROC curves')
    const area = (skill: number) => roc('', skill).area.toFixed(4)
    expect(texts(figure)).toEqual(
      expect.arrayContaining(['test rows', 'false positive rate', 'true positive rate', 'cat', area(0.3)]),
    )
    expect(texts(figure)).toEqual(expect.arrayContaining(['dog & <wolf>', area(0.6)]))
    expect(count(figure, /stroke-dasharray="4,4"/)).toBe(1)
    expect(overlaps(figure)).toEqual([])
  })

  it('shows the corner in which the curves bend, or everything on request', async () => {
    const good = [roc('a', 0.99), roc('b', 0.98)]
    const corner = await rocCurvesFigure(good)
    expect(texts(corner)).toContain('The axes show the corner of the best decisions, 0.05 wide.')
    expect(texts(corner)).toContain('0.95')
    expect(texts(corner).join()).not.toContain('Dashed')
    const whole = await rocCurvesFigure(good, { range: 'full' })
    await checkFigure(whole, 'ROC curves')
    expect(texts(whole).join()).not.toContain('corner')
    expect(texts(whole)).toContain('0.2')
  })

  it('draws the seven lowest of many in colours, and counts the others', async () => {
    const curves = Array.from({ length: 20 }, (_, c) => roc(`class ${c}`, 0.2 + c / 40))
    const figure = await rocCurvesFigure(curves)
    await checkFigure(figure, 'ROC curves')
    const named = texts(figure).filter((text) => text.startsWith('class '))
    expect(named).toEqual(Array.from({ length: 7 }, (_, c) => `class ${c}`))
    const range = `${curves[7].area.toFixed(4)} to ${curves[19].area.toFixed(4)}`
    expect(texts(figure)).toEqual(expect.arrayContaining(['13 others', range]))
    expect(overlaps(figure)).toEqual([])
  })

  it('names what is wrong', async () => {
    await expect(rocCurvesFigure([])).rejects.toThrow('curves: expected at least one curve')
    const wrong = { ...roc('a', 0.5), truePositiveRate: [0, 1.5] }
    await expect(rocCurvesFigure([wrong])).rejects.toThrow('curves[0].truePositiveRate: expected at least two numbers')
    await expect(rocCurvesFigure([roc('a', 0.5)], { range: 'all' as never })).rejects.toThrow('options.range')
  })
})

describe('precisionRecallCurvesFigure', () => {
  it('draws steps with the average precision', async () => {
    const figure = await precisionRecallCurvesFigure([precisionRecall('cat', 0.3), precisionRecall('dog', 0.6)])
    await checkFigure(figure, 'Precision and recall')
    const score = precisionRecall('', 0.3).averagePrecision.toFixed(4)
    expect(texts(figure)).toEqual(expect.arrayContaining(['recall', 'precision', 'average precision', 'cat', score]))
    expect(overlaps(figure)).toEqual([])
  })

  it('draws a perfect curve in its corner', async () => {
    const figure = await precisionRecallCurvesFigure([precisionRecall('sure', 2)])
    await checkFigure(figure, 'Precision and recall')
    expect(texts(figure)).toEqual(expect.arrayContaining(['sure', '1.0000', '0.980']))
  })

  it('names what is wrong', async () => {
    await expect(precisionRecallCurvesFigure([])).rejects.toThrow('curves: expected at least one curve')
    const wrong = { ...precisionRecall('a', 0.5), recall: [Number.NaN, 1] }
    await expect(precisionRecallCurvesFigure([wrong])).rejects.toThrow('curves[0].recall')
  })
})
