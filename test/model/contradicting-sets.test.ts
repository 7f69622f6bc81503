import { adam, createJsBackend, dataDigest, evaluate, fit, kFold, MLP, Samples, samples } from 'native-mlp'
import { describe, expect, it } from 'vitest'

/** Sets whose fields contradict each other, and arrays that change after they have been given away. */
const ROWS = 60
const COLS = 9

type Fields = { -readonly [name in keyof Samples]?: unknown }

function fieldsOf(kind: 'bytes' | 'floats'): Fields {
  const bytes = Uint8Array.from({ length: ROWS * COLS }, (_, i) => (i * 7919) % 256)
  const values = kind === 'bytes' ? bytes : Float32Array.from(bytes, (value) => value / 255)
  return { ...samples({ values, cols: COLS, labels: Array.from({ length: ROWS }, (_, i) => i % 3) }) }
}

const setOf = (changed: Fields, kind: 'bytes' | 'floats' = 'floats') =>
  new Samples({ ...fieldsOf(kind), ...changed } as unknown as Samples)

const rowsWith = (row: number) => Int32Array.from({ length: ROWS }, (_, i) => (i === 40 ? row : i))
const fitOptions = () => ({ optimizer: adam({ learningRate: 0.01 }), epochs: 1, batchSize: 16 })

describe.each(['native', 'js'] as const)('%s backend', (name) => {
  const model = () => new MLP({ layers: [COLS, 4, 3], ...(name === 'js' && { backend: createJsBackend() }) })

  const contradictions: [string, Fields, 'bytes' | 'floats', RegExp][] = [
    [
      'a row beyond the values',
      { rows: rowsWith(ROWS) },
      'floats',
      /\.rows\[40\]: expected a row of values, 0\.\.59, got 60/,
    ],
    ['a negative row', { rows: rowsWith(-1) }, 'bytes', /\.rows\[40\]: expected a row of values, 0\.\.59, got -1/],
    [
      'no whole rows',
      { values: new Float32Array(ROWS * COLS - 1) },
      'floats',
      /\.values: expected whole rows of 9 values/,
    ],
    ['bytes without a table', { table: null }, 'bytes', /\.table: expected a Float32Array of length 256 for bytes/],
    ['a short table', { table: new Float32Array(255) }, 'bytes', /\.table: expected a Float32Array of length 256/],
    ['floats with a table', { table: new Float32Array(256) }, 'floats', /\.table: expected .* null for floats/],
  ]

  it.each(contradictions)('%s', async (_, changed, kind, message) => {
    const error = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }
    const set = () => setOf(changed, kind)
    await expect(fit(model(), set(), fitOptions())).rejects.toMatchObject(error)
    await expect(fit(model(), setOf({}, kind), { ...fitOptions(), valid: set() })).rejects.toMatchObject(error)
    await expect(evaluate(model(), set())).rejects.toMatchObject(error)
    await expect(model().predict(set())).rejects.toMatchObject(error)
  })

  it('a few rows with a negative number are not predicted as the last ones', async () => {
    const set = setOf({ rows: Int32Array.of(-1, 0) })
    await expect(model().predict(set)).rejects.toThrow('inputs.rows[0]: expected a row of values, 0..59, got -1')
  })

  it.each(['values', 'rows', 'labels'] as const)('%s that are transferred during a run', async (key) => {
    const set = setOf({})
    const onStep = ({ step }: { step: number }) => {
      if (step === 1) structuredClone(set[key]!.buffer, { transfer: [set[key]!.buffer as ArrayBuffer] })
    }
    await expect(fit(model(), set, { ...fitOptions(), valid: set, callbacks: { onStep } })).rejects.toMatchObject({
      name: 'NativeMlpError',
      code: expect.stringMatching(/INVALID_ARGUMENT|NOT_FINITE/),
    })
  })
})

describe('labels out of range', () => {
  it.each([2 ** 31 - 1, -1, 3])('%s does not stop a stratified division', (label) => {
    const set = setOf({ labels: Int32Array.from({ length: ROWS }, (_, i) => (i === 7 ? label : i % 3)) })
    const message = `label of row 7: expected an integer from 0 to 2, got ${label}`
    expect(() => set.split({ valid: 0.2, stratified: true })).toThrow(`split: stratified: ${message}`)
    expect(() => kFold(set, { folds: 3, stratified: true })).toThrow(`kFold: stratified: ${message}`)
  })
})

it('more classes than any set may have are an error, before anything takes memory for them', () => {
  expect(() => setOf({ classes: 2 ** 31 })).toThrow('Samples.classes: expected an integer from 0 to 65536')
})

describe.each(['values', 'rows', 'labels'] as const)('a set whose %s have been transferred', (key) => {
  const calls: [string, (set: Samples) => unknown][] = [
    ['split', (set) => set.split({ valid: 0.2 })],
    ['stratified split', (set) => set.split({ valid: 0.2, stratified: true })],
    ['take', (set) => set.take(3)],
    ['subset', (set) => set.subset([1, 2])],
    ['toShared', (set) => set.toShared()],
    ['kFold', (set) => kFold(set, { folds: 3, stratified: true })],
    ['dataDigest', (set) => dataDigest({ train: set })],
  ]
  /** Nothing of what was transferred is needed here. */
  const unaffected = {
    values: ['split', 'stratified split', 'take', 'subset', 'kFold'],
    rows: [] as string[],
    labels: ['split', 'take', 'subset'],
  }[key]

  it.each(calls)('is an error in %s that reads them', (name, call) => {
    const set = setOf({})
    structuredClone(set[key]!.buffer, { transfer: [set[key]!.buffer as ArrayBuffer] })
    const error = expect.objectContaining({ name: 'NativeMlpError', code: 'INVALID_ARGUMENT' })
    if (unaffected.includes(name)) expect(() => call(set)).not.toThrow()
    else expect(() => call(set)).toThrow(error)
  })
})
