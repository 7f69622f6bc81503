import { describe, expect, it } from 'vitest'
import { type DrawnTrial, trialCurvesFigure } from '../../../src/plot/index.js'
import { FAINT, RANKS } from '../../../src/plot/page/theme.js'
import { checkFigure, elements, overlaps, texts } from '../drawing.js'
import { GRID_TRIALS, randomTrials } from '../trials.js'

describe('trialCurvesFigure', () => {
  it('labels the five best with their values and parameters, and leaves the others faint', async () => {
    const figure = await trialCurvesFigure(GRID_TRIALS)
    await checkFigure(figure, 'Validation accuracy of 60 trials')
    const all = texts(figure)
    const labels = all.filter((text) => /^trial \d+: 0\.\d{4}$/.test(text))
    expect(labels).toHaveLength(5)
    expect(labels).toContain('trial 50: 0.9779')
    expect(all).toContain('trial 50: learning rate 0.005, L2 0.05, hidden units 512')
    const collapsedBelow = 12
    expect(elements(figure, 'g[aria-label=line] > path')).toHaveLength(60 - collapsedBelow)
    expect(elements(figure, 'g[aria-label=line][stroke-opacity] > path')).toHaveLength(55 - collapsedBelow)
    expect(overlaps(figure)).toEqual([])
  })

  it('marks and explains the curves of trials without a score', async () => {
    const figure = await trialCurvesFigure(GRID_TRIALS, { metric: 'valid.loss' })
    expect(texts(figure).join(' ')).toContain('grey, dashed: collapsed (12); dotted, ending in a cross: failed (1).')
    expect(elements(figure, 'g[stroke-dasharray="6,3"] > path')).toHaveLength(12)
    expect(elements(figure, 'g[stroke-dasharray="1.5,3"] > path')).toHaveLength(1)
    expect(elements(figure, 'g[aria-label=dot] > path'), 'the cross').toHaveLength(1)
    const pruned = GRID_TRIALS.filter(({ state }) => state === 'completed').map((trial, i): DrawnTrial => {
      return i % 2 ? trial : { ...trial, state: 'pruned', history: trial.history?.slice(0, 9) }
    })
    const halved = await trialCurvesFigure(pruned)
    expect(texts(halved).join(' ')).toContain('ending in a dot: pruned (24)')
    expect(elements(halved, `g[aria-label=dot] > circle[fill="${FAINT}"]`)).toHaveLength(24)
  })

  it.each([1, 3, 60, 500])('draws %d random trials without covering a label', async (n) => {
    for (const metric of ['valid.accuracy', 'valid.loss'] as const) {
      const figure = await trialCurvesFigure(randomTrials(n), { metric })
      await checkFigure(figure, texts(figure)[0])
      expect(overlaps(figure)).toEqual([])
    }
  })

  it('starts an accuracy axis where most values of good trials are, and counts those below', async () => {
    const figure = await trialCurvesFigure(GRID_TRIALS)
    const [, below] = texts(figure)
      .join(' ')
      .match(/The axis starts at 0\.8; values below it, not shown: (\d+) of [\d,]+\./) ?? [0, 0]
    const values = GRID_TRIALS.flatMap(({ history = [] }) => history.map(({ valid }) => valid!.accuracy))
    expect(Number(below)).toBe(values.filter((value) => value < 0.8).length)
  })

  it('excludes a diverged trial from the axis range', async () => {
    const wild = GRID_TRIALS.map((trial, i): DrawnTrial => {
      if (i !== 0) return trial
      const history = trial.history!.map((entry, e) => ({ ...entry, valid: { accuracy: 0.1, loss: 2 + 1e9 * e } }))
      return { ...trial, history }
    })
    const figure = await trialCurvesFigure(wild, { metric: 'valid.loss' })
    await checkFigure(figure, 'Validation loss of 60 trials')
    expect(texts(figure).join(' ')).toMatch(/The axis ends at [12]\.\d+; values above it, not shown: 20 of 1,\d+/)
  })

  it('draws single evaluations, gaps, searches without a completed trial, and thins very long curves', async () => {
    const one = GRID_TRIALS.slice(4, 8).map((trial) => ({ ...trial, history: trial.history!.slice(-1) }))
    await checkFigure(await trialCurvesFigure(one), 'Validation accuracy of 4 trials')
    const dead = GRID_TRIALS.filter(({ state }) => state === 'collapsed')
    const figure = await trialCurvesFigure(dead)
    await checkFigure(figure, 'Validation accuracy of 12 trials')
    expect(texts(figure).join(' ')).toContain('No trial completed; grey, dashed: collapsed (12).')
    const gaps = GRID_TRIALS.slice(4, 12).map((trial) => ({
      ...trial,
      history: trial.history!.map((entry, i) =>
        i % 5 === 2 ? { ...entry, valid: { loss: NaN, accuracy: NaN } } : entry,
      ),
    }))
    await checkFigure(await trialCurvesFigure(gaps), 'Validation accuracy of 8 trials')
    const long = GRID_TRIALS.slice(4, 20).map((trial) => ({
      ...trial,
      history: Array.from({ length: 5000 }, (_, step) => ({ step, epoch: 0, valid: trial.valid })),
    }))
    expect((await trialCurvesFigure(long)).svg.length).toBeLessThan(700_000)
  })

  it('leaves out trials without evaluations and counts them', async () => {
    const trials = GRID_TRIALS.map((trial) => (trial.trial < 9 ? { ...trial, history: undefined } : trial))
    const figure = await trialCurvesFigure(trials)
    expect(texts(figure)[0]).toBe('Validation accuracy of 51 trials')
    expect(texts(figure).join(' ')).toContain('without a curve: 9 trials')
  })

  it('is the same for any order of the trials, and colours differ', async () => {
    const { svg } = await trialCurvesFigure(GRID_TRIALS)
    expect((await trialCurvesFigure([...GRID_TRIALS].reverse())).svg).toBe(svg)
    expect(new Set(RANKS).size).toBe(5)
  })

  it('names what is wrong', async () => {
    const draw = (trials: unknown, options?: unknown) =>
      expect(trialCurvesFigure(trials as DrawnTrial[], options as object)).rejects
    await draw([]).toThrow('trials: expected at least one trial')
    const none = 'trials: expected at least one trial with a finite test accuracy in its history'
    await draw(GRID_TRIALS, { metric: 'test.accuracy' }).toThrow(none)
    await draw([{ ...GRID_TRIALS[0], history: [{ step: -1 }] }]).toThrow('trial 0: history[0].step')
    await draw([{ ...GRID_TRIALS[0], history: 7 }]).toThrow('trials[0].history: expected a list')
    await draw(GRID_TRIALS, { labelled: 9 }).toThrow('options.labelled')
    await draw(GRID_TRIALS, { labeled: 9 }).toThrow("did you mean 'labelled'")
    await draw(GRID_TRIALS, { width: 1 }).toThrow('options.width')
  })
})
