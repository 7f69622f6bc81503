import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import {
  adam,
  encodeNpy,
  exportJson,
  fit,
  gridSearch,
  loadData,
  type MLPOptions,
  momentum,
  readHistory,
  StudyFolder,
  saveHomeworkWeights,
  saveModel,
  saveOnnx,
  sgd,
  writeTrainingCurve,
} from 'native-mlp'
import { bytes, SMALL, smallModel, smallSet } from './small-data.js'
import { writeMessages } from './wire-messages.js'

/** Writes a real file of every format that the package reads, as the package writes it where it does. */
export async function makeSeedFiles(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeData(folder)
  writeTables(folder)
  writeConfigs(folder)
  await writeModels(folder)
  await writeRun(join(folder, 'run'))
  await writeStudy(folder)
  await writeMessages(join(folder, 'messages'))
  const history = await readHistory(join(folder, 'run', 'history.jsonl'))
  await writeTrainingCurve(join(folder, 'curve.txt'), history)
}

/** The bytes of an IDX file of bytes. */
function idx(dims: readonly number[], values: Uint8Array): Uint8Array {
  const file = new Uint8Array(4 + 4 * dims.length + values.length)
  file[2] = 8
  file[3] = dims.length
  const view = new DataView(file.buffer)
  dims.forEach((dim, i) => {
    view.setUint32(4 + 4 * i, dim)
  })
  file.set(values, 4 + 4 * dims.length)
  return file
}

function writeData(folder: string): void {
  const data = join(folder, 'data')
  mkdirSync(data)
  const { rows, cols, classes, imageShape } = SMALL
  const images = idx([rows, ...imageShape], bytes(rows * cols))
  const labels = idx(
    [rows],
    Uint8Array.from({ length: rows }, (_, i) => i % classes),
  )
  for (const set of ['train', 't10k']) {
    writeFileSync(join(data, `${set}-images-idx3-ubyte`), images)
    writeFileSync(join(data, `${set}-labels-idx1-ubyte`), labels)
  }
  writeFileSync(join(folder, 'images.gz'), gzipSync(images))
  writeFileSync(
    join(folder, 'float64.npy'),
    encodeNpy({ shape: [4, 3], data: Float64Array.from({ length: 12 }, Math.sqrt) }),
  )
  writeFileSync(join(folder, 'float32.npy'), encodeNpy({ shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) }))
}

/** Numbers, texts, quotes, missing cells, and a target of classes. */
function writeTables(folder: string): void {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const town = i % 9 === 0 ? null : ['Bern', 'Bad "X", am Rhein', 'zwölf\nZeilen'][i % 3]
    return {
      size: i % 7 === 0 ? null : i / 4,
      town,
      count: 1000 + ((i * 7919) % 977),
      kind: i % 2 === 0 ? 'cat' : 'dog',
    }
  })
  const cell = (value: unknown) =>
    typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : String(value ?? '')
  const lines = [Object.keys(rows[0]).join(','), ...rows.map((row) => Object.values(row).map(cell).join(','))]
  writeFileSync(join(folder, 'table.csv'), `${lines.join('\n')}\n`)
  writeFileSync(join(folder, 'table.csv.gz'), gzipSync(`${lines.join('\r\n')}\r\n`))
  writeFileSync(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const values = encodeNpy({ shape: [6, 2], data: Float64Array.from({ length: 12 }, Math.sqrt) })
  const labels = encodeNpy({ shape: [6], data: Uint8Array.of(0, 1, 2, 0, 1, 2) })
  writeFileSync(join(folder, 'arrays.npz'), zipSync({ 'x.npy': values, 'y.npy': [labels, { level: 0 }] }))
}

function writeConfigs(folder: string): void {
  const training = { preset: 'quick', epochs: 2, hidden: [5, 4], optimizer: 'adam', learningRate: 0.01, l2: 1e-4 }
  const json = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value))
  json('train.json', { ...training, patience: 3, batchSize: 8, evaluateOn: ['valid', 'test'], seed: 3 })
  const when = { optimizer: ['momentum'] }
  const space = {
    learningRate: { logUniform: [0.01, 1] },
    hidden: { integer: [4, 8] },
    momentum: { uniform: [0.5, 0.9], when },
  }
  const halving = { minEpochs: 1, factor: 3 }
  json('search.json', { epochs: 9, optimizer: 'momentum', space, strategy: 'halving', trials: 9, halving })
  json('grid.json', { preset: 'quick', grid: { learningRate: [0.1, 0.2], hidden: [4, [5, 6]] }, repeats: 2, folds: 2 })
  json('data.json', {
    idx: { train: { images: 'data/train-images-idx3-ubyte', labels: 'data/train-labels-idx1-ubyte' } },
  })
}

/** As PyTorch writes it, with a weight for each of two outputs. */
function linearLayer(): Uint8Array {
  const entry = { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] }
  const header = new TextEncoder().encode(JSON.stringify({ '0.weight': entry }))
  const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer)
  return Uint8Array.from([...length, ...header, ...new Uint8Array(8)])
}

async function writeModels(folder: string): Promise<void> {
  const save = (name: string, options?: Partial<MLPOptions>) => saveModel(join(folder, name), smallModel(options))
  await save('classes.safetensors', { classNames: ['a', 'b', 'c'], inputKind: 'bytes' })
  await save('regression.safetensors', { loss: 'meanSquaredError', activation: 'gelu', outputActivation: 'tanh' })
  await save('labels.safetensors', { loss: 'binaryCrossEntropy', layers: [SMALL.cols, SMALL.classes] })
  await saveOnnx(join(folder, 'mlp.onnx'), smallModel({ activation: 'mish' }))
  writeFileSync(join(folder, 'model.json'), exportJson(smallModel()))
  writeFileSync(join(folder, 'torch.safetensors'), linearLayer())
  const coefs = encodeNpy({ shape: [4, 3], data: Float64Array.from({ length: 12 }, Math.sqrt) })
  const intercepts = encodeNpy({ shape: [3], data: Float64Array.of(1, 2, 3) })
  writeFileSync(join(folder, 'sklearn.npz'), zipSync({ 'coefs_0.npy': coefs, 'intercepts_0.npy': intercepts }))
  await saveHomeworkWeights(join(folder, 'homework'), smallModel({ inputScale: 'raw', inputKind: 'bytes' }))
}

async function writeRun(folder: string): Promise<void> {
  const valid = smallSet('bytes', 12)
  const options = { valid, test: valid, evaluateOn: ['train', 'valid', 'test'] as const, epochs: 3, batchSize: 16 }
  await fit(smallModel(), smallSet(), { ...options, optimizer: adam({ learningRate: 0.01 }), folder })
  await fit(smallModel(), smallSet(), { ...options, optimizer: sgd({ learningRate: 0.01 }), folder: `${folder}-sgd` })
  const optimizer = momentum({ learningRate: 0.01, nesterov: true })
  await fit(smallModel(), smallSet(), { ...options, optimizer, folder: `${folder}-momentum` })
}

/** The options of the search whose folder is among the seed files. */
export async function studyOptions(folder: string): Promise<Parameters<typeof gridSearch>[0]> {
  const data = await loadData({ idx: { folder: join(folder, 'data') } })
  const grid = { learningRate: [0.1, 0.2], hidden: [4, 5] }
  return { data, grid, base: { epochs: 1, batchSize: 16 }, workers: 1, keepModels: true }
}

async function writeStudy(folder: string): Promise<void> {
  const study = new StudyFolder(join(folder, 'study'), { about: { preset: 'quick' } })
  await gridSearch({ ...(await studyOptions(folder)), folder: study })
  const journal = readFileSync(join(folder, 'study', 'journal.jsonl'), 'utf8')
  // as a killed search leaves it
  mkdirSync(join(folder, 'killed'))
  const lines = journal.split('\n').slice(0, 4)
  writeFileSync(join(folder, 'killed', 'journal.jsonl'), `${lines.join('\n')}\n`)
  copyFileSync(join(folder, 'study', 'study.json'), join(folder, 'killed', 'study.json'))
}
