import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CLAIM, claimFolder } from '../../src/formats/claim.js'
import { ROOT } from '../repo/source-graph.js'
import { temporaryFolder } from './temporary-folder.js'

const parent = temporaryFolder()
const folder = () => mkdtempSync(join(parent, 'claimed-'))

/** A process that claims a folder as soon as its input ends, says whether it could, and holds it until it is killed. */
function claimant(path: string) {
  const module = join(ROOT, 'dist/formats/claim.js')
  const program = `
    import { claimFolder } from ${JSON.stringify(module)}
    process.stdin.resume().on('end', async () => {
      await claimFolder(${JSON.stringify(path)}).then(() => console.log('mine'), (error) => console.log(error.message))
      setInterval(() => {}, 1000)
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  const answer = new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())))
  const ended = new Promise((resolve) => child.once('close', resolve))
  return { child, answer, ended }
}

describe('claimFolder', () => {
  it('gives a folder to one at a time, and leaves nothing when it is given up', async () => {
    const path = folder()
    const release = await claimFolder(path)
    await expect(claimFolder(path)).rejects.toThrow(`${path}: process ${process.pid} is writing into this folder`)
    await release()
    expect(readdirSync(path)).toEqual([])
    await (await claimFolder(path))()
  })

  it('takes over what ended processes have left, whatever it looks like', async () => {
    for (const left of [`999999999 ${hostname()} 5 abc\n`, `${process.pid} ${hostname()} 1 abc\n`]) {
      const path = folder()
      writeFileSync(join(path, CLAIM), left)
      writeFileSync(join(path, `${CLAIM}.999999999.abc`), left)
      await (await claimFolder(path))()
      expect(readdirSync(path)).toEqual([])
    }
  })

  it.runIf(existsSync('/proc/1/stat'))('knows a process that has the number of an ended one', async () => {
    const path = folder()
    writeFileSync(join(path, CLAIM), `1 ${hostname()} 123456789 abc\n`)
    await (await claimFolder(path))()
  })

  it('does not take over what a process of another machine holds', async () => {
    const path = folder()
    writeFileSync(join(path, CLAIM), '17 elsewhere 5 abc\n')
    await expect(claimFolder(path)).rejects.toThrow('process 17 on elsewhere is writing into this folder')
    expect(readFileSync(join(path, CLAIM), 'utf8')).toContain('elsewhere')
  })

  it('is had by exactly one of many processes that take over from a killed one at once', {
    timeout: 60_000,
  }, async () => {
    const path = folder()
    const first = claimant(path)
    first.child.stdin.end()
    expect(await first.answer).toBe('mine')
    first.child.kill('SIGKILL')
    await first.ended
    const others = Array.from({ length: 6 }, () => claimant(path))
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
