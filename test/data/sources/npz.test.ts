import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadData } from '../../../src/data/load.js'
import { parseSpec, specText } from '../../../src/data/spec.js'
import type { ElementArray } from '../../../src/formats/elements.js'
import { encodeNpy } from '../../../src/formats/npy.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'

/** Files written by NumPy 2.4 (numpy.savez, savez_compressed), in base64. */
const NUMPY = JSON.parse(readFileSync(new URL('../../fixtures/npz.json', import.meta.url), 'utf8'))
const folder = temporaryFolder()

function file(name: string): string {
  const path = join(folder, `${name}.npz`)
  writeFileSync(path, Buffer.from(NUMPY[name], 'base64'))
  return path
}

describe('an .npz archive', () => {
  it('has training and test rows by their usual names', async () => {
    const path = file('keras')
    const { train, test, schema, recipe, source } = await loadData({ npz: { path } })
    expect(schema).toMatchObject({ inputs: 6, values: 'bytes', imageShape: [2, 3], classes: 3 })
    expect([[...train.labels!], [...test!.labels!], [...test!.values]]).toEqual([
      [0, 2, 1, 0],
      [1, 2],
      Array.from({ length: 12 }, (_, i) => i),
    ])
    expect(source).toBe(`${path} (x_train, y_train, x_test, y_test)`)
    expect((await loadData(recipe)).recipe).toEqual(recipe)
    expect(await parseSpec(path)).toEqual({ npz: { path } })
    expect(specText(recipe)).toBe(path)
  })

  it('may have images with one channel, and labels in a column', async () => {
    const { train, test, schema } = await loadData({ npz: { path: file('medmnist') } })
    expect(schema).toMatchObject({ imageShape: [2, 3], classes: 2 })
    expect([train.length, test!.length, [...test!.labels!]]).toEqual([4, 2, [1, 0]])
  })

  it.each([
    ['features', [0, 1, 2], [1, 0, 1, 1]],
    ['half', [0, 0.25, 0.5], [0, 1, 0, 1]],
    ['bools', [1, 0, 1], [0, 1, 0, 1]],
  ])('may hold numbers of any type: %s', async (name, values, labels) => {
    const { train, schema } = await loadData({ npz: { path: file(name) } })
    expect(schema.values).toBe('floats')
    expect([[...train.values.slice(0, 3)], [...train.labels!]]).toEqual([values, labels])
  })

  it('has the targets of a regression if they are no integers', async () => {
    const { train, schema } = await loadData({ npz: { path: file('regression') } })
    expect([[...train.targets!], train.labels, schema.classes]).toEqual([[0.5, 1.5, -2, 3], null, 0])
    const named = { values: 'x', targets: 'y' }
    const { train: same } = await loadData({ npz: { path: file('half'), train: named } })
    expect([...same.targets!]).toEqual([0, 1, 0, 1])
  })

  it.each([
    ['strange', {}, 'which arrays are values and labels? It has a, b; name them'],
    ['strange', { train: { values: 'a', labels: 'c' } }, "no array 'c'"],
    ['objects', {}, "element type '|O' is not supported"],
    ['nan', {}, 'value 1 is NaN, expected a finite number'],
    ['lengths', {}, '2 rows, '],
    ['regression', { train: { values: 'x', labels: 'y' } }, 'label of row 0: expected an integer'],
  ])('names what is wrong in %s %j', async (name, options, message) => {
    const error = await loadData({ npz: { path: file(name), ...options } }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'INVALID_FILE' })
    expect(error.message).toContain(message)
  })

  it('names a damaged archive, and one that inflates without bound', async () => {
    const path = join(folder, 'bad.npz')
    const good = Buffer.from(NUMPY.keras, 'base64')
    for (const [bytes, message] of [
      [good.subarray(0, 300), 'damaged zip archive'],
      [Buffer.from('PK nothing'), 'damaged zip archive'],
      [Buffer.from('a,b\n1,2'), 'not an .npz file'],
      [bomb(good), 'cannot hold the'],
    ] as const) {
      writeFileSync(path, bytes)
      await expect(loadData({ npz: { path } })).rejects.toThrow(message)
    }
  })
})

/** The archive with an announced size of 1 GB for its first array, in its central directory. */
function bomb(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  const at = changed.indexOf(Buffer.of(0x50, 0x4b, 1, 2))
  changed.writeUInt32LE(1_000_000_000, at + 24)
  return changed
}

describe('.npy files', () => {
  it('are values and labels or targets', async () => {
    const write = (name: string, shape: number[], data: ElementArray) => {
      const path = join(folder, name)
      writeFileSync(path, encodeNpy({ shape, data }))
      return path
    }
    const values = write('x.npy', [2, 2], Float64Array.of(1, 2, 3, 4))
    const labels = write('y.npy', [2], BigInt64Array.of(1n, 0n))
    const targets = write('t.npy', [2, 2], Float32Array.of(0.5, 1, 0, 1))
    const { train } = await loadData({ npy: { train: { values, labels } } })
    expect([[...train.values], [...train.labels!]]).toEqual([
      [1, 2, 3, 4],
      [1, 0],
    ])
    const { train: several, test } = await loadData({ npy: { train: { values, targets }, test: { values, targets } } })
    expect([several.targetCols, test!.length]).toEqual([2, 2])
    await expect(loadData({ npy: { train: { values, labels }, test: { values, targets } } })).rejects.toThrow(
      'expected labels, as for the training rows',
    )
    await expect(loadData({ npy: { train: { values } } })).rejects.toThrow('either labels (classes) or targets')
  })
})
