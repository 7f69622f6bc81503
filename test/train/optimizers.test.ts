import { describe, expect, it } from 'vitest'
import { sgd } from '../../src/train/optimizers.js'

describe('sgd', () => {
  it('leaves the biases without L2 unless asked', () => {
    expect(sgd({ learningRate: 0.1, l2: 0.05 }).rule(0)).toEqual({
      kind: 'sgd',
      learningRate: 0.1,
      l2: 0.05,
      l2Biases: 0,
    })
    expect(sgd({ learningRate: 0.1, l2: 0.05, l2Biases: true }).rule(7).l2Biases).toBe(0.05)
  })

  it.each([
    [{ learningRate: Number.NaN }, /sgd\.learningRate.*NaN/],
    [{ learningRate: -1 }, /sgd\.learningRate/],
    [{ learningRate: 1e39 }, /sgd\.learningRate/],
    [{}, /sgd\.learningRate.*undefined/],
    [{ learningRate: 1, l2: '0' }, /sgd\.l2.*"0"/],
    [{ learningRate: 1, l2Biases: 1 }, /sgd\.l2Biases/],
    [{ learningrate: 1 }, /'learningrate'; did you mean 'learningRate'/],
    [undefined, /options object/],
  ])('refuses %o', (options, message) => {
    expect(() => sgd(options as never)).toThrow(message)
  })
})
