import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import type { Layer } from '../../../src/backend/operands.js'
import { type Arenas, evaluationProgram } from '../../../src/backend/program.js'
import { ROW_LOSS } from '../../tolerances.js'
import { binaryCrossEntropy, softmaxCrossEntropy } from '../reference.js'
import { arenaOf, assertClose, assertSame, makeLayer, numbers, randomRows, readMatrix, TABLE } from '../tools.js'

const TOTAL = 300
const COUNT = 700

function makeDataset(backend: Backend, D: number, sparse: boolean, bytes: boolean) {
  const next = numbers(D)
  const values = bytes ? new Uint8Array(TOTAL * D) : new Float32Array(TOTAL * D)
  for (let i = 0; i < values.length; i++) {
    const zero = next() > (sparse ? 0.2 : 1)
    values[i] = zero ? 0 : bytes ? 1 + next() * 254 : 2 * next() - 1
  }
  return backend.dataset(values, TOTAL, D, bytes ? TABLE : null)
}

/** Outputs of the network by `forward`, a few rows at a time. */
function stepwise(backend: Backend, dataset: ReturnType<typeof makeDataset>, layers: Layer[], rows: Int32Array) {
  const batch = backend.batch(dataset, 50, layers[0].outputs)
  const outs = layers.map((layer) => backend.layerOutput(50, layer))
  const all: number[][] = []
  for (let begin = 0; begin < rows.length; begin += 50) {
    backend.gather(dataset, rows.subarray(begin, begin + 50), batch)
    backend.forward(batch, layers[0], outs[0])
    for (let i = 1; i < layers.length; i++) backend.forward(outs[i - 1], layers[i], outs[i])
    all.push(...readMatrix(outs[outs.length - 1]))
  }
  return all
}

function check(backend: Backend, sizes: number[], sparse: boolean, bytes: boolean): void {
  const next = numbers(sizes.length)
  const layers = sizes
    .slice(1)
    .map((N, i) =>
      makeLayer(
        backend,
        randomRows(sizes[i], N, next),
        randomRows(1, N, next)[0],
        i === sizes.length - 2 ? 'identity' : 'gelu',
      ),
    )
  const C = sizes[sizes.length - 1]
  const dataset = makeDataset(backend, sizes[0], sparse, bytes)
  const rowIndices = Int32Array.from({ length: COUNT }, () => Math.floor(next() * TOTAL))
  const labels = Int32Array.from({ length: TOTAL }, () => Math.floor(next() * C))
  const predicted = new Int32Array(COUNT).fill(-1)
  const outputs = new Float32Array(COUNT * C).fill(Number.NaN)
  const rowLosses = new Float64Array(COUNT).fill(Number.NaN)
  const parameters = arenaOf(backend, layers)
  const program = backend.compile(evaluationProgram(dataset, COUNT, layers, 'softmaxCrossEntropy'))
  const run = (rows: Int32Array, rest: Omit<Arenas, 'parameters' | 'slots'>) =>
    backend.run(program, rows, { parameters, slots: null, ...rest }, null)
  const correct = run(rowIndices, { truth: labels, rowLosses, predicted, outputs })
  expect(correct).toBe(rowIndices.filter((row, i) => labels[row] === predicted[i]).length)

  const expected = stepwise(backend, dataset, layers, rowIndices)
  const rows = expected.map((_, r) => Array.from(outputs.subarray(r * C, (r + 1) * C)))
  assertSame(rows, expected, `outputs of ${sizes.join('-')}`)
  expect(Array.from(predicted)).toEqual(expected.map((row) => row.indexOf(Math.max(...row))))
  const reference = softmaxCrossEntropy(
    expected,
    Array.from(rowIndices, (row) => labels[row]),
  )
  assertClose(
    [Array.from(rowLosses)],
    [reference.rowLosses],
    (_, r) => ROW_LOSS * (1 + reference.rowLosses[r]),
    'losses',
  )

  // again, fewer rows, no labels or no outputs: nothing of the first time is left
  const few = rowIndices.subarray(0, 3)
  const three = new Int32Array(3).fill(-1)
  const bare = new Float32Array(3 * C).fill(Number.NaN)
  run(few, { truth: null, rowLosses: null, predicted: three, outputs: bare })
  expect(three).toEqual(predicted.subarray(0, 3))
  expect(bare).toEqual(outputs.subarray(0, 3 * C))
  const losses = new Float64Array(3).fill(Number.NaN)
  run(few, { truth: labels, rowLosses: losses, predicted: three, outputs: null })
  expect(losses).toEqual(rowLosses.subarray(0, 3))
  const first = new Float32Array(3 * C).fill(Number.NaN)
  const inOrder = new Float32Array(3 * C).fill(Number.NaN)
  backend.forwardPass(program, 3, parameters, first)
  run(Int32Array.of(0, 1, 2), { truth: null, rowLosses: null, predicted: null, outputs: inOrder })
  expect(first).toEqual(inOrder)
  run(new Int32Array(0), { truth: labels, rowLosses: losses, predicted: three, outputs: null })
  expect(losses).toEqual(rowLosses.subarray(0, 3))
}

/** One yes or no: its class follows from the sign of the output, with labels and without. */
function checkBinary(backend: Backend, sizes: number[]): void {
  const next = numbers(sizes.length)
  const layers = sizes
    .slice(1)
    .map((N, i) => makeLayer(backend, randomRows(sizes[i], N, next), randomRows(1, N, next)[0], 'identity'))
  const dataset = makeDataset(backend, sizes[0], false, false)
  const rows = Int32Array.from({ length: COUNT }, () => Math.floor(next() * TOTAL))
  const truth = Int32Array.from({ length: TOTAL }, () => Math.floor(next() * 2))
  const program = backend.compile(evaluationProgram(dataset, COUNT, layers, 'binaryCrossEntropy'))
  const run = (labels: Int32Array | null) => {
    const [rowLosses, predicted] = [new Float64Array(COUNT).fill(Number.NaN), new Int32Array(COUNT).fill(-1)]
    const arenas = { parameters: arenaOf(backend, layers), slots: null, truth: labels, rowLosses, predicted }
    return { correct: backend.run(program, rows, { ...arenas, outputs: null }, null), rowLosses, predicted }
  }
  const z = stepwise(backend, dataset, layers, rows)
  const targets = Array.from(rows, (row) => [truth[row]])
  const reference = binaryCrossEntropy(z, targets)
  const { correct, rowLosses, predicted } = run(truth)
  expect(Array.from(predicted)).toEqual(z.map(([value]) => (value > 0 ? 1 : 0)))
  expect(correct).toBe(reference.correct)
  const expected = [reference.rowLosses]
  assertClose([Array.from(rowLosses)], expected, (_, r) => ROW_LOSS * (1 + reference.rowLosses[r]), 'losses')
  expect(run(null)).toMatchObject({ correct: 0, predicted })
}

export function evaluation(create: () => Backend): void {
  const backend = create()

  it('gives the class of one yes or no, with labels and without', () => {
    checkBinary(backend, [7, 1])
    checkBinary(backend, [50, 33, 1])
  })

  describe.each([
    ['sparse bytes', true, true],
    ['dense bytes', false, true],
    ['sparse floats', true, false],
    ['dense floats', false, false],
  ])('on %s', (_, sparse, bytes) => {
    it('gives what forward gives, in any order of rows, with repeats, over several chunks', () => {
      check(backend, [7, 3], sparse, bytes)
      check(backend, [50, 17], sparse, bytes)
      check(backend, [50, 33, 20, 10], sparse, bytes)
    })
  })
}
