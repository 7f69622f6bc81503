import { expect, it } from 'vitest'
import { checkDivision } from '../../src/data/division.js'
import { MLP } from '../../src/model/mlp.js'
import {
  batchSizeOf,
  completed,
  namesOf,
  picked,
  stepsPerEpochOf,
  type TrainingConfig,
} from '../../src/train/config.js'
import { planFit } from '../../src/train/fit-options.js'
import { fitOptionsOf, modelOptionsOf } from '../../src/train/from-config.js'
import { clusters } from './toy-data.js'

const given = { learningRate: 0.1, hidden: 5 }

it('what is missing has its default, undefined is missing, and null is not', () => {
  expect(completed({ ...given, epochs: undefined, batchSize: null })).toMatchObject({
    ...{ ...given, epochs: 10, batchSize: null, sampling: 'shuffle', validFraction: 0.2 },
  })
  expect(picked({ batchSize: 7 }, ['batchSize', 'seed'])).toEqual({ batchSize: 7, seed: 1 })
})

it('the data have the defaults that a division of rows has without options', () => {
  const { folds, splitSeed, ...division } = checkDivision({})
  const names = Object.keys(division) as (keyof typeof division)[]
  expect(namesOf('data').sort()).toEqual([...names, 'fold', 'scale', 'splitSeed'].sort())
  expect(picked({}, names)).toEqual(division)
})

it('the network has the defaults that MLP has without options', () => {
  const made = new MLP({ ...modelOptionsOf(given, clusters(20)), layers: [4, 5, 3] })
  const plain = new MLP({ layers: [4, 5, 3] })
  const { activation, outputActivation, loss } = plain
  expect(made).toMatchObject({ activation, outputActivation, loss })
  expect(made.parametersDigest()).toBe(plain.parametersDigest())
})

it.each<[Partial<TrainingConfig>, number]>([
  [{}, 50],
  [{}, 300],
  [{ batchSize: 20 }, 50],
  [{ batchSize: null, stepsPerEpoch: 7 }, 50],
])('the steps that %o takes on %d rows are those of fit', (config, rows) => {
  const train = clusters(rows)
  const whole = { ...given, ...config }
  const plan = planFit(new MLP({ layers: [4, 5, 3] }), train, fitOptionsOf(whole))
  expect(batchSizeOf(whole, rows)).toBe(plan.batchSize)
  expect(stepsPerEpochOf(whole, rows)).toBe(plan.stepsPerEpoch)
})
