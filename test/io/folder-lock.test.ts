import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LOCK, lockFolder } from '../../src/io/folder-lock.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { ROOT } from '../repo/source-graph.js'

const parent = temporaryFolder()
const folder = () => mkdtempSync(join(parent, 'locked-'))

/** A process that locks a folder as soon as its input ends, prints whether it could, and keeps the lock until it is killed. */
function competitor(path: string) {
  const module = join(ROOT, 'dist/io/folder-lock.js')
  const program = `
    import { lockFolder } from ${JSON.stringify(module)}
    process.stdin.resume().on('end', async () => {
      await lockFolder(${JSON.stringify(path)}).then(() => console.log('mine'), (error) => console.log(error.message))
      setInterval(() => {}, 1000)
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  const answer = new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())))
  const ended = new Promise((resolve) => child.once('close', resolve))
  return { child, answer, ended }
}

describe('lockFolder', () => {
  it('locks a folder for one at a time, and leaves nothing when it is released', async () => {
    const path = folder()
    const release = await lockFolder(path)
    await expect(lockFolder(path)).rejects.toThrow(`${path}: process ${process.pid} is writing into this folder`)
    await release()
    expect(readdirSync(path)).toEqual([])
    await (await lockFolder(path))()
  })

  it('replaces what ended processes have left, whatever it looks like', async () => {
    for (const left of [`999999999 ${hostname()} 5 abc\n`, `${process.pid} ${hostname()} 1 abc\n`]) {
      const path = folder()
      writeFileSync(join(path, LOCK), left)
      writeFileSync(join(path, `${LOCK}.999999999.abc`), left)
      await (await lockFolder(path))()
      expect(readdirSync(path)).toEqual([])
    }
  })

  it.runIf(existsSync('/proc/1/stat'))('tells a process from an ended one with the same id', async () => {
    const path = folder()
    writeFileSync(join(path, LOCK), `1 ${hostname()} 123456789 abc\n`)
    await (await lockFolder(path))()
  })

  it('does not replace the lock of a process on another machine', async () => {
    const path = folder()
    writeFileSync(join(path, LOCK), '17 elsewhere 5 abc\n')
    await expect(lockFolder(path)).rejects.toThrow('process 17 on elsewhere is writing into this folder')
    expect(readFileSync(join(path, LOCK), 'utf8')).toContain('elsewhere')
  })

  it('gives the lock of a killed process to exactly one of many that ask for it at once', {
    timeout: 60_000,
  }, async () => {
    const path = folder()
    const first = competitor(path)
    first.child.stdin.end()
    expect(await first.answer).toBe('mine')
    first.child.kill('SIGKILL')
    await first.ended
    const others = Array.from({ length: 6 }, () => competitor(path))
    try {
      await new Promise((resolve) => setTimeout(resolve, 500))
      for (const { child } of others) child.stdin.end()
      const answers = await Promise.all(others.map(({ answer }) => answer))
      expect(answers.filter((answer) => answer === 'mine')).toHaveLength(1)
      for (const answer of answers) expect(answer).toMatch(/^mine$|is writing into this folder/)
    } finally {
      for (const { child } of others) child.kill('SIGKILL')
    }
  })
})
