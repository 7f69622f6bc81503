import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { writeFileAtomic } from '../../src/formats/atomic.js'
import { temporaryFolder } from './temporary-folder.js'

const folder = temporaryFolder()

test('replaces a file whole, from bytes or text, and leaves nothing else', async () => {
  const path = join(folder, 'model')
  await writeFileAtomic(path, 'first, and longer than the second')
  const bytes = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)
  await writeFileAtomic(path, bytes)
  expect([...readFileSync(path)]).toEqual([1, 2, 3])
  await writeFileAtomic(path, '\u00e9')
  expect([...readFileSync(path)]).toEqual([0xc3, 0xa9])
  expect(readdirSync(folder)).toEqual(['model'])
})

test('names the path when the folder is missing', async () => {
  const path = join(folder, 'none', 'model')
  await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
    code: 'FILE_SYSTEM',
    message: `${path}: cannot write: no such file or directory (ENOENT)`,
  })
})

test('many writers at once leave one of their files whole', async () => {
  const path = join(folder, 'contended')
  const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000))
  await Promise.all(texts.map((text) => writeFileAtomic(path, text)))
  expect(texts).toContain(readFileSync(path, 'utf8'))
  expect(readdirSync(folder).sort()).toEqual(['contended', 'model'])
})

// a file size limit makes the kernel accept a part of a write, as a disk that fills up does
test.skipIf(process.platform === 'win32')('a write that runs out of room keeps the old file', async () => {
  const path = join(folder, 'full')
  writeFileSync(path, 'old')
  const module = fileURLToPath(new URL('../../src/formats/atomic.ts', import.meta.url))
  // with a listener of its own the program survives the signal that announces the limit
  const program = `process.on('SIGXFSZ', () => {}); import(${JSON.stringify(module)}).then(({ writeFileAtomic }) =>
    writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(3_000_000))).then(
      () => console.log('written'), (error) => console.log(error.code))`
  const script = 'ulimit -f 2048 && exec "$0" --import tsx --input-type=module -e "$1"'
  const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, program])
  expect(stdout.trim()).toBe('FILE_SYSTEM')
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(readdirSync(folder).filter((name) => name.startsWith('full'))).toEqual(['full'])
})
