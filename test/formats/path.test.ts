import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  appendHistory,
  encodeNpy,
  type FilePath,
  fit,
  loadData,
  loadHomeworkWeights,
  loadModel,
  MLP,
  mnist,
  RunFolder,
  readHistory,
  readIdx,
  readNpy,
  readTrainingCurve,
  StudyFolder,
  samples,
  saveHomeworkWeights,
  saveModel,
  search,
  sgd,
  writeFileAtomic,
  writeTrainingCurve,
} from 'native-mlp'
import { expect, it } from 'vitest'
import { idx } from '../data/idx-file.js'
import { temporaryFolder } from './temporary-folder.js'

const folder = temporaryFolder()
const model = new MLP({ layers: [2, 3, 2], inputScale: 'raw' })
const set = samples({ values: [0, 1, 1, 0], cols: 1, labels: [0, 1, 0, 1] })
const metrics = { loss: 1, accuracy: 0.5 }
const optimizer = sgd({ learningRate: 0.1 })
const small = () => new MLP({ layers: [1, 2] })
const images = join(folder, 'ímages %41')
mkdirSync(join(folder, 'data'))
for (const name of ['train-images-idx2-ubyte', 't10k-images-idx2-ubyte']) {
  writeFileSync(join(folder, 'data', name), idx('uint8', [4, 1], [1, 2, 3, 4]))
}
for (const name of ['train-labels-idx1-ubyte', 't10k-labels-idx1-ubyte']) {
  writeFileSync(join(folder, 'data', name), idx('uint8', [4], [0, 1, 0, 1]))
}
writeFileSync(images, idx('uint8', [2], [0, 1]))
writeFileSync(join(folder, 'a.npy'), encodeNpy({ shape: [2], data: Float32Array.of(1, 2) }))

const CALLS: [name: string, path: string, call: (path: FilePath) => unknown][] = [
  ['writeFileAtomic', 'text', (path) => writeFileAtomic(path, 'x')],
  ['saveModel', 'model', (path) => saveModel(path, model)],
  ['loadModel', 'model', (path) => loadModel(path)],
  ['saveHomeworkWeights', 'weights', (path) => saveHomeworkWeights(path, model)],
  ['loadHomeworkWeights', 'weights', (path) => loadHomeworkWeights(path)],
  ['appendHistory', 'history', (path) => appendHistory(path, { step: 0, epoch: 0 })],
  ['readHistory', 'history', (path) => readHistory(path)],
  [
    'writeTrainingCurve',
    'curve',
    (path) => writeTrainingCurve(path, [{ train: metrics, valid: metrics, test: metrics }]),
  ],
  ['readTrainingCurve', 'curve', (path) => readTrainingCurve(path)],
  ['readIdx', 'ímages %41', (path) => readIdx(path)],
  ['readNpy', 'a.npy', (path) => readNpy(path)],
  ['fit', 'run', (folder) => fit(small(), set, { optimizer, epochs: 1, folder })],
  ['RunFolder', 'run', (path) => new RunFolder(path).read()],
  [
    'search',
    'study',
    (folder) =>
      search({
        data: { train: set, valid: set },
        grid: { hidden: [2] },
        base: { learningRate: 0.1, epochs: 1 },
        folder,
        workers: 1,
      }),
  ],
  ['StudyFolder', 'study', (path) => new StudyFolder(path, { resume: true }).check()],
  ['mnist', 'data', (dir) => mnist({ dir, classes: 2 })],
  ['loadData', 'data', (folder) => loadData({ idx: { folder: folder as string } })],
]

it.each(CALLS)('%s takes a file: URL, and says what else is no path', async (_, name, call) => {
  const url = pathToFileURL(join(folder, name))
  await call(url)
  const nonsense: [unknown, RegExp][] = [
    [Buffer.from(join(folder, name)), /expected a path or a file: URL, got Buffer of length \d+$/],
    [new URL('https://example.com/x'), /expected a path or a file: URL: The URL must be of scheme file/],
    ['', /expected a path, got ""/],
    ['a\0b', /expected a path without null characters, got "a\\u0000b"$/],
    [5, /expected a path or a file: URL, got 5$/],
  ]
  for (const [path, message] of nonsense) {
    const refused = expect((async () => call(path as FilePath))()).rejects
    await refused.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
  }
})

it('a URL of another realm is one', async () => {
  const { href, protocol } = pathToFileURL(join(folder, 'a.npy'))
  expect((await readNpy({ href, protocol })).shape).toEqual([2])
})
