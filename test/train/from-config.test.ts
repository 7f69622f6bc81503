import { describe, expect, it } from 'vitest'
import { namesOf } from '../../src/train/config.js'
import { fitOptionsOf, modelOptionsOf, optimizerOf } from '../../src/train/from-config.js'
import { OPTIMIZER_NAMES, OPTIMIZERS } from '../../src/train/optimizers.js'
import { clusters } from './toy-data.js'

const given = { learningRate: 0.01, hidden: 8 }

describe('the optimiser of a config', () => {
  it.each(OPTIMIZER_NAMES)('%s has the defaults of its own function', (optimizer) => {
    expect(optimizerOf({ ...given, optimizer }).config).toEqual(
      OPTIMIZERS[optimizer].make({ learningRate: 0.01 }).config,
    )
  })

  it('takes what the config says', () => {
    const { config } = optimizerOf({ ...given, optimizer: 'adamW', beta2: 0.9, weightDecay: 0.1 })
    expect(config).toMatchObject({ name: 'adamW', learningRate: 0.01, beta1: 0.9, beta2: 0.9, weightDecay: 0.1 })
  })

  it('is found by the names of the table', () => {
    const options = OPTIMIZER_NAMES.flatMap((name) => OPTIMIZERS[name].options as readonly string[])
    expect([...new Set(options)].sort()).toEqual(
      namesOf('optimizer')
        .filter((name) => name !== 'optimizer')
        .sort(),
    )
  })

  it('refuses a hyper-parameter that it would not use', () => {
    expect(() => optimizerOf({ ...given, optimizer: 'adamW', l2: 0.1, l2Biases: true })).toThrow(
      "optimizer: 'adamW' does not use l2 0.1, l2Biases true; expected l2 0, l2Biases false",
    )
    expect(() => optimizerOf({ ...given, momentum: 0.5 })).toThrow("optimizer: 'sgd' does not use momentum 0.5")
  })
})

it('a config gives the network as many inputs and outputs as the rows have', () => {
  const options = modelOptionsOf({ ...given, hidden: [8, 5], activation: 'tanh' }, clusters(30))
  expect(options).toMatchObject({ layers: [4, 8, 5, 3], activation: 'tanh', init: 'he', seed: 1, classNames: null })
  expect(modelOptionsOf({ ...given, hidden: [] }, clusters(30)).layers).toEqual([4, 3])
})

it('a config gives fit every option of its own', () => {
  const { optimizer, ...options } = fitOptionsOf({ ...given, epochs: 3 })
  expect(Object.keys(options).sort()).toEqual(namesOf('fit').sort())
  expect(options).toMatchObject({ epochs: 3, batchSize: null })
  expect(optimizer.config.name).toBe('sgd')
})
