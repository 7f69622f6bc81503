import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { randomStream } from '../../src/core/random.js'
import { ACTIVATIONS, type Loss } from '../../src/core/types.js'
import { MLPClassifier } from '../../src/estimators/classifier.js'
import { encodeSafetensors, parseSafetensors } from '../../src/formats/safetensors.js'
import { encodeModel } from '../../src/io/model-bytes.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { decodeModel } from '../../src/predict/index.js'
import type { Rows } from '../../src/table/rows.js'

const backend = createJsBackend()
const random = randomStream(5, 'rows')
const rows = Float32Array.from({ length: 40 * 7 }, (_, i) => (i % 5 === 0 ? 0 : 2 * random.normal()))
const model = (options: Partial<MLPOptions> = {}) =>
  new MLP({ layers: [7, 33, 5, 3], seed: 4, init: { weights: 0.5, biases: 0.2 }, backend, ...options })

describe('prediction alone', () => {
  it.each(ACTIVATIONS)('has the bits of the TypeScript backend with %s', async (activation) => {
    const trained = model({ activation, classNames: ['a', 'b', 'c'] })
    const alone = decodeModel(encodeModel(trained))
    expect(alone.predict(rows)).toEqual(await trained.predict(rows))
    expect(alone.classNames).toEqual(['a', 'b', 'c'])
  })

  it.each<[Loss, number]>([
    ['meanSquaredError', 2],
    ['huber', 1],
    ['binaryCrossEntropy', 1],
    ['binaryCrossEntropy', 3],
  ])('has those bits with %s and %d outputs', async (loss, outputs) => {
    const trained = model({ loss, layers: [7, 4, outputs] })
    expect(decodeModel(encodeModel(trained)).predict(rows)).toEqual(await trained.predict(rows))
  })

  it('scales bytes as the model does, and tells them from floats', async () => {
    const bytes = Uint8Array.from({ length: 14 }, (_, i) => 18 * i)
    const trained = model({ inputKind: 'bytes' })
    const alone = decodeModel(encodeModel(trained))
    expect(alone.predict(bytes)).toEqual(await trained.predict(bytes))
    expect(() => alone.predict(rows)).toThrow(/rows: expected bytes, which the model was trained on, got floats/)
  })

  it('takes raw rows of a table', async () => {
    const raw = Array.from({ length: 60 }, (_, i) => ({
      size: i % 7 === 0 ? null : i % 11,
      city: ['u', 'v', 'w'][i % 3],
    }))
    const y = raw.map(({ city }) => city === 'u')
    const options = { backend, members: 2, maxIter: 5, hiddenLayerSizes: [6] }
    const { model: trained } = await new MLPClassifier(options).fit(raw, y)
    const alone = decodeModel(encodeModel(trained))
    expect(alone.predictRows(raw)).toEqual(await trained.predictRows(raw))
    expect(alone.predictRows([{ city: 'new' }, { size: 3, city: 'v' }] as Rows)).toHaveLength(2)
    expect(() => alone.predictRows([{ size: 'x', city: 'u' }])).toThrow(/row 0, column "size": expected a number/)
    expect(() => decodeModel(encodeModel(model())).predictRows(raw)).toThrow(/does not know what raw rows mean/)
  })

  it('rejects what is no model, changed bytes and wrong rows', () => {
    const bytes = encodeModel(model())
    const flipped = bytes.slice()
    flipped[bytes.length - 1] ^= 1
    expect(() => decodeModel(flipped, 'm.bin')).toThrow(/m.bin: damaged, or changed by another program/)
    expect(() => decodeModel(bytes.slice(0, 50))).toThrow(/model at byte 50: truncated/)
    expect(() => decodeModel('x' as never)).toThrow(/bytes: expected a Uint8Array/)
    const { tensors, metadata } = parseSafetensors(bytes, 'bytes')
    const { digest: _, ...rest } = metadata
    const old = (change: object) =>
      encodeSafetensors({ tensors, metadata: { ...rest, format_version: '2', ...change } })
    expect(decodeModel(old({})).outputs).toBe(3)
    for (const change of [{ activation: 'x' }, { loss: 'x' }, { input_kind: 'x' }, { output_activation: 'relu' }]) {
      expect(() => decodeModel(old(change), 'm.bin')).toThrow(/^m.bin: /)
    }
    const alone = decodeModel(bytes)
    expect(() => alone.predict(new Float32Array(8))).toThrow(/rows: expected whole rows of 7 values/)
    expect(() => alone.predict(new Float32Array(7).fill(Number.NaN))).toThrow(/output 0 of row 0 is NaN/)
  })

  it('takes at most 20 kB in a page, and no part of Node', async () => {
    const entry = fileURLToPath(new URL('../../src/predict/index.ts', import.meta.url))
    const { outputFiles, metafile } = await build({
      ...{ entryPoints: [entry], bundle: true, minify: true, write: false, metafile: true },
      ...{ format: 'esm', platform: 'browser', logLevel: 'silent' },
    })
    expect(gzipSync(outputFiles[0].contents).length).toBeLessThan(20_000)
    expect(Object.keys(metafile.inputs).filter((path) => /zod|training|optimizers|native/.test(path))).toEqual([])
  })
})
