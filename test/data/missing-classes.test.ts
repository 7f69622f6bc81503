import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadData } from '../../src/data/load.js'
import { samples } from '../../src/data/samples.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { idx, writeFiles } from './idx-file.js'

const warnings: string[] = []
const listen = ({ name, message }: Error) => void (name === 'NativeMlpWarning' && warnings.push(message))
beforeEach(() => {
  warnings.length = 0
  process.on('warning', listen)
})
afterEach(() => void process.off('warning', listen))
/** Warnings are emitted in a later turn of the event loop. */
const heard = async () => {
  await new Promise((resolve) => setImmediate(resolve))
  return warnings
}
const set = (labels: readonly number[], more: object = {}) => samples({ values: labels, cols: 1, labels, ...more })

describe('classes without a row', () => {
  it('are told where labels are numbered from 1, with the remedy', async () => {
    expect(set([1, 2, 3]).classes).toBe(4)
    expect(await heard()).toEqual([
      'samples: labels: no row has class 0, but the largest label, 3, makes 4 classes, numbered from 0; if the labels are ' +
        'numbered from 1, subtract 1; if this is intended, pass classes: 4',
    ])
  })

  it('are told where they are others, a few by their numbers', async () => {
    set([0, 1, 3, 0, 1, 3])
    set(Array.from({ length: 40 }, (_, i) => 3 * (i % 10)))
    expect(await heard()).toEqual([
      expect.stringMatching(/no row has class 2, but the largest label, 3, makes 4 classes.*0; if this is intended, /),
      expect.stringMatching(/no row has classes 1, 2, 4, 5, 7 and more, but/),
    ])
  })

  it('are no surprise where classes or names are given, in sets of fewer rows than classes, and where none is missing', async () => {
    set([1, 2, 3], { classes: 4 })
    set([1, 2], { classNames: ['a', 'b', 'c'] })
    set([0, 7])
    set([5])
    set([2, 0, 1])
    expect(await heard()).toEqual([])
  })

  it('are told of files, of the training set alone', async () => {
    const labels = (values: number[]) => idx('uint8', [values.length], values)
    const images = (rows: number) => idx('uint8', [rows, 2], new Array(2 * rows).fill(1))
    const folder = writeFiles(temporaryFolder(), {
      'train-images-idx2-ubyte': images(6),
      'train-labels-idx1-ubyte': labels([1, 2, 3, 1, 2, 3]),
      't10k-images-idx2-ubyte': images(2),
      't10k-labels-idx1-ubyte': labels([1, 3]),
    })
    const { schema } = await loadData({ idx: { folder } })
    expect(schema.classes).toBe(4)
    const file = join(folder, 'train-labels-idx1-ubyte')
    expect(await heard()).toEqual([expect.stringMatching(/: no row has class 0, .*subtract 1; .*set classes: 4$/)])
    expect(warnings[0].startsWith(file)).toBe(true)
    await loadData({ idx: { folder, classes: 4 } })
    expect(await heard()).toHaveLength(1)
  })
})
