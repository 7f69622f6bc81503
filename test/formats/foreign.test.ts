import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  decodeCheckpoint,
  decodeModel,
  loadData,
  loadHomeworkWeights,
  loadModel,
  RunFolder,
  readHistory,
  readIdx,
  readNpy,
  readTrainingCurve,
} from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './temporary-folder.js'

const folder = temporaryFolder()

const LFS = `version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 1629032
`
const FILES: [name: string, contents: string | Uint8Array, words: string][] = [
  ['a Git LFS pointer', LFS, 'it looks like a Git LFS pointer; git lfs pull fetches the file itself'],
  ['a page', '\n<!DOCTYPE html>\n<html><title>404</title></html>', 'it looks like an HTML page'],
  ['an error of a store', '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', 'it looks like an XML text'],
  ['a zip archive', Buffer.from('504b03040a00000000000000000000000000', 'hex'), 'it looks like a zip archive'],
]

const READERS: [name: string, read: (path: string) => Promise<unknown>][] = [
  ['loadModel', (path) => loadModel(path)],
  ['readIdx', (path) => readIdx(path)],
  ['readNpy', (path) => readNpy(path)],
  ['readHistory', (path) => readHistory(path)],
  ['readTrainingCurve', (path) => readTrainingCurve(path)],
  ['loadData', (path) => loadData({ idx: { train: { images: path, labels: path } } })],
]

describe.each(FILES)('%s', (_, contents, words) => {
  it.each(READERS)('is called that by %s', async (name, read) => {
    const path = join(folder, name)
    writeFileSync(path, contents)
    await expect(read(path)).rejects.toMatchObject({ code: 'INVALID_FILE', message: expect.stringContaining(words) })
    await expect(read(path)).rejects.toThrow(path)
    await expect(read(path)).rejects.not.toThrow(/header of \d{9}/)
  })

  it('is called that in the place of run.json and of a weight', async () => {
    writeFileSync(join(folder, 'run.json'), contents)
    await expect(new RunFolder(folder).read()).rejects.toThrow(words)
    writeFileSync(join(folder, 'fc1_Weight.npy'), contents)
    await expect(loadHomeworkWeights(folder)).rejects.toThrow(words)
  })
})

it('a compressed file is called that where only plain ones are read', async () => {
  const path = join(folder, 'model.gz')
  writeFileSync(path, gzipSync('x'.repeat(1000)))
  await expect(loadModel(path)).rejects.toThrow('not a safetensors file: expected its header to begin with')
  await expect(loadModel(path)).rejects.toThrow('it looks like a gzip file')
})

it('bytes whose memory another thread has taken are no file of any format', () => {
  const bytes = new Uint8Array(300)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  expect(() => decodeModel(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }))
  expect(() => decodeCheckpoint(bytes, 'bytes')).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }))
})
