import { describe, expect, it } from 'vitest'
import { samples } from '../../src/data/samples.js'
import { encodeSafetensors, parseSafetensors } from '../../src/formats/safetensors.js'
import { decodeModel, encodeModel } from '../../src/io/model-bytes.js'
import { MLP } from '../../src/model/mlp.js'
import { evaluate } from '../../src/train/evaluate.js'
import { fit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'

const labels = Array.from({ length: 40 }, (_, i) => i % 2)
const pixels = Uint8Array.from({ length: 80 }, (_, i) => (i * 37) % 256)
const scaled = Float32Array.from(pixels, (pixel) => Math.fround(pixel / 255))
const bytes = samples({ values: pixels, cols: 2, labels })
const floats = samples({ values: scaled, cols: 2, labels })
/** says that they are bytes after their scale */
const scaledBytes = samples({ values: scaled, cols: 2, labels, kind: 'bytes' })

const newModel = () => new MLP({ layers: [2, 4, 2], seed: 3 })
const options = { optimizer: sgd({ learningRate: 0.1 }), epochs: 1, batchSize: 10 }
async function trained(set: typeof bytes): Promise<MLP> {
  const model = newModel()
  await fit(model, set, options)
  return model
}

describe('a model', () => {
  it('takes bytes and floats until it is trained, and then what it was trained on', async () => {
    const model = newModel()
    expect(model.inputKind).toBeNull()
    await model.predict(pixels)
    await model.predict(scaled)
    await fit(model, bytes, options)
    expect(model.inputKind).toBe('bytes')
    expect((await trained(floats)).inputKind).toBe('floats')
    expect((await trained(scaledBytes)).inputKind).toBe('bytes')
  })

  it('trained on floats refuses bytes wherever they come from', async () => {
    const model = await trained(floats)
    const message = 'expected floats, which the model was trained on, got bytes'
    await expect(model.predict(pixels)).rejects.toThrow(`inputs: ${message}`)
    await expect(model.predict(bytes)).rejects.toThrow(`inputs: ${message}`)
    await expect(evaluate(model, bytes)).rejects.toThrow(message)
    await expect(fit(model, bytes, options)).rejects.toThrow(`train: ${message}`)
    expect(() => model.predictor().run(pixels.subarray(0, 2))).toThrow(`rows: ${message}`)
    await expect(model.predict(scaled)).resolves.toBeDefined()
  })

  it('trained on bytes refuses floats, unless they are said to be bytes after their scale', async () => {
    const model = await trained(bytes)
    const message = "expected bytes, which the model was trained on, got floats; if they are bytes scaled by 'unit', "
    await expect(model.predict(scaled)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `inputs: ${message}pass kind: 'bytes'`,
    })
    await expect(evaluate(model, floats)).rejects.toThrow(message)
    await expect(fit(model, floats, options)).rejects.toThrow(`train: ${message}`)
    expect(() => model.predictor().run(scaled.subarray(0, 2))).toThrow(`rows: ${message}`)
    const { outputs } = await model.predict(pixels)
    expect((await model.predict(scaled, { kind: 'bytes' })).outputs).toEqual(outputs)
    expect((await model.predict(scaledBytes)).outputs).toEqual(outputs)
    const { outputs: first } = model.predictor({ kind: 'bytes' }).run(scaled.subarray(0, 2))
    expect(first).toEqual(outputs.subarray(0, 2))
  })

  it('is validated on rows of the kind it is trained on', async () => {
    await expect(fit(newModel(), bytes, { ...options, valid: floats })).rejects.toThrow('valid: expected bytes')
  })

  it('keeps what it was trained on in clones and files', async () => {
    for (const set of [bytes, floats]) {
      const model = await trained(set)
      expect(model.clone().inputKind).toBe(set.kind)
      expect(decodeModel(encodeModel(model), 'file').inputKind).toBe(set.kind)
    }
    expect(decodeModel(encodeModel(newModel()), 'file').inputKind).toBeNull()
  })
})

describe('a file', () => {
  const { tensors, metadata: written } = parseSafetensors(encodeModel(newModel()), 'file')
  const { digest: _, ...others } = written
  const metadata: Record<string, string> = { ...others, format_version: '2' } // whose files have no digest
  const decoded = (changes: Record<string, string>) =>
    decodeModel(encodeSafetensors({ tensors, metadata: { ...metadata, ...changes } }), 'file')

  it('of version 1 does not say what its model was trained on', () => {
    const { input_kind: _, ...old } = metadata
    const bytes = encodeSafetensors({ tensors, metadata: { ...old, format_version: '1' } })
    expect(decodeModel(bytes, 'file').inputKind).toBeNull()
    const missing = encodeSafetensors({ tensors, metadata: old })
    expect(() => decodeModel(missing, 'file')).toThrow('file: its metadata have no input_kind')
  })

  it('with another kind is refused', () => {
    expect(() => decoded({ input_kind: 'words' })).toThrow("file: inputKind: expected one of 'bytes', 'floats'")
  })
})

it('bytes are bytes', () => {
  const options = { values: pixels, cols: 2, kind: 'floats' as const }
  expect(() => samples(options)).toThrow("kind: expected 'bytes' for a Uint8Array")
})

describe('floats declared as bytes that are scaled', () => {
  const unscaled = Float32Array.from(pixels)

  it('are errors outside of the scale, which 0 to 255 would be for the scale unit', async () => {
    const model = await trained(bytes)
    const message = "expected 0 to 1, a byte in the scale 'unit', got 37"
    const error = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }
    expect(() => samples({ values: unscaled, cols: 2, labels, kind: 'bytes' })).toThrow(
      `values: row 0, column 1: ${message}`,
    )
    await expect(model.predict(unscaled, { kind: 'bytes' })).rejects.toMatchObject(error)
    expect(() => model.predictor({ kind: 'bytes' }).run(unscaled.subarray(0, 4))).toThrow(`rows[0][1]: ${message}`)
    expect(() => samples({ values: [-0.1, 0], cols: 2, labels: [0], kind: 'bytes' })).toThrow(
      'column 0: expected 0 to 1',
    )
  })

  it('may be 0 to 255 for the scale raw', async () => {
    const raw = { cols: 2, labels, kind: 'bytes', scale: 'raw' } as const
    const model = new MLP({ layers: [2, 4, 2], inputScale: 'raw' })
    await fit(model, samples({ ...raw, values: unscaled }), options)
    await model.predict(unscaled, { kind: 'bytes' })
    expect(() => samples({ ...raw, values: [256, 0], labels: [0] })).toThrow('expected 0 to 255')
  })
})
