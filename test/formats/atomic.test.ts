import { execFile } from 'node:child_process'
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { writeFileAtomic } from '../../src/formats/atomic.js'
import { temporaryFolder } from './temporary-folder.js'

const folder = temporaryFolder()
const MODULE = fileURLToPath(new URL('../../src/formats/atomic.ts', import.meta.url))

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

test('writes of one file are done in the order of their calls', async () => {
  const path = join(folder, 'ordered')
  const sizes = [3_000_000, 10, 500_000, 1]
  await Promise.all(sizes.map((size, i) => writeFileAtomic(path, String(i).repeat(size))))
  expect(readFileSync(path, 'utf8')).toBe('3')
})

test.skipIf(process.platform === 'win32')(
  'names a relative path in a working directory that has been removed',
  async () => {
    const program = `import(${JSON.stringify(MODULE)}).then(({ writeFileAtomic }) => {
    const { mkdtempSync, rmdirSync } = process.getBuiltinModule('fs')
    const gone = mkdtempSync(${JSON.stringify(join(folder, 'gone-'))})
    process.chdir(gone)
    rmdirSync(gone)
    return writeFileAtomic('model', 'x').catch(({ name, code, message }) => console.log(name, code, message))
  })`
    const args = ['--import', 'tsx', '--input-type=module', '-e', program]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toMatch(/^NativeMlpError FILE_SYSTEM model: cannot write: no such file or directory \(ENOENT\)/)
  },
)

test('a failed write does not stop the next one', async () => {
  const path = join(folder, 'none', 'again')
  const failed = writeFileAtomic(path, 'x')
  const next = writeFileAtomic(path, 'y')
  await expect(failed).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
  await expect(next).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
})

test.skipIf(process.platform === 'win32')('keeps mode and owner of the file', async () => {
  const path = join(folder, 'private')
  writeFileSync(path, 'old')
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(path, 1234, 4321)
  for (const mode of [0o600, 0o644, 0o777, 0o4755]) {
    chmodSync(path, mode)
    await writeFileAtomic(path, 'new')
    expect(statSync(path).mode & 0o7777).toBe(mode)
    if (isRoot) expect(statSync(path)).toMatchObject({ uid: 1234, gid: 4321 })
  }
})

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT', 'exit'])(
  'a process that ends by %s during a write leaves no temporary file',
  async (end) => {
    const path = join(folder, `ended by ${end}`)
    writeFileSync(path, 'old')
    const program = `import(${JSON.stringify(MODULE)}).then(({ writeFileAtomic }) => {
      void writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(200_000_000))
      const { readdirSync } = process.getBuiltinModule('fs')
      const isThere = (name) => name.startsWith(${JSON.stringify(`ended by ${end}.`)})
      setInterval(() => {
        if (!readdirSync(${JSON.stringify(folder)}).some(isThere)) return
        console.log('is there')
        ${end === 'exit' ? 'process.exit()' : `process.kill(process.pid, '${end}')`}
      }, 1)
    })`
    const args = ['--import', 'tsx', '--input-type=module', '-e', program]
    const error = await promisify(execFile)(process.execPath, args).catch((caught) => caught)
    expect(error.stdout).toContain('is there')
    if (end !== 'exit') expect(error.signal).toBe(end)
    expect(readdirSync(folder).filter((name) => name.startsWith(`ended by ${end}`))).toEqual([`ended by ${end}`])
    expect(readFileSync(path, 'utf8')).toBe('old')
  },
)

// a file size limit makes the kernel accept a part of a write, as a disk that fills up does
test.skipIf(process.platform === 'win32')('a write that runs out of room keeps the old file', async () => {
  const path = join(folder, 'full')
  writeFileSync(path, 'old')
  // with a listener of its own the program survives the signal that announces the limit
  const program = `process.on('SIGXFSZ', () => {}); import(${JSON.stringify(MODULE)}).then(({ writeFileAtomic }) =>
    writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(3_000_000))).then(
      () => console.log('written'), (error) => console.log(error.code))`
  const script = 'ulimit -f 2048 && exec "$0" --import tsx --input-type=module -e "$1"'
  const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, program])
  expect(stdout.trim()).toBe('FILE_SYSTEM')
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(readdirSync(folder).filter((name) => name.startsWith('full'))).toEqual(['full'])
})
