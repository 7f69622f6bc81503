import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { dataDigest } from '../../src/data/digest.js'
import { loadData } from '../../src/data/load.js'
import type { DataSpec } from '../../src/data/spec.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { idx, writeFiles } from './idx-file.js'

const root = temporaryFolder()
let folders = 0
const newFolder = () => join(root, `set-${folders++}`)

/** Three training rows and two test rows of 2 x 3 bytes, in four classes. */
const FILES = {
  'train-images-idx3-ubyte': idx('uint8', [3, 2, 3], Array(18).fill(7)),
  'train-labels-idx1-ubyte': idx('uint8', [3], [0, 3, 1]),
  't10k-images-idx3-ubyte': idx('uint8', [2, 2, 3], [...Array(11).fill(1), 255]),
  't10k-labels-idx1-ubyte': idx('uint8', [2], [1, 3]),
}
const small = writeFiles(newFolder(), FILES)
const load = (files: Record<string, Uint8Array>, options: object = {}) =>
  loadData({ idx: { folder: writeFiles(newFolder(), files), ...options } })
const { 't10k-images-idx3-ubyte': _, 't10k-labels-idx1-ubyte': __, ...TRAINING } = FILES

describe('loadData', () => {
  it('reads a folder in the layout of MNIST and says what it holds', async () => {
    const { train, test, recipe, schema, source } = await loadData({ idx: { folder: small }, scale: 'raw' })
    expect([train.length, test?.length]).toEqual([3, 2])
    expect([...(train.labels ?? [])]).toEqual([0, 3, 1])
    expect(schema).toEqual({
      inputs: 6,
      values: 'bytes',
      imageShape: [2, 3],
      classes: 4,
      classNames: ['0', '1', '2', '3'],
    })
    expect(source).toBe(`folder ${small}`)
    expect(recipe).toEqual({ idx: { folder: small }, scale: 'raw', digest: dataDigest({ train, test }) })
    expect(JSON.parse(JSON.stringify(recipe))).toEqual(recipe)
  })

  it('finds MNIST itself', async () => {
    const { train, test, recipe, schema } = await loadData({ mnist: {} })
    expect([train.length, test?.length, schema.inputs, schema.classes]).toEqual([60_000, 10_000, 784, 10])
    expect(recipe).toMatchObject({ mnist: {}, scale: 'unit' })
  })

  it('puts the arrays in shared memory on request', async () => {
    const { train, recipe } = await loadData({ idx: { folder: small } }, { shared: true })
    for (const array of [train.values, train.labels, train.rows])
      expect(array?.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(recipe).toEqual((await loadData({ idx: { folder: small } })).recipe)
  })

  it.each([
    ['uint8', [2, 4], 'bytes', null, 4],
    ['uint8', [2, 2, 2, 3], 'bytes', null, 12],
    ['int8', [2, 5], 'floats', null, 5],
    ['int16', [2], 'floats', null, 1],
    ['int32', [2, 1, 7], 'floats', [1, 7], 7],
    ['float32', [2, 30], 'floats', null, 30],
    ['float64', [2, 3, 3], 'floats', [3, 3], 9],
  ] as const)('flattens rows of %s %j', async (type, dims, values, imageShape, inputs) => {
    const numbers = Array.from({ length: 2 * inputs }, (_, i) => i)
    const { train, schema, test } = await load({
      'train-images-idx3-ubyte': idx(type, dims, numbers),
      'train-labels-idx1-ubyte': idx('int32', [2], [1, 0]),
    })
    expect(schema).toMatchObject({ values, imageShape, inputs, classes: 2 })
    expect([...train.values]).toEqual(numbers)
    expect(train.table === null).toBe(values === 'floats')
    expect(test).toBeUndefined()
  })

  it.each(['int8', 'int16', 'int32', 'float32', 'float64'] as const)('takes labels of type %s', async (type) => {
    const { train } = await load({ ...TRAINING, 'train-labels-idx1-ubyte': idx(type, [3], [2, 0, 1]) })
    expect([...(train.labels ?? [])]).toEqual([2, 0, 1])
  })

  it('takes any number of classes', async () => {
    const many = { ...TRAINING, 'train-labels-idx1-ubyte': idx('int16', [3], [299, 0, 1]) }
    expect((await load(many)).schema.classes).toBe(300)
    expect((await load(TRAINING, { classes: 7 })).schema.classes).toBe(7)
  })

  it('takes each file by its path', async () => {
    const folder = writeFiles(newFolder(), {
      'x.gz': gzipSync(idx('float32', [2, 2], [1, 2, 3, 4])),
      y: idx('uint8', [2], [0, 1]),
    })
    const train = { images: join(folder, 'x.gz'), labels: join(folder, 'y') }
    const loaded = await loadData({ idx: { train, test: train } })
    expect([...(loaded.test?.values ?? [])]).toEqual([1, 2, 3, 4])
    expect(loaded.source).toBe(`${train.images}, ${train.images}`)
  })
})

describe('a folder', () => {
  it.each([
    ['dots and gzip', (name: string) => `${name.replace('-idx', '.idx')}.gz`],
    ['test for t10k', (name: string) => name.replace('t10k', 'test')],
    ['a prefix', (name: string) => `emnist-letters-${name.replace('t10k', 'test')}`],
    ['Kaggle’s folders of the same name', (name: string) => `${name}/${name}`],
    ['Kaggle’s folders, spelt differently', (name: string) => `${name}/${name.replace('-idx', '.idx')}`],
  ])('may spell its files with %s', async (_, spell) => {
    const files = Object.entries(FILES).map(([name, bytes]) => {
      const spelt = spell(name)
      return [spelt, spelt.endsWith('.gz') ? gzipSync(bytes) : bytes]
    })
    const { recipe } = await load(Object.fromEntries(files))
    expect(recipe.digest).toBe((await loadData({ idx: { folder: small } })).recipe.digest)
  })

  it('may hold folders called like a file, which do not hide it', async () => {
    const folder = writeFiles(newFolder(), FILES)
    const name = 'train-images-idx3-ubyte'
    writeFileSync(join(folder, `${name}.gz`), gzipSync(FILES[name]))
    renameSync(join(folder, name), join(root, 'moved'))
    mkdirSync(join(folder, name))
    await expect(loadData({ idx: { folder } })).resolves.toMatchObject({ schema: { inputs: 6 } })
    renameSync(join(folder, `${name}.gz`), join(root, 'moved.gz'))
    await expect(loadData({ idx: { folder } })).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
      message: expect.stringContaining(`missing ${name} (plain or .gz, also as train-images.idx3-ubyte)`),
    })
  })

  it.skipIf(process.platform === 'win32')(
    'may hold links and pipes called like a file, which do not hide it',
    async () => {
      const folder = writeFiles(newFolder(), FILES)
      const name = 'train-images-idx3-ubyte'
      const path = join(folder, name)
      const places = [
        () => symlinkSync(join(folder, 'nothing'), path),
        () => execFileSync('mkfifo', [path]),
        // a folder without the file
        () => symlinkSync(newFolder(), path),
      ]
      renameSync(path, join(folder, 'train-images.idx3-ubyte'))
      const digest = async () => (await loadData({ idx: { folder } })).recipe.digest
      const expected = await digest()
      for (const place of places) {
        place()
        expect(await digest()).toBe(expected)
        unlinkSync(path)
      }
      // a link to a folder with the file, and to the file
      mkdirSync(join(folder, 'elsewhere'))
      renameSync(join(folder, 'train-images.idx3-ubyte'), join(folder, 'elsewhere', name))
      for (const target of ['elsewhere', join('elsewhere', name)]) {
        symlinkSync(target, path)
        expect(await digest()).toBe(expected)
        unlinkSync(path)
      }
      execFileSync('mkfifo', [path])
      await expect(loadData({ idx: { folder } })).rejects.toThrow(`${path}: not a regular file`)
    },
  )

  it('may hold several sets, of which one is chosen', async () => {
    const letters = Object.entries(FILES).map(([name, bytes]) => [`letters-${name}`, bytes])
    const digits = Object.entries(TRAINING).map(([name, bytes]) => [`digits-${name}`, bytes])
    const folder = writeFiles(newFolder(), Object.fromEntries([...letters, ...digits]))
    await expect(loadData({ idx: { folder } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/several data sets, digits, letters; .*"prefix":"digits"/),
    })
    expect((await loadData({ idx: { folder, prefix: 'digits' } })).test).toBeUndefined()
    expect((await loadData({ idx: { folder, prefix: 'letters' } })).test?.length).toBe(2)
  })

  it.each([
    [
      'half a test set',
      { ...TRAINING, 't10k-labels-idx1-ubyte': FILES['t10k-labels-idx1-ubyte'] },
      't10k-images-idx3-',
    ],
    ['nothing', {}, 'missing train-images-idx3-ubyte, train-labels-idx1-ubyte (plain'],
  ])('with %s is refused', async (_, files, message) => {
    await expect(load(files)).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
      message: expect.stringContaining(message),
    })
  })
})

describe('what does not go together is refused', () => {
  const images = 'train-images-idx3-ubyte'
  const labels = 'train-labels-idx1-ubyte'
  it.each<[string, Record<string, Uint8Array>, string]>([
    ['a fraction as a label', { [labels]: idx('float32', [3], [0, 1.5, 1]) }, 'label of row 1: expected an integer'],
    ['a negative label', { [labels]: idx('int8', [3], [0, 1, -1]) }, 'label of row 2: expected an integer'],
    ['too large a label', { [labels]: idx('int32', [3], [0, 65536, 1]) }, 'an integer from 0 to 65535, got 65536'],
    ['labels of two dimensions', { [labels]: idx('uint8', [3, 1], [0, 1, 2]) }, 'labels in one dimension'],
    ['fewer labels', { [labels]: idx('uint8', [2], [0, 1]) }, `${labels}: has 2 labels`],
    ['a value that is not finite', { [images]: idx('float32', [3, 1], [0, Number.NaN, 1]) }, 'value 1 is NaN'],
    ['too large a value', { [images]: idx('float64', [3, 1], [0, 1, 1e39]) }, 'value 2 is 1e+39'],
    [
      'test rows of another kind',
      { [images]: idx('float32', [3, 2, 3], Array(18).fill(1)) },
      'are floats, test rows bytes',
    ],
    [
      'test rows of another shape',
      { [images]: idx('uint8', [3, 6], Array(18).fill(1)) },
      'are 6 values, test rows 2 x 3',
    ],
    ['a class unseen in training', { [labels]: idx('uint8', [3], [0, 3, 2]) }, 'class 1 of test row 0 does not occur'],
    [
      'a larger class than in training',
      { [labels]: idx('uint8', [3], [0, 2, 1]) },
      'class 3 of test row 1 does not occur',
    ],
  ])('%s', async (_, files, message) => {
    await expect(load({ ...FILES, ...files })).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining(message),
    })
  })

  it('but a class unseen in training where the number of classes is given', async () => {
    const files = { ...FILES, [labels]: idx('uint8', [3], [0, 2, 1]) }
    await expect(load(files, { classes: 4 })).resolves.toMatchObject({ schema: { classes: 4 } })
    await expect(load(files, { classes: 3 })).rejects.toThrow('label of row 1: expected an integer from 0 to 2, got 3')
  })
})

describe('a recipe', () => {
  it('loads the same again, and refuses other data by both digests', async () => {
    const folder = writeFiles(newFolder(), FILES)
    const { recipe } = await loadData({ idx: { folder } })
    await expect(loadData(recipe)).resolves.toMatchObject({ recipe })
    writeFiles(folder, { 't10k-labels-idx1-ubyte': idx('uint8', [2], [3, 3]) })
    const other = (await loadData({ idx: { folder } })).recipe.digest
    await expect(loadData(recipe)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `data digest does not match: expected ${recipe.digest}, got ${other} from folder ${folder}`,
    })
  })

  it('has one digest for the same rows wherever they lie, and another for what bytes mean', async () => {
    const digest = async (spec: DataSpec) => (await loadData(spec)).recipe.digest
    const copy = writeFiles(newFolder(), FILES)
    const one = await digest({ idx: { folder: small } })
    expect(await digest({ idx: { folder: copy } })).toBe(one)
    expect(await digest({ idx: { folder: copy }, scale: 'raw' })).not.toBe(one)
    expect(await digest({ idx: { folder: copy, classes: 5 } })).not.toBe(one)
  })
})

it.each([
  [{}, 'data: expected one of the sources mnist, idx, '],
  [null, 'data: expected an object with the name of a source'],
  [{ mnits: {} }, "data: unknown source 'mnits'; did you mean 'mnist'?"],
  [{ mnist: {}, idx: { folder: 'x' } }, 'data: expected one of the sources mnist, idx, '],
  [{ mnist: { dir: 'x' } }, "data.mnist: unknown option 'dir'"],
  [{ idx: {} }, 'data.idx: expected either folder or train, got neither'],
  [{ idx: { folder: '' } }, 'data.idx.folder: expected a path, got ""'],
  [{ idx: { folder: 'x', prefix: 3 } }, 'data.idx.prefix: expected a prefix of file names in folder, got 3'],
  [{ idx: { folder: 'x', classes: 0 } }, 'data.idx.classes: expected an integer from 1 to 65536, got 0'],
  [{ idx: { train: { images: 'x' } } }, 'data.idx.train.labels: expected a path, got undefined'],
  [{ idx: { train: null } }, 'data.idx.train: expected an options object, got null'],
  [{ mnist: {}, scale: 'byte' }, "data.scale: expected one of 'unit', 'raw'"],
  [{ mnist: {}, digest: 'abc' }, 'data.digest: expected a SHA-256 in hexadecimal, got "abc"'],
])('%j is no spec', async (spec, message) => {
  const attempt = async () => await loadData(spec as unknown as DataSpec)
  await expect(attempt()).rejects.toThrow(message)
})
