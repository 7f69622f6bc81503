import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/core/random.js'
import { kFold } from '../../src/data/folds.js'
import type { Samples } from '../../src/data/samples.js'
import { tableSamples } from '../../src/data/table-samples.js'
import { MLP } from '../../src/model/mlp.js'
import { gridSearch } from '../../src/search/search.js'
import { table } from '../../src/table/rows.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'

/** A target that nothing tells: whatever predicts it better than its mean has seen the validation rows. */
const ROWS = 120
const random = randomStream(3, 'noise')
const noise = Array.from({ length: ROWS }, () => random.normal())
const data = table({
  x: Array.from({ length: ROWS }, () => random.normal()),
  // every text stands in three rows: an encoder that sees their targets knows a third of each
  group: Array.from({ length: ROWS }, (_, i) => `g${Math.floor(i / 3)}`),
  y: noise,
})
const set = tableSamples(data, { target: 'y', task: 'regression', types: { group: 'categorical' } })

const meanOf = (values: readonly number[]) => values.reduce((sum, y) => sum + y, 0) / values.length

describe.each<[string, () => readonly { train: Samples; valid: Samples }[]]>([
  ['kFold', () => kFold(set, { folds: 4, seed: 2 })],
  ['split', () => [set.split({ valid: 0.25, seed: 2 })]],
])('%s of a table', (_, divided) => {
  it('learns the scale, the levels and the target on the training rows alone', () => {
    for (const { train, valid } of divided()) {
      const rows = [...train.origin!.rows!]
      const x = rows
        .map((row) => (data.columns[0].kind === 'number' ? data.columns[0].values[row] : 0))
        .sort((a, b) => a - b)
      const [first, group] = train.transform!.inputs
      expect(first).toMatchObject({ center: expect.closeTo((x[rows.length / 2 - 1] + x[rows.length / 2]) / 2, 12) })
      // a scaler or a target encoder of all rows would have the mean of all
      expect(train.transform!.target).toMatchObject({
        means: [expect.closeTo(meanOf(rows.map((row) => noise[row])), 12)],
      })
      expect(Math.abs(meanOf(rows.map((row) => noise[row])) - meanOf(noise))).toBeGreaterThan(1e-3)
      const groups = new Set(rows.map((row) => `g${Math.floor(row / 3)}`))
      expect(group.kind === 'categorical' && new Set([...group.levels, ...group.rare])).toEqual(groups)
      expect(valid.transform).toEqual(train.transform)
      expect([...rows, ...valid.origin!.rows!].sort((a, b) => a - b)).toEqual(noise.map((_, i) => i))
    }
  })

  it('predicts noise no better than its mean', async () => {
    for (const { train, valid } of divided()) {
      const model = new MLP({ layers: [train.cols, 8, 1], loss: 'meanSquaredError', activation: 'tanh' })
      await fit(model, train, { epochs: 30 })
      const { loss } = await evaluate(model, valid)
      const { means, sds } = train.transform!.target as unknown as { means: number[]; sds: number[] }
      const rows = [...valid.origin!.rows!]
      const trivial = meanOf(rows.map((row) => ((noise[row] - means[0]) / sds[0]) ** 2))
      expect(loss).toBeGreaterThan(0.9 * trivial)
    }
  })
})

it('a search with folds over a table learns on the training rows of each fold', async () => {
  const seen: number[] = []
  const study = await gridSearch({
    data: { train: set },
    grid: { learningRate: [0.01], hidden: [4] },
    base: { epochs: 5, loss: 'meanSquaredError', optimizer: 'adamW' },
    folds: 4,
    workers: 1,
  })
  for (const { train } of kFold(set, { folds: 4, seed: 1 })) seen.push(train.cols)
  expect(study.trials[0].state).toBe('completed')
  // noise in standard deviations of the training rows
  expect(study.trials[0].valid!.loss).toBeGreaterThan(0.7)
  expect(Math.min(...seen)).toBeLessThan(set.cols)
})
