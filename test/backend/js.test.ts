import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { createJsBackend } from '../../src/backend/js/index.js'
import { evaluationProgram, trainingProgram } from '../../src/backend/program.js'
import { NativeMlpError } from '../../src/core/errors.js'
import { conformance } from './conformance.js'
import { makeLayer, numbers, randomRows, TABLE } from './tools.js'

conformance('js', createJsBackend)

/** Hash of all parameters after 20 steps of a 60-33-10 network on random bytes (FNV-1a, 32 bits). */
function train(backend: Backend, density: number): string {
  const next = numbers(11)
  const values = Uint8Array.from({ length: 200 * 60 }, () => (next() < density ? 1 + next() * 254 : 0))
  const dataset = backend.dataset(values, 200, 60, TABLE)
  const first = makeLayer(backend, randomRows(60, 33, next, 0.3), randomRows(1, 33, next)[0], 'gelu')
  const last = makeLayer(backend, randomRows(33, 10, next, 0.3), randomRows(1, 10, next)[0], 'identity')
  const batch = backend.batch(dataset, 32, 33)
  const hidden = backend.layerOutput(32, first)
  const logits = backend.layerOutput(32, last)
  const logitsGradient = backend.matrix(32, 10)
  const hiddenGradient = backend.matrix(32, 33)
  const rule = { kind: 'sgd', learningRate: 0.2, l2: 1e-3, l2Biases: 1e-3 } as const
  for (let step = 0; step < 20; step++) {
    const rows = Int32Array.from({ length: 32 }, () => Math.floor(next() * 200))
    backend.gather(dataset, rows, batch)
    backend.forward(batch, first, hidden)
    backend.forward(hidden, last, logits)
    backend.loss(
      'softmaxCrossEntropy',
      logits,
      Int32Array.from(rows, (row) => row % 10),
      logitsGradient,
      new Float64Array(32),
    )
    backend.backward(logitsGradient, last, hidden, hiddenGradient)
    backend.update(hidden, logitsGradient, last, rule)
    backend.update(batch, hiddenGradient, first, rule)
  }
  let hash = 0x811c9dc5
  for (const { parameters } of [first, last]) {
    const view = new DataView(parameters.buffer)
    for (let i = 0; i < parameters.length; i++) {
      hash = Math.imul(hash ^ view.getUint32(4 * i, false), 0x01000193)
    }
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}

describe('js backend', () => {
  const backend = createJsBackend()

  it('says what it is', () => {
    const { name, isa, threads, family } = backend
    expect({ name, isa, threads, family }).toEqual({
      name: 'js',
      isa: 'js',
      threads: 1,
      family: { name: 'js', contract: 1 },
    })
  })

  it('gives the recorded bits on every engine: a change of one needs a new contract number', () => {
    expect({ sparse: train(backend, 0.2), dense: train(backend, 1) }).toMatchInlineSnapshot(`
      {
        "dense": "b8fca2aa",
        "sparse": "d3085a72",
      }
    `)
  })

  it('keeps parameters as weights, biases, zeros', () => {
    const layer = makeLayer(
      backend,
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [7, 8, 9],
      'relu',
    )
    expect(Array.from(layer.parameters)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0])
  })
})

describe('js backend, misused', () => {
  const backend = createJsBackend()
  const layer = makeLayer(backend, randomRows(4, 3, numbers(1)), [0, 0, 0], 'relu')
  const input = backend.matrix(5, 4)
  const out = backend.layerOutput(5, layer)
  const gradOut = backend.matrix(5, 3)
  const dataset = backend.dataset(new Uint8Array(40), 10, 4, TABLE)
  const batch = backend.batch(dataset, 5, 3)
  const f32 = (length: number) => new Float32Array(length)
  const rule = { kind: 'sgd', learningRate: 1, l2: 0, l2Biases: 0 } as const
  const program = backend.compile(evaluationProgram(dataset, 6, [layer], 'softmaxCrossEntropy'))
  const { parameters } = layer
  const arenas = { parameters, slots: null, truth: null, rowLosses: null, predicted: new Int32Array(5), outputs: null }
  const training = backend.compile(trainingProgram(dataset, 6, [layer], 'softmaxCrossEntropy'))
  const labels = { ...arenas, truth: new Int32Array(10), rowLosses: new Float64Array(5) }

  const cases: [string, () => unknown, RegExp][] = [
    [
      'forward, input columns',
      () => backend.forward(backend.matrix(5, 3), layer, out),
      /forward input: expected 4 columns, got 3/,
    ],
    [
      'forward, output columns',
      () => backend.forward(input, layer, backend.layerOutput(5, { ...layer, outputs: 2 })),
      /forward output: expected 3 columns/,
    ],
    [
      'forward, output rows',
      () => backend.forward(input, layer, backend.layerOutput(4, layer)),
      /forward output: expected room for 5 rows, got 4/,
    ],
    [
      'forward, activation',
      () => backend.forward(input, { ...layer, activation: 'gelu' }, out),
      /activation: expected 'gelu'/,
    ],
    [
      'forward, parameters',
      () => backend.forward(input, { ...layer, parameters: f32(8) }, out),
      /layer parameters: expected at least 16 values/,
    ],
    [
      'forward, foreign batch',
      () => backend.forward({ kind: 'batch', rows: 1, cols: 4, capacity: 1 }, layer, out),
      /made by the js backend/,
    ],
    [
      'backward, gradient',
      () => backend.backward(backend.matrix(5, 4), layer, out, input),
      /backward gradient: expected 3 columns/,
    ],
    [
      'backward, previous',
      () => backend.backward(gradOut, layer, out, input),
      /backward previous output: expected 4 columns/,
    ],
    [
      'backward, rows',
      () => backend.backward(gradOut, layer, { ...backend.layerOutput(9, { ...layer, outputs: 4 }) }, input),
      /expected 5 rows/,
    ],
    [
      'update, rows',
      () => backend.update(backend.matrix(6, 4), gradOut, layer, rule),
      /expected 6 rows as the input has, got 5/,
    ],
    [
      'update, rule',
      () => backend.update(input, gradOut, layer, { ...rule, kind: 'toString' as 'sgd' }),
      /update rule: expected one of sgd, momentum, adam, rmsProp, got "toString"/,
    ],
    [
      'update, slots',
      () =>
        backend.update(input, gradOut, layer, { ...rule, kind: 'momentum', momentum: 0.9, nesterov: false }, f32(15)),
      /slots: expected a Float32Array of at least 16 values for momentum/,
    ],
    ['gradient, weights', () => backend.gradient(input, gradOut, layer, f32(11), f32(3)), /gradient of the weights/],
    ['gradient, biases', () => backend.gradient(input, gradOut, layer, f32(12), f32(2)), /gradient of the biases/],
    ['pack', () => backend.pack(f32(11), f32(3), layer), /pack weights: expected at least 4 x 3 values/],
    ['unpack', () => backend.unpack(layer, f32(12), f32(2)), /unpack biases: expected at least 3 values/],
    ['dataset, length', () => backend.dataset(new Uint8Array(39), 10, 4, TABLE), /at least 10 x 4 = 40 values/],
    ['dataset, no table', () => backend.dataset(new Uint8Array(40), 10, 4, null), /dataset table/],
    ['dataset, table of floats', () => backend.dataset(f32(40), 10, 4, TABLE), /dataset table/],
    [
      'gather, capacity',
      () => backend.gather(dataset, new Int32Array(6), batch),
      /rowIndices: expected at most 5 rows, got 6/,
    ],
    [
      'gather, row',
      () => backend.gather(dataset, Int32Array.of(0, 10), batch),
      /rowIndices\[1\]: expected a row 0..9, got 10/,
    ],
    ['gather, negative row', () => backend.gather(dataset, Int32Array.of(-1), batch), /rowIndices\[0\]/],
    [
      'gather, columns',
      () => backend.gather(backend.dataset(f32(6), 2, 3, null), Int32Array.of(0), batch),
      /4 columns/,
    ],
    [
      'loss, labels',
      () => backend.loss('softmaxCrossEntropy', out, new Int32Array(4), null, new Float64Array(5)),
      /labels or targets: expected 5 rows/,
    ],
    [
      'loss, class',
      () => backend.loss('softmaxCrossEntropy', out, Int32Array.of(0, 0, 3, 0, 0), null, new Float64Array(5)),
      /label: expected a class 0..2, got 3/,
    ],
    [
      'loss, row losses',
      () => backend.loss('softmaxCrossEntropy', out, new Int32Array(5), null, new Float64Array(4)),
      /rowLosses/,
    ],
    [
      'loss, targets',
      () => backend.loss('meanSquaredError', out, f32(14), null, new Float64Array(5)),
      /expected 5 rows, got 4/,
    ],
    [
      'compile, layers',
      () => backend.compile(evaluationProgram(dataset, 6, [], 'softmaxCrossEntropy')),
      /at least one/,
    ],
    [
      'run, capacity',
      () => backend.run(program, new Int32Array(7), arenas, null),
      /rowIndices: expected at most 6 rows/,
    ],
    ['run, predicted', () => backend.run(program, new Int32Array(6), arenas, null), /predicted/],
    ['run, row', () => backend.run(program, Int32Array.of(11), arenas, null), /a row 0..9, got 11/],
    [
      'run, parameters',
      () => backend.run(program, Int32Array.of(1), { ...arenas, parameters: f32(8) }, null),
      /parameters/,
    ],
    [
      'run, row losses',
      () => backend.run(program, Int32Array.of(1), { ...labels, rowLosses: null }, null),
      /rowLosses/,
    ],
    [
      'run, labels',
      () => backend.run(program, Int32Array.of(1), { ...labels, truth: new Int32Array(9) }, null),
      /10 values/,
    ],
    ['run, no rule', () => backend.run(training, Int32Array.of(1), labels, null), /rule: expected a rule/],
    [
      'run, foreign program',
      () => backend.run({ spec: program.spec, workPerRow: 1 }, Int32Array.of(1), arenas, null),
      /of the js backend/,
    ],
    [
      'gemm, A',
      () => backend.gemm(false, false, 2, 2, 2, 1, f32(3), 2, f32(4), 2, 0, f32(4), 2),
      /gemm A: expected at least 4 values/,
    ],
    [
      'gemm, lda',
      () => backend.gemm(true, false, 3, 2, 2, 1, f32(9), 2, f32(4), 2, 0, f32(6), 2),
      /gemm lda: expected at least 3, got 2/,
    ],
    ['gemm, C', () => backend.gemm(false, false, 2, 2, 2, 1, f32(4), 2, f32(4), 2, 0, f32(3), 2), /gemm C/],
  ]
  it.each(cases)('%s', (_, misuse, message) => {
    expect(misuse).toThrow(NativeMlpError)
    expect(misuse).toThrow(message)
  })
})
