import { describe, expect, it } from 'vitest'
import { heatmapAxes } from '../../../src/plot/figures/search-figures.js'
import { type DrawnTrial, searchFigures } from '../../../src/plot/index.js'
import { expandGrid } from '../../../src/search/space/grid.js'
import { checkFigure, texts } from '../drawing.js'
import { GRID_TRIALS, randomTrials } from '../trials.js'

const trialsOf = (grid: object): DrawnTrial[] =>
  expandGrid({ learningRate: [1], hidden: [1], ...grid }).map((point) => ({ ...point, state: 'completed' }))
const names = (trials: readonly DrawnTrial[]) => searchFigures(trials).map(({ name }) => name)
const CURVES = ['trial-curves-accuracy', 'trial-curves-loss']

describe('searchFigures', () => {
  it('are a heat map, parallel coordinates and curves for a grid', async () => {
    expect(names(GRID_TRIALS)).toEqual(['valid-accuracy', 'parallel-coordinates', ...CURVES])
    for (const { draw } of searchFigures(GRID_TRIALS)) {
      const figure = await draw()
      await checkFigure(figure, texts(figure)[0])
    }
  })

  it('have no heat map for a random search, however long', () => {
    for (const count of [2, 5, 40, 500]) {
      expect(names(randomTrials(count))).toEqual(['parallel-coordinates', ...CURVES])
    }
  })

  it('have a heat map for a grid with many values, one that was interrupted, and repeats', () => {
    const valid = { loss: 1, accuracy: 0.5 }
    const rates = Array.from({ length: 20 }, (_, i) => i + 1)
    const wide = trialsOf({ learningRate: rates, l2: [0, 1, 2] }).map((trial) => ({ ...trial, valid }))
    expect(names(wide)).toContain('valid-accuracy')
    expect(names(GRID_TRIALS.slice(0, 30))).toContain('valid-accuracy')
    const repeated = trialsOf({ l2: [0, 1], hidden: [1, 2], seed: [1, 2, 3] }).map((trial) => ({ ...trial, valid }))
    expect(names(repeated)).toContain('valid-accuracy')
  })

  it('leave out what there is nothing to draw of', () => {
    expect(names([])).toEqual([])
    expect(names(trialsOf({ l2: [0, 1] }))).toEqual([])
    expect(names(GRID_TRIALS.map(({ history: _, ...trial }) => trial))).toEqual([
      'valid-accuracy',
      'parallel-coordinates',
    ])
    const regression = GRID_TRIALS.map((trial) => ({
      ...trial,
      valid: trial.valid && { loss: 1, accuracy: Number.NaN },
      history: trial.history?.map((entry) => ({ ...entry, valid: { loss: 1, accuracy: Number.NaN } })),
    }))
    expect(names(regression)).toEqual(['valid-loss', 'parallel-coordinates', 'trial-curves-loss'])
  })

  it('take the metric of the study', async () => {
    const [figure] = searchFigures(GRID_TRIALS, { metric: 'valid.loss' }).filter(({ name }) =>
      name.startsWith('parallel'),
    )
    expect(texts(await figure.draw())[0]).toBe('Validation loss by parameters')
    expect(() => searchFigures(GRID_TRIALS, { metric: 'loss' as never })).toThrow('options.metric')
  })
})

describe('heatmapAxes', () => {
  it('puts the usual parameters in their usual places, where they were varied', () => {
    expect(heatmapAxes(trialsOf({ hidden: [1, 2], l2: [1, 2], learningRate: [1, 2] }))).toEqual({
      x: 'learningRate',
      y: 'l2',
      facet: 'hidden',
    })
    expect(heatmapAxes(trialsOf({ batchSize: [1, 2], l2: [1, 2], epochs: [1, 2] }))).toEqual({
      x: 'l2',
      y: 'batchSize',
      facet: 'epochs',
    })
    expect(heatmapAxes(trialsOf({ hidden: [1, 2], l2: [1, 2] }))).toEqual({ x: 'l2', y: 'hidden', facet: null })
  })

  it('finds none for one parameter, and takes none that only some trials have', () => {
    expect(heatmapAxes(trialsOf({ l2: [1, 2] }))).toBeNull()
    const conditional = trialsOf({ l2: [1, 2], hidden: [1, 2] }).map((trial, i) => {
      return i === 0 ? { ...trial, params: { l2: 1 } } : trial
    })
    expect(heatmapAxes(conditional)).toBeNull()
  })
})
