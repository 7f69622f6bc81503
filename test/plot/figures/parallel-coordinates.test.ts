import { describe, expect, it } from 'vitest'
import { type DrawnTrial, parallelCoordinatesFigure } from '../../../src/plot/index.js'
import { checkFigure, elements, overlaps, texts } from '../drawing.js'
import { GRID_TRIALS, randomTrials } from '../trials.js'

const TITLE = 'Validation accuracy by parameters'

describe('parallelCoordinatesFigure', () => {
  it('has an axis for each varied parameter, the metric last, and names the best trial and its values', async () => {
    const figure = await parallelCoordinatesFigure(GRID_TRIALS)
    await checkFigure(figure, TITLE)
    const all = texts(figure)
    for (const label of ['learning rate', 'L2', 'hidden units', 'validation accuracy']) expect(all).toContain(label)
    expect(all).toContain('best validation accuracy 0.9779: trial 50: learning rate 0.005, L2 0.05, hidden units 512')
    expect(all).toContain('0.9779 (trial 50)')
    const best = elements(figure, 'g[font-weight=bold][fill="#d55e00"] > text').map(({ textContent }) => textContent)
    expect(best).toEqual(['0.005', '0.05', '512', '0.9779 (trial 50)'])
    expect(overlaps(figure)).toEqual([])
  })

  it('draws trials without a score grey and ends them below the last axis', async () => {
    const figure = await parallelCoordinatesFigure(GRID_TRIALS)
    expect(texts(figure)).toEqual(expect.arrayContaining(['collapsed (12)', 'failed']))
    expect(texts(figure).join(' ')).toContain(
      '60 trials, darker is better; thick: the best; dashed: collapsed (12); dotted: failed (1)',
    )
    expect(elements(figure, 'g[stroke="#8c8c8c"][stroke-dasharray="6,3"] > path')).toHaveLength(12)
    expect(elements(figure, 'g[stroke="#8c8c8c"][stroke-dasharray="1.5,3"] > path')).toHaveLength(1)
    expect(elements(figure, 'g[stroke="#d55e00"][stroke-width="3"] > path')).toHaveLength(1)
    const colours = elements(figure, 'g[aria-label=line] > path[stroke]').map((path) => path.getAttribute('stroke'))
    expect(colours).toHaveLength(46)
    expect(new Set(colours).size).toBeGreaterThan(20)
    const pruned = GRID_TRIALS.map((trial) => (trial.trial < 5 ? { ...trial, state: 'pruned' as const } : trial))
    expect(texts(await parallelCoordinatesFigure(pruned))).toEqual(expect.arrayContaining(['pruned (5)']))
  })

  it.each([1, 2, 40, 500])('draws %d random trials with conditional parameters, words and truth values', async (n) => {
    const figure = await parallelCoordinatesFigure(randomTrials(n))
    await checkFigure(figure, TITLE)
    expect(overlaps(figure)).toEqual([])
    const lines = elements(figure, 'g[aria-label=line] > path').length
    expect(lines, 'the best has a white edge').toBe(n + 1)
    if (n > 2) {
      expect(texts(figure)).toEqual(expect.arrayContaining(['n/a', 'relu', 'true', '0', 'hidden2']))
      expect(texts(figure).join(' ')).toContain('n/a: without this parameter')
    }
    const opacities = elements(figure, 'g[stroke-opacity]').map((group) => Number(group.getAttribute('stroke-opacity')))
    if (n === 500) expect(Math.max(...opacities), 'many lines are faint').toBeLessThan(0.3)
  })

  it('takes a loss, for which lower is better, and chosen parameters in their order', async () => {
    const options = { metric: 'valid.loss', parameters: ['hidden', 'learningRate'], title: 'Mine' } as const
    const figure = await parallelCoordinatesFigure(GRID_TRIALS, options)
    await checkFigure(figure, 'Mine')
    const all = texts(figure)
    expect(all.indexOf('hidden units')).toBeLessThan(all.indexOf('learning rate'))
    expect(all).not.toContain('L2')
    expect(all).toContain('best validation loss 0.0221: trial 50: hidden units 512, learning rate 0.005')
    expect(all.join(' ')).toContain('darker is better (a lower loss)')
  })

  it('draws a search in which no trial completed, one without the metric, and one in which nothing varied', async () => {
    const dead = GRID_TRIALS.filter((trial) => trial.state === 'collapsed')
    const figure = await parallelCoordinatesFigure(dead)
    await checkFigure(figure, TITLE)
    expect(texts(figure)).toContain('no trial completed')
    const missing = await parallelCoordinatesFigure(GRID_TRIALS, { metric: 'test.accuracy' })
    expect(texts(missing)).toContain('no value (47)')
    const same = GRID_TRIALS.slice(4, 6).map((trial) => ({ ...trial, params: { l2: 0.1 } }))
    expect(texts(await parallelCoordinatesFigure(same))).toContain('L2')
  })

  it('stays whole with hostile names and extreme values', async () => {
    const values = [1e-30, -1e30, 0, 5e-324, 3.4e38, Number.POSITIVE_INFINITY]
    const trials = values.map((value, trial): DrawnTrial => {
      const params = {
        '<b>"&\u0000': value,
        wide: 'x'.repeat(300),
        l2: trial % 2 ? `w${trial}` : trial,
        t: 1e-9 * trial,
      }
      return { trial, params, state: 'completed', valid: { loss: 1, accuracy: 0.5 } }
    })
    const figure = await parallelCoordinatesFigure(trials, { parameters: Object.keys(trials[0].params) })
    await figure.png(1)
    expect(figure.svg).not.toMatch(/NaN/)
    expect(overlaps(figure)).toEqual([])
  })

  it('is the same for any order of the trials', async () => {
    const { svg } = await parallelCoordinatesFigure(randomTrials(30))
    expect((await parallelCoordinatesFigure(randomTrials(30).reverse())).svg).toBe(svg)
  })

  it('names what is wrong', async () => {
    const draw = (trials: unknown, options?: unknown) =>
      expect(parallelCoordinatesFigure(trials as DrawnTrial[], options as object)).rejects
    await draw([]).toThrow('trials: expected at least one trial')
    await draw([{ ...GRID_TRIALS[0], params: {} }]).toThrow('trials: expected at least one trial with a parameter')
    await draw([{ ...GRID_TRIALS[0], state: 'odd' }]).toThrow('trials[0].state')
    await draw([{ ...GRID_TRIALS[0], params: null }]).toThrow('trials[0].params')
    await draw(GRID_TRIALS, { parameters: ['lr'] }).toThrow(
      'options.parameters: expected a list of different parameters',
    )
    await draw(GRID_TRIALS, { metric: 'accuracy' }).toThrow('options.metric')
    await draw(GRID_TRIALS, { metrik: 1 }).toThrow("did you mean 'metric'")
    await draw(GRID_TRIALS, { height: 3 }).toThrow('options.height')
  })
})
