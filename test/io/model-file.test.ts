import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { encodeNpy } from '../../src/formats/npy.js'
import { encodeSafetensors, parseSafetensors, type Tensor } from '../../src/formats/safetensors.js'
import { decodeModel, encodeModel } from '../../src/io/model-bytes.js'
import { loadModel, saveModel } from '../../src/io/model-file.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { BACKENDS } from '../model/backends.js'
import { temporaryFolder } from './folder.js'

const path = temporaryFolder()

describe.each(BACKENDS)('a model file on %s', (name, backend) => {
  const make = (options: Partial<MLPOptions> = {}) => new MLP({ layers: [7, 33, 5, 3], seed: 4, backend, ...options })

  it('gives the model back, and the same bytes again', async () => {
    const model = make({ activation: 'gelu', inputScale: 'raw', classNames: ['a', 'b"', 'ç'] })
    const file = path(`${name}.safetensors`)
    await saveModel(file, model)
    const loaded = await loadModel(file, { backend })
    expect(loaded).toMatchObject({
      layerSizes: [7, 33, 5, 3],
      activation: 'gelu',
      outputActivation: 'identity',
      loss: 'softmaxCrossEntropy',
      inputScale: 'raw',
      classNames: ['a', 'b"', 'ç'],
      backend,
    })
    expect(loaded.parametersDigest()).toBe(model.parametersDigest())
    await saveModel(path(`${name}-again.safetensors`), loaded)
    const bytes = await readFile(file)
    expect((await readFile(path(`${name}-again.safetensors`))).equals(bytes)).toBe(true)
    expect((await readdir(dirname(file))).filter((entry) => !entry.endsWith('.safetensors'))).toEqual([])
  })

  it('keeps a regression without class names', () => {
    const options = { loss: 'meanSquaredError', outputActivation: 'sigmoid', activation: 'tanh' } as const
    const loaded = decodeModel(encodeModel(make(options)), 'bytes', { backend })
    expect(loaded).toMatchObject({ ...options, classNames: null })
  })

  it('holds the same bytes whatever the backend', () => {
    const other = new MLP({ layers: [7, 33, 5, 3], seed: 4, backend: BACKENDS[0][1] })
    expect(encodeModel(make())).toEqual(encodeModel(other))
  })

  it('says what it is in its metadata, in fixed order, and nothing of the machine', () => {
    const { metadata, tensors } = parseSafetensors(encodeModel(make()), 'bytes')
    expect(Object.entries(metadata)).toEqual([
      ['format', 'native-mlp'],
      ['format_version', '3'],
      ['layers', '[7,33,5,3]'],
      ['activation', 'relu'],
      ['output_activation', 'identity'],
      ['loss', 'softmaxCrossEntropy'],
      ['input_scale', 'unit'],
      ['input_kind', 'unknown'],
      ['class_names', 'null'],
      ['digest', expect.stringMatching(/^[0-9a-f]{16}$/)],
    ])
    const parameters = make().getParameters()
    expect([...tensors]).toEqual(
      parameters.flatMap(({ weights, biases, inputs, outputs }, l) => [
        [`layers.${l}.weights`, { shape: [inputs, outputs], data: weights }],
        [`layers.${l}.biases`, { shape: [outputs], data: biases }],
      ]),
    )
  })

  it('is not written for parameters that are not finite', async () => {
    const model = make()
    model.layers[1].parameters.fill(Number.NaN)
    await expect(saveModel(path('nan.bin'), model)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining('layer 2'),
    })
    await expect(readFile(path('nan.bin'))).rejects.toThrow(/ENOENT/)
  })
})

describe('a hostile model file', () => {
  const backend = BACKENDS[0][1]
  const good = parseSafetensors(encodeModel(new MLP({ layers: [3, 4, 2], backend })), 'bytes')

  function changed(metadata: Record<string, string | undefined>, tensors: Record<string, Tensor | undefined> = {}) {
    const keep = <T>(record: Record<string, T | undefined>) =>
      Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== undefined)
    // a file of version 2 has no digest, which would hide what else is wrong
    const older = { ...good.metadata, format_version: '2', digest: undefined }
    return encodeSafetensors({
      tensors: new Map(keep({ ...Object.fromEntries(good.tensors), ...tensors })),
      metadata: Object.fromEntries(keep({ ...older, ...metadata })),
    })
  }
  const zeros = (...shape: number[]): Tensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) })

  it('of version 1 or 2, without a digest, is still read', () => {
    expect(decodeModel(changed({}), 'bytes', { backend }).layerSizes).toEqual([3, 4, 2])
    const first = changed({ format_version: '1', input_kind: undefined })
    expect(decodeModel(first, 'bytes', { backend }).inputKind).toBeNull()
  })

  it('is refused with any bit changed, in the header and in the tensors', () => {
    const model = new MLP({ layers: [3, 4, 2], classNames: ['a', 'ç\u0001'], backend })
    const bytes = encodeModel(model)
    const accepted: string[] = []
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes.slice()
        changed[at] ^= 1 << bit
        try {
          decodeModel(changed, 'x', { backend })
          accepted.push(`bit ${bit} of byte ${at}`)
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_FILE', message: expect.stringMatching(/^x/) })
        }
      }
    }
    expect(accepted).toEqual([])
  })

  it('whose digest does not match says so, whatever its version', () => {
    const { metadata, tensors } = good
    const changes: Record<string, string>[] = [
      { format_version: '2' },
      { activation: 'tanh' },
      { note: 'x' },
      { digest: '0'.repeat(16) },
    ]
    for (const change of changes) {
      const bytes = encodeSafetensors({ tensors, metadata: { ...metadata, ...change } })
      expect(() => decodeModel(bytes, 'x')).toThrow(/^x: damaged, or changed by another program: its digest is/)
    }
    const { digest: _, ...without } = metadata
    expect(() => decodeModel(encodeSafetensors({ tensors, metadata: without }), 'x')).toThrow('no digest')
  })

  it('may be written again by another program, in any order', () => {
    const metadata = Object.fromEntries(Object.entries(good.metadata).reverse())
    const tensors = new Map([...good.tensors].reverse())
    expect(decodeModel(encodeSafetensors({ tensors, metadata }), 'x', { backend }).layerSizes).toEqual([3, 4, 2])
  })

  it('with an object in the place of a list is refused, naming the key', async () => {
    const file = fileURLToPath(new URL('../fixtures/cases/model-length-object.safetensors', import.meta.url))
    await expect(loadModel(file)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('layers in its metadata: '),
    })
  })

  it('is still readable when nothing is changed', () => {
    expect(decodeModel(changed({}), 'bytes', { backend }).layerSizes).toEqual([3, 4, 2])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['another format', changed({ format: 'pt' }), /not a model of this package/],
    ['no metadata', encodeSafetensors({ tensors: good.tensors }), /not a model of this package/],
    ['a newer version', changed({ format_version: '5' }), /format version 5 is newer than 4/],
    ['a version that is none', changed({ format_version: '-1' }), /format_version '-1' is not a version/],
    ['no layers', changed({ layers: undefined }), /metadata have no layers/],
    ['layers that are not JSON', changed({ layers: '[3,' }), /layers in its metadata is not JSON/],
    ['layers that are not sizes', changed({ layers: '[3,-4,2]' }), /layers in its metadata/],
    ['layers far too large', changed({ layers: '[3,1e300,2]' }), /layers in its metadata/],
    ['layers that would fill the memory', changed({ layers: '[65536,65536]' }), /'layers\.0\.weights': expected shape/],
    ['one layer more', changed({ layers: '[3,4,2,2]' }), /'layers\.2\.weights' is missing/],
    ['one layer less', changed({ layers: '[3,4]' }), /more layers than its metadata say/],
    ['an unknown activation', changed({ activation: 'swish' }), /activation: expected one of .* got "swish"/],
    ['no activation', changed({ activation: undefined }), /no activation/],
    ['an unknown loss', changed({ loss: 'hinge' }), /loss: expected one of/],
    ['a loss that does not fit', changed({ output_activation: 'relu' }), /is incompatible with loss/],
    ['an unknown scale', changed({ input_scale: 'percent' }), /inputScale: expected one of/],
    ['class names of the wrong number', changed({ class_names: '["a"]' }), /classNames: expected 2 strings/],
    ['class names that are not strings', changed({ class_names: '[1,2]' }), /class_names in its metadata/],
    ['a missing tensor', changed({}, { 'layers.1.biases': undefined }), /'layers\.1\.biases' is missing/],
    ['a tensor too many', changed({}, { extra: zeros(2) }), /unexpected tensor 'extra'/],
    ['a transposed tensor', changed({}, { 'layers.0.weights': zeros(4, 3) }), /expected shape \[3, 4\], got \[4, 3\]/],
    ['a flat tensor', changed({}, { 'layers.0.weights': zeros(12) }), /expected shape \[3, 4\], got \[12\]/],
    [
      'doubles',
      changed({}, { 'layers.1.biases': { shape: [2], data: new Float64Array(2) } }),
      /'layers\.1\.biases': expected elements of type F32/,
    ],
    [
      'a NaN',
      changed({}, { 'layers.1.biases': { shape: [2], data: Float32Array.of(0, Number.NaN) } }),
      /'layers\.1\.biases': element 1 is NaN/,
    ],
    ['a cut', changed({}).slice(0, -5), /./],
    ['nothing', new Uint8Array(0), /truncated/],
    ['text', new TextEncoder().encode('epoch,loss\n0,2.3\n'), /: not a safetensors file: /],
    ['a few letters', new TextEncoder().encode('model'), /: not a safetensors file: /],
    ['an array of NumPy', encodeNpy({ shape: [2], data: Float32Array.of(1, 2) }), /: not a safetensors file: /],
  ])('with %s is refused, by name', async (_, bytes, message) => {
    const file = path('hostile.safetensors')
    await writeFile(file, bytes)
    await expect(loadModel(file, { backend })).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringMatching(message),
    })
    await expect(loadModel(file, { backend })).rejects.toThrow(file)
  })

  it('that is not there is a file system error', async () => {
    await expect(loadModel(path('none.safetensors'))).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
    await expect(loadModel(path('none'), { backed: 1 } as never)).rejects.toThrow(/did you mean 'backend'/)
  })
})
