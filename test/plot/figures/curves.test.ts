import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../../src/core/results.js'
import { accuracyCurvesFigure, lossCurvesFigure } from '../../../src/plot/index.js'
import { OKABE_ITO, SETS } from '../../../src/plot/page/theme.js'
import { checkFigure, count, texts } from '../drawing.js'

const [TRAIN, VALID, TEST] = SETS.map(({ colour }) => colour)

/** A run like the homework's: 21 evaluations, losses 2.3 to 0.1, accuracies 0.2 to 0.98. */
const RUN: HistoryEntry[] = Array.from({ length: 21 }, (_, i) => {
  const at = (offset: number) => ({
    loss: 0.1 + offset + 2.2 / (1 + i * i),
    accuracy: 0.98 - offset - 0.78 / (1 + i * i),
  })
  return { step: i * 80, epoch: Math.floor(i / 3), train: at(0), valid: at(0.012), test: at(0.01) }
})

/** The pieces of the line of one colour. */
function pieces(svg: string, colour: string): string[] {
  const path = svg.match(new RegExp(`<path(?=[^>]*stroke="${colour}")(?=[^>]*stroke-width)[^>]* d="([^"]*)"`))
  const group = svg.match(
    new RegExp(`<g(?=[^>]*stroke="${colour}")(?=[^>]*aria-label="line")[^>]*><path[^>]*d="([^"]*)"`),
  )
  return (path ?? group)![1].split('M').filter(Boolean)
}

describe('lossCurvesFigure', () => {
  it('draws a line for each set, labelled with its last value, and marks the best step', async () => {
    const figure = await lossCurvesFigure(RUN, { best: 1600, subtitle: 'seed 1' })
    await checkFigure(figure, 'Loss')
    for (const colour of [TRAIN, VALID, TEST]) expect(pieces(figure.svg, colour)).toHaveLength(1)
    expect(texts(figure)).toEqual(expect.arrayContaining(['train 0.105', 'validation 0.117', 'test 0.115', 'seed 1']))
    expect(texts(figure)).toContain('best on validation: step 1,600')
    expect(texts(figure)).toContain('loss (mean cross-entropy, nats)')
    expect(texts(figure)).toContain('step (optimiser updates)')
    expect(count(figure, /<circle/)).toBe(63)
  })

  it('has a log axis only above two decades, or on request', async () => {
    const steep = RUN.map((entry, i) => ({ ...entry, train: { loss: 3 / (1 + i * i), accuracy: 0.5 } }))
    const label = 'loss (mean cross-entropy, nats), log scale'
    expect(texts(await lossCurvesFigure(steep))).toEqual(
      expect.arrayContaining([label, '0.01', '0.02', '0.1', '1', '2']),
    )
    expect(texts(await lossCurvesFigure(steep, { yScale: 'linear' }))).not.toContain(label)
    expect(texts(await lossCurvesFigure(RUN))).not.toContain(label)
    expect(texts(await lossCurvesFigure(RUN, { yScale: 'log' }))).toContain(label)
    const zero = [...RUN, { step: 9999, epoch: 7, train: { loss: 0, accuracy: 1 } }]
    expect(texts(await lossCurvesFigure(zero))).not.toContain(label)
    await expect(lossCurvesFigure(zero, { yScale: 'log' })).rejects.toThrow("options.yScale: expected 'linear'")
  })

  it('leaves a gap where a value is not finite and marks isolated points by dots', async () => {
    const bad = [2, 4, 9].map((i) => i * 80)
    const gaps = RUN.map((entry) =>
      bad.includes(entry.step) ? { ...entry, valid: { loss: Number.NaN, accuracy: Number.NaN } } : entry,
    )
    const figure = await lossCurvesFigure(gaps)
    await checkFigure(figure, 'Loss')
    expect(pieces(figure.svg, TRAIN)).toHaveLength(1)
    expect(pieces(figure.svg, VALID)).toHaveLength(4)
    expect(count(figure, /<circle/)).toBe(60)
  })

  it('draws one point, missing sets and a diverged end', async () => {
    const one = await lossCurvesFigure([{ step: 0, epoch: 0, test: { loss: 2.3, accuracy: 0.1 } }])
    await checkFigure(one, 'Loss')
    expect(texts(one)).toContain('test 2.30')
    expect(texts(one).some((text) => /train|validation/.test(text))).toBe(false)
    const diverged = [...RUN, { step: 1700, epoch: 7, train: { loss: Number.POSITIVE_INFINITY, accuracy: 0.1 } }]
    const figure = await lossCurvesFigure(diverged)
    await checkFigure(figure, 'Loss')
    expect(texts(figure)).toContain('train 0.105')
  })

  it('marks a collapse in words', async () => {
    const figure = await lossCurvesFigure(RUN, { best: 80, collapse: { step: 160, deadShare: 0.973 } })
    await checkFigure(figure, 'Loss')
    expect(texts(figure)).toContain('collapsed at step 160: 97 % of hidden units dead')
    expect(count(figure, /stroke-dasharray="4,3"/)).toBe(2)
  })

  it('does not depend on the order of the entries or on what was drawn before', async () => {
    const { svg } = await lossCurvesFigure(RUN, { best: 80 })
    await accuracyCurvesFigure(RUN)
    expect((await lossCurvesFigure([...RUN].reverse(), { best: 80 })).svg).toBe(svg)
    const [a, b] = await Promise.all([1, 2].map(async () => (await lossCurvesFigure(RUN)).png(1)))
    expect(Buffer.compare(a, b)).toBe(0)
  })

  it('names what is wrong', async () => {
    const nan = [{ step: 0, epoch: 0, train: { loss: Number.NaN, accuracy: 1 } }]
    await expect(lossCurvesFigure([])).rejects.toThrow('history: expected at least one entry with a finite loss')
    await expect(lossCurvesFigure(nan)).rejects.toMatchObject({ name: 'NativeMlpError', code: 'INVALID_ARGUMENT' })
    await expect(lossCurvesFigure([{ step: -1, epoch: 0 }])).rejects.toThrow('history[0].step')
    await expect(lossCurvesFigure(RUN, { widht: 300 } as object)).rejects.toThrow("did you mean 'width'")
    await expect(lossCurvesFigure(RUN, { width: 10 })).rejects.toThrow('options.width')
    await expect(lossCurvesFigure(RUN, { collapse: { step: 1, deadShare: 97 } })).rejects.toThrow('deadShare')
    await expect(lossCurvesFigure(undefined as unknown as [])).rejects.toThrow('history: expected an array')
  })
})

describe('accuracyCurvesFigure', () => {
  it('zooms in and counts the values below the axis', async () => {
    const figure = await accuracyCurvesFigure(RUN)
    await checkFigure(figure, 'Accuracy')
    expect(texts(figure)).toContain('accuracy (fraction correct), from 0.8')
    expect(texts(figure)).toContain('The axis starts at 0.8; values below it, not shown: 6 of 63.')
    expect(texts(figure)).toEqual(expect.arrayContaining(['train 0.9781', 'validation 0.9661', 'test 0.9681', '1.00']))
  })

  it('shows the whole range on request and for a run that learnt nothing', async () => {
    const full = await accuracyCurvesFigure(RUN, { yRange: 'full' })
    expect(texts(full)).toEqual(expect.arrayContaining(['0.0', '1.0', 'accuracy (fraction correct)']))
    expect(texts(full).some((text) => text.includes('below'))).toBe(false)
    const flat = RUN.map(({ step, epoch }) => ({ step, epoch, test: { loss: 2.3, accuracy: 0.1 } }))
    expect(texts(await accuracyCurvesFigure(flat))).toContain('0.0')
    const fell = RUN.map((entry, i) => (i === 20 ? { ...entry, train: { loss: 3, accuracy: 0.1 } } : entry))
    expect(texts(await accuracyCurvesFigure(fell))).toContain('0.0')
  })

  it('refuses percentages and regressions', async () => {
    const percent = RUN.map(({ step, epoch }) => ({ step, epoch, test: { loss: 2.3, accuracy: 97.8 } }))
    await expect(accuracyCurvesFigure(percent)).rejects.toThrow('accuracies from 0 to 1, got 97.8')
    const regression = RUN.map(({ step, epoch }) => ({ step, epoch, test: { loss: 2.3, accuracy: Number.NaN } }))
    await expect(accuracyCurvesFigure(regression)).rejects.toThrow('finite accuracy')
  })
})

it('uses colours of the palette that differ', () => {
  expect(new Set([TRAIN, VALID, TEST, ...Object.values(OKABE_ITO)]).size).toBe(Object.keys(OKABE_ITO).length)
})
