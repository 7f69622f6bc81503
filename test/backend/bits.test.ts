import { type ChildProcess, spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { createNativeBackend, nativeStatus } from '../../src/backend/native.js'
import { randomStream } from '../../src/core/random.js'
import { BatchSampler } from '../../src/data/batches.js'
import { samples } from '../../src/data/samples.js'
import { MLP } from '../../src/model/mlp.js'
import { TrainingStep } from '../../src/train/step.js'

/**
 * The numeric contract over a long run: 600 steps end in the same bits on every instruction set, number of threads, path
 * (listed or dense inputs), form of the data (bytes or equal floats), and with every core busy with something else.
 */
const STEPS = 600
const ROWS = 1000
const COLS = 784
const BATCH = 64
/** Changes only with the numeric contract, the initial weights or the batches; then with a line in the changelog. */
const PINNED = '312ffe246dfab3d3'

const status = nativeStatus()
const isas = status.available ? status.isas : []

/** About a fifth of the bytes are not zero, in runs, as in images of digits. */
function bytes(): Uint8Array {
  const random = randomStream(11, 'test')
  const values = new Uint8Array(ROWS * COLS)
  for (let i = 0; i < values.length; i++)
    if (random.int(40) === 0) for (let j = 0; j < 9; j++) values[i++] = random.int(256)
  return values
}

const values = bytes()
const labels = Int32Array.from({ length: ROWS }, (_, r) => (values[r * COLS + 300] + r) % 10)

interface Variant {
  readonly isa: string
  readonly threads: number
  readonly dense?: boolean
  readonly floats?: boolean
}

/** A backend that takes every data set for dense. */
function denseOnly(backend: Backend): Backend {
  const dataset: Backend['dataset'] = (...args) => ({ ...backend.dataset(...args), density: 1 })
  return new Proxy(backend, {
    get: (target, name) => {
      if (name === 'dataset') return dataset
      const member = target[name as keyof Backend]
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

function train({ isa, threads, dense, floats }: Variant): string {
  const native = createNativeBackend({ isa, threads })
  const backend = dense ? denseOnly(native) : native
  const data = floats
    ? samples({ values: Float32Array.from(values, (byte) => Math.fround(byte / 255)), cols: COLS, labels, classes: 10 })
    : samples({ values, cols: COLS, labels, classes: 10 })
  const model = new MLP({ layers: [COLS, 80, 20, 10], seed: 3, backend })
  const step = new TrainingStep(model, data, BATCH)
  const sampler = new BatchSampler({ rows: data.rows, batchSize: BATCH, mode: 'replacement', seed: 3 })
  let loss = 0
  for (let i = 0; i < STEPS; i++) {
    loss = step.run(sampler.next(), { kind: 'sgd', learningRate: 0.1, l2: 1e-4, l2Biases: 1e-4 })
  }
  expect(loss).toBeLessThan(1) // it learns: not 600 steps of nothing
  return model.parametersDigest()
}

describe.runIf(status.available)(`${STEPS} steps`, () => {
  const variants: Variant[] = isas.flatMap((isa) => {
    const threads = isa === 'portable' ? [2] : [1, 2, 3]
    return threads.map((n) => ({ isa, threads: n }))
  })
  const best = isas[0]
  variants.push({ isa: best, threads: 1, dense: true }, { isa: best, threads: 2, floats: true })
  variants.push({ isa: best, threads: 2, floats: true, dense: true })
  if (isas.includes('avx2'))
    variants.push({ isa: 'avx2', threads: 2, dense: true }, { isa: 'avx2', threads: 1, floats: true })

  it.each(variants)('$isa, $threads threads, dense $dense, floats $floats', (variant) => {
    expect(train(variant)).toBe(PINNED)
  })

  describe('while every core is busy', () => {
    let busy: ChildProcess[]
    beforeAll(() => {
      busy = [0, 1].map(() => spawn(process.execPath, ['-e', 'for (;;);']))
    })
    afterAll(() => {
      for (const child of busy) child.kill('SIGKILL')
    })

    it.each(isas.filter((isa) => isa !== 'portable'))('%s, 3 threads', (isa) => {
      expect(train({ isa, threads: 3 })).toBe(PINNED)
    })
  })
})
