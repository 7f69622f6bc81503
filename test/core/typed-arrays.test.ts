import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import {
  createJsBackend,
  decodeCheckpoint,
  defaultBackend,
  encodeCheckpoint,
  encodeNpy,
  evaluate,
  fit,
  kFold,
  MLP,
  refit,
  type Samples,
  samples,
  search,
  sgd,
  type TrainingCheckpoint,
} from 'native-mlp'
import { describe, expect, it, vi } from 'vitest'
import { encodeSafetensors, parseSafetensors } from '../../src/formats/safetensors.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { ROOT, readSources } from '../repo/source-graph.js'

const context = createContext({})

/** The same typed array, made of a buffer of another realm. */
function foreign<A extends Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array>(array: A): A {
  const type = Object.prototype.toString.call(array).slice(8, -1)
  const copy = runInContext(`new ${type}(${array.length})`, context) as A
  for (let i = 0; i < array.length; i++) copy[i] = array[i]
  expect(copy).not.toBeInstanceOf(Object)
  return copy
}

const reals = Float32Array.from({ length: 80 }, (_, i) => Math.fround(((i * 37) % 100) / 50 - 1))
const bytes = Uint8Array.from({ length: 80 }, (_, i) => (i * 37) % 256)
const labels = Int32Array.from({ length: 20 }, (_, i) => i % 2)
const optimizer = sgd({ learningRate: 0.1 })

describe.each([
  ['native', defaultBackend()],
  ['js', createJsBackend()],
])('arrays of another realm on the %s backend', (_, backend) => {
  const model = () => new MLP({ layers: [4, 3, 2], backend })

  it.each([
    ['float32', { values: reals, labels }],
    ['float64', { values: Float64Array.from(reals), labels }],
    ['bytes', { values: bytes, labels }],
  ])('train, test and predict as those of this realm: %s', async (_, { values, labels }) => {
    const digests: string[] = []
    for (const set of [
      samples({ values, labels, cols: 4 }),
      samples({ values: foreign(values), labels: foreign(labels), cols: 4 }),
    ]) {
      const trained = model()
      const some = set.subset(foreign(Int32Array.of(3, 4)))
      await fit(trained, set, { epochs: 2, optimizer, valid: kFold(set, { folds: 2 })[0].valid, test: some.toShared() })
      const { loss } = await evaluate(trained, set)
      digests.push(`${trained.parametersDigest()} ${loss} ${(await trained.predict(set)).outputs}`)
    }
    expect(digests[1]).toBe(digests[0])
  })

  it('are rows, targets, parameters and checkpoints', async () => {
    const floats = foreign(reals)
    const own = model()
    own.setParameters(own.getParameters().map((l) => ({ weights: foreign(l.weights), biases: foreign(l.biases) })))
    expect(own.parametersDigest()).toBe(model().parametersDigest())
    expect((await own.predict(floats)).outputs).toEqual((await own.predict(reals)).outputs)
    expect(own.predictor().run(floats.subarray(0, 8)).outputs).toEqual(
      own.predictor().run(reals.subarray(0, 8)).outputs,
    )
    const regression = new MLP({ layers: [4, 2], loss: 'meanSquaredError', backend })
    const set = samples({ values: floats, cols: 4, targets: foreign(reals.slice(0, 40)) })
    const checkpoints: TrainingCheckpoint[] = []
    await fit(regression, set, {
      epochs: 2,
      optimizer,
      untilStep: 1,
      callbacks: { onCheckpoint: (e) => void checkpoints.push(e.checkpoint) },
    })
    const checkpoint = decodeCheckpoint(foreign(encodeCheckpoint(checkpoints.at(-1)!)), 'bytes')
    const parameters = checkpoint.parameters.map((l) => ({ weights: foreign(l.weights), biases: foreign(l.biases) }))
    await fit(regression, set, { epochs: 2, optimizer, resume: { ...checkpoint, parameters } })
  })
})

it('arrays of another realm are written to files', () => {
  const array = { shape: [80], data: foreign(reals) }
  expect(encodeNpy(array)).toEqual(encodeNpy({ ...array, data: reals }))
  const written = encodeSafetensors({ tensors: new Map([['x', { shape: [1], data: foreign(BigInt64Array.of(7n)) }]]) })
  expect(parseSafetensors(foreign(written), 'bytes').tensors.get('x')!.data).toEqual(BigInt64Array.of(7n))
})

it('sets and folders of another copy of this package are taken', async () => {
  const address = `${pathToFileURL(join(ROOT, 'src/index.ts'))}?copy`
  vi.resetModules()
  const copy = (await import(/* @vite-ignore */ address)) as typeof import('native-mlp')
  const train: Samples = copy.samples({ values: reals, labels, cols: 4 })
  expect(copy.samples).not.toBe(samples)
  const folder = new copy.StudyFolder(join(temporaryFolder(), 'study'))
  const options = {
    data: { train },
    validFraction: 0.2,
    base: { epochs: 1, batchSize: 4, learningRate: 0.1 },
    workers: 1,
  }
  const study = await search({ ...options, space: { hidden: [2] }, strategy: 'grid', folder })
  await refit(study, { train })
  const model = new MLP({ layers: [4, 3, 2] })
  await fit(model, kFold(train, { folds: 2 })[0].train, {
    epochs: 1,
    optimizer,
    folder: new copy.RunFolder(join(temporaryFolder(), 'run')),
  })
})

it('no file tells typed arrays, sets or folders apart by instanceof', () => {
  const files = [...readSources('src').values()]
  expect(files.length).toBeGreaterThan(100)
  const wrong = files.filter(({ code }) =>
    /instanceof (\w+Array|\w*ArrayBuffer|DataView|Samples|MLP|\w+Folder)\b/.test(code),
  )
  expect(wrong.map(({ path }) => path)).toEqual([])
})
