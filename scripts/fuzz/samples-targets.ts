import {
  adam,
  createJsBackend,
  dataDigest,
  evaluate,
  fit,
  gridSearch,
  kFold,
  MLP,
  modelOptionsOf,
  Predictor,
  Samples,
  sgd,
} from 'native-mlp'
import { HOSTILE_NUMBERS } from './hostile-values.js'
import type { Random } from './random.js'
import { SMALL, smallSet } from './small-data.js'
import type { Target } from './targets.js'

type Fields = { -readonly [name in keyof Samples]?: unknown }
type Numbers = Uint8Array | Float32Array | Int32Array

const KINDS = ['bytes', 'floats', 'targets'] as const
const ARRAYS = ['values', 'rows', 'labels', 'targets', 'table'] as const

/**
 * Sets whose fields contradict each other, as the constructor of Samples lets them through or as they become when their arrays
 * are changed later, given to everything that takes a set.
 */
export function samplesTargets(): Target[] {
  return Object.entries(USES).map(([name, { share = 40, use }]) => ({
    name: `samples: ${name}`,
    share,
    content: () => null,
    run: async (random) => {
      const kind = random.pick(KINDS)
      const fields: Fields = { ...smallSet(kind) }
      const times = random.pick([1, 1, 1, 2, 3])
      for (let i = 0; i < times; i++) random.pick(CONTRADICTIONS)(fields, random)
      const set = new Samples(fields as Samples)
      if (random.chance(0.2)) onArray(fields, random, (array) => random.pick(HARMS)(array, random))
      await use({ kind, set, random })
    },
  }))
}

interface Use {
  readonly kind: (typeof KINDS)[number]
  readonly set: Samples
  readonly random: Random
}

function modelFor({ kind, random }: Use): MLP {
  const options = { layers: [SMALL.cols, 4, kind === 'targets' ? 1 : SMALL.classes], seed: 2 }
  const loss = kind === 'targets' ? ('meanSquaredError' as const) : ('softmaxCrossEntropy' as const)
  return new MLP({ ...options, loss, ...(random.chance(0.3) && { backend: createJsBackend() }) })
}

const optimizer = (random: Random) => (random.chance(0.5) ? sgd({ learningRate: 0.1 }) : adam({ learningRate: 0.01 }))

/** All of one epoch, short. */
const fitOptions = (random: Random) => ({
  ...{ optimizer: optimizer(random), epochs: 1, batchSize: random.pick([1, 8, 16, 48]), yieldEveryMs: 0 },
  signal: AbortSignal.timeout(300),
})

const USES: Readonly<Record<string, { share?: number; use: (given: Use) => unknown }>> = {
  fit: {
    share: 120,
    use: (given) => fit(modelFor(given), given.set, { ...fitOptions(given.random), ...weights(given) }),
  },
  'fit, valid': {
    share: 80,
    use: (given) => fit(modelFor(given), smallSet(given.kind), { ...fitOptions(given.random), valid: given.set }),
  },
  'fit, changed meanwhile': {
    share: 80,
    use: ({ random, kind }) => {
      const set = smallSet(kind)
      const fields: Fields = { ...set }
      const harm = random.pick(HARMS)
      const name = random.pick(ARRAYS.filter((key) => fields[key] !== null))
      const at = random.below(4)
      const onStep = ({ step }: { step: number }) => {
        if (step === at && set[name]!.length > 0) harm(set[name] as Numbers, random)
      }
      const options = { ...fitOptions(random), batchSize: 8, valid: random.chance(0.5) ? set : smallSet(kind, 12) }
      return fit(modelFor({ kind, set, random }), set, { ...options, callbacks: { onStep } })
    },
  },
  evaluate: {
    share: 80,
    use: (given) => evaluate(modelFor(given), given.set, { chunk: given.random.pick([1, 7, 100]) }),
  },
  'evaluate, metrics': {
    use: (given) => {
      const metrics =
        given.kind === 'targets' ? (['r2', 'mae'] as const) : (['rocAuc', 'f1Macro', 'brierScore'] as const)
      return evaluate(modelFor(given), given.set, { metrics })
    },
  },
  predict: { share: 80, use: (given) => modelFor(given).predict(given.set) },
  Predictor: { share: 10, use: (given) => new Predictor(modelFor(given)).run(given.set.values as Float32Array) },
  split: { use: ({ set, random }) => useAll(set.split({ valid: 0.25, stratified: random.chance(0.5) })) },
  'take and subset': { use: ({ set }) => useAll({ a: set.take(3), b: set.subset([0, 1, 1]) }) },
  kFold: {
    use: ({ set, random }) =>
      Promise.all(kFold(set, { folds: 3, stratified: random.chance(0.5) }).map((fold) => useAll({ ...fold }))),
  },
  dataDigest: { use: ({ set }) => dataDigest({ train: set }) },
  'toShared and describe': { use: ({ set }) => useAll({ set: Samples.fromDescription(set.toShared().describe()) }) },
  modelOptionsOf: { use: ({ set }) => new MLP(modelOptionsOf({ hidden: [3], learningRate: 0.1 }, set)) },
  gridSearch: {
    share: 2,
    use: ({ set, random, kind }) =>
      gridSearch({
        ...{ data: random.chance(0.5) ? { train: set } : { train: smallSet(kind), valid: set }, workers: 1 },
        ...{ grid: { learningRate: [0.1] }, signal: AbortSignal.timeout(1000) },
        base: { hidden: 4, epochs: 1, ...(kind === 'targets' && { loss: 'meanSquaredError' as const }) },
      }),
  },
}

function weights({ random, kind }: Use): object {
  if (random.chance(0.7)) return {}
  if (random.chance(0.5) && kind !== 'targets') return { classWeights: 'balanced' }
  return {
    sampleWeights: Array.from({ length: random.pick([SMALL.rows, 1, 0]) }, () => random.pick([0, 1, 2, 1e-30, 1e30])),
  }
}

async function useAll(sets: Readonly<Record<string, Samples>>): Promise<void> {
  for (const set of Object.values(sets)) {
    const model = new MLP({ layers: [SMALL.cols, 3, SMALL.classes] })
    await model.predict(set)
  }
}

/** What other code can do to an array that it has given away. */
const HARMS: readonly ((array: Numbers, random: Random) => void)[] = [
  (array) => {
    const { buffer } = array
    if (buffer instanceof ArrayBuffer && !(buffer as { resizable?: boolean }).resizable)
      structuredClone(buffer, { transfer: [buffer] })
  },
  (array, random) => {
    const { buffer } = array as { buffer: { resizable?: boolean; resize?: (length: number) => void } }
    if (buffer.resizable) buffer.resize!(random.below(array.byteLength / 4) * 4)
  },
  (array, random) => {
    for (let i = random.below(5); i >= 0; i--) array[random.below(array.length)] = random.pick(HOSTILE_NUMBERS)
  },
  (array, random) => array.fill(random.pick(HOSTILE_NUMBERS)),
]

const CONTRADICTIONS: readonly ((fields: Fields, random: Random) => void)[] = [
  // an array that is damaged, of another length, or in memory of another kind
  (fields, random) => onArray(fields, random, (array) => random.pick(HARMS)(array, random)),
  (fields, random) => onArray(fields, random, (array) => array.subarray(0, random.below(array.length + 1))),
  (fields, random) => onArray(fields, random, (array) => resized(array, random.below(array.length + 1))),
  (fields, random) => onArray(fields, random, inSharedMemory),
  (fields, random) => onArray(fields, random, (array) => resized(array, array.length)),
  (fields, random) => onArray(fields, random, (array) => longer(array, 1 + random.below(60))),
  (fields, random) => onArray(fields, random, unaligned),
  (fields) => {
    fields.labels = null
  },
  (fields) => {
    fields.targets = null
  },
  (fields, random) => {
    fields.rows = Int32Array.from({ length: random.below(60) }, () => random.pick([0, 1, 47, 48, -1, 2 ** 31 - 1, 1e6]))
  },
  (fields, random) => {
    fields.values = random.chance(0.5) ? new Float32Array(48 * 9) : new Uint8Array(48 * 9)
  },
  (fields, random) => {
    fields.table = random.chance(0.5) ? null : new Float32Array(random.pick([0, 1, 255, 256, 257])).fill(Number.NaN)
  },
  (fields, random) => {
    fields.labels = Int32Array.from({ length: 48 }, () => random.pick([0, 1, 2, 3, -1, 1e6, 2 ** 31 - 1]))
  },
  (fields, random) => {
    fields.targets = new Float32Array(random.pick([0, 1, 47, 48, 96])).fill(random.pick([0.5, Number.NaN, 1e38]))
  },
  (fields, random) => {
    const name = random.pick(['cols', 'classes', 'targetCols'] as const)
    fields[name] = random.pick([0, 1, 2, 3, 8, 9, 10, 784, 65_536, 2 ** 31, 2 ** 53 - 1])
  },
  (fields, random) => {
    fields.classNames = random.pick([[], ['a'], ['a', 'a', 'a'], [1, 2, 3], ['\u001b[31m', 'b', 'c'], new Array(100)])
  },
  (fields, random) => {
    fields.kind = random.pick(['bytes', 'floats'])
    fields.scale = random.pick(['unit', 'raw'])
  },
  (fields, random) => {
    fields.imageShape = random.pick([null, [3, 3], [1, 9], [100, 100], [], [Number.NaN, 3], ['a', 'b']])
  },
]

function onArray(fields: Fields, random: Random, change: (array: Numbers) => unknown): void {
  const names = ARRAYS.filter((key) => ((fields[key] as Numbers | null)?.byteLength ?? 0) > 0)
  if (names.length === 0) return
  const name = random.pick(names)
  const changed = change(fields[name] as Numbers)
  if (ArrayBuffer.isView(changed)) fields[name] = changed
}

type Constructor = new (buffer: ArrayBufferLike | number, offset?: number, length?: number) => Numbers

function copiedInto(array: Numbers, buffer: ArrayBufferLike, offset = 0): Numbers {
  const copy = new (array.constructor as Constructor)(buffer, offset, array.length)
  copy.set(array)
  return copy
}

/** Over a buffer that has shrunk: the array has followed it, or is out of bounds. */
function resized(array: Numbers, length: number): Numbers {
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: object,
  ) => ArrayBuffer & { resize(n: number): void }
  const buffer = new Resizable(array.byteLength, { maxByteLength: array.byteLength })
  const isTracking = length % 2 === 0
  const copy = isTracking ? new (array.constructor as Constructor)(buffer) : copiedInto(array, buffer)
  copy.set(array)
  buffer.resize(length * array.BYTES_PER_ELEMENT)
  return copy
}

function inSharedMemory(array: Numbers): Numbers {
  return copiedInto(array, new SharedArrayBuffer(array.byteLength))
}

function longer(array: Numbers, by: number): Numbers {
  const copy = new (array.constructor as Constructor)(array.length + by)
  copy.set(array)
  return copy
}

/** Not where a vector of the processor begins. */
function unaligned(array: Numbers): Numbers {
  return copiedInto(array, new ArrayBuffer(array.byteLength + 4), array.BYTES_PER_ELEMENT)
}
