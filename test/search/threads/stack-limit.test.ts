import { describe, expect, it } from 'vitest'
import type { TrialConfig } from '../../../src/search/space/parameters.js'
import { stackKey, stackLimit } from '../../../src/search/threads/stack.js'
import type { TrialTask } from '../../../src/search/trial/task.js'

function task(config: Partial<TrialConfig> = {}, changes: Partial<TrialTask> = {}): TrialTask {
  return { trial: 0, fold: 0, untilStep: null, config: { learningRate: 0.1, hidden: 128, ...config }, ...changes }
}

describe('stackLimit', () => {
  it.each([
    [128, 4],
    [256, 2],
    [257, 1],
    [2000, 1],
    [[100, 70], 3],
    [16, 8],
    [[], 8],
  ])('is what has 512 hidden units together, at least 1, at most 8: %o -> %i', (hidden, most) => {
    expect(stackLimit(task({ hidden }), 'auto')).toBe(most)
  })

  it('is what one asks for', () => {
    expect(stackLimit(task({ hidden: 2000 }), 3)).toBe(3)
    expect(stackLimit(task(), false)).toBe(1)
  })
})

describe('stackKey', () => {
  it('is the same for what takes the same batches through networks of the same shape', () => {
    const free = { learningRate: 0.2, l2: 0.1, l2Biases: true, init: 'glorot' } as const
    expect(stackKey(task({ ...free, seed: 2 }, { trial: 1 }))).toBe(stackKey(task({ seed: 2 })))
    const { hidden, ...rest } = task({ seed: 2, batchSize: 3 }).config
    expect(stackKey({ ...task(), config: { ...rest, hidden } })).toBe(stackKey(task({ batchSize: 3, seed: 2 })))
  })

  it.each([
    task({ hidden: 64 }),
    task({ hidden: [128, 128] }),
    task({ activation: 'gelu' }),
    task({ batchSize: 64 }),
    task({ stepsPerEpoch: 64 }),
    task({ sampling: 'replacement' }),
    task({ seed: 2 }),
    task({ epochs: 2 }),
    task({}, { fold: 1 }),
    task({}, { untilStep: 5 }),
  ])('is another one for %o', (other) => {
    expect(stackKey(other)).not.toBe(stackKey(task()))
  })
})
