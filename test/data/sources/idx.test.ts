import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadData } from '../../../src/data/load.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { idx, writeFiles } from '../idx-file.js'

const root = temporaryFolder()

describe('relatives of MNIST', () => {
  it('finds the files of QMNIST, whose labels have eight columns', async () => {
    const folder = writeFiles(join(root, 'qmnist'), {
      'qmnist-train-images-idx3-ubyte': idx('uint8', [2, 1, 2], [1, 2, 3, 4]),
      'qmnist-train-labels-idx2-int': idx('int32', [2, 8], [7, 0, 1, 2, 3, 4, 0, 0, 5, 1, 1, 1, 1, 1, 0, 0]),
    })
    const { train } = await loadData({ idx: { folder, classes: 10 } })
    expect([...train.labels!]).toEqual([7, 5])
  })

  it('finds the files where torchvision keeps them', async () => {
    mkdirSync(join(root, 'FashionMNIST'))
    writeFiles(join(root, 'FashionMNIST', 'raw'), {
      'train-images-idx3-ubyte': idx('uint8', [2, 1, 2], [1, 2, 3, 4]),
      'train-labels-idx1-ubyte': idx('uint8', [2], [0, 1]),
    })
    const { train } = await loadData({ idx: { folder: join(root, 'FashionMNIST') } })
    expect(train.length).toBe(2)
  })

  it("turns EMNIST's images upright", async () => {
    const folder = writeFiles(join(root, 'emnist'), {
      'emnist-digits-train-images-idx3-ubyte': idx('uint8', [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
      'emnist-digits-train-labels-idx1-ubyte': idx('uint8', [2], [0, 1]),
    })
    const { train, recipe } = await loadData({ idx: { folder, transpose: true } })
    expect(train.imageShape).toEqual([3, 2])
    expect([...train.values]).toEqual([1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12])
    expect((await loadData(recipe)).train.imageShape).toEqual([3, 2])
  })
})
