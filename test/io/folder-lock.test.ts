import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomStream } from '../../src/core/random.js'
import { LOCK, lockFolder } from '../../src/io/folder-lock.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { ROOT } from '../repo/source-graph.js'
import { SteppedProcess } from './stepped-lock.js'

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

describe('a lock that is none', () => {
  it.each(['a folder', 'a symbolic link to nothing'])('is an error at once: %s', async (kind) => {
    const path = folder()
    if (kind === 'a folder') mkdirSync(join(path, LOCK))
    else symlinkSync(join(path, 'nothing'), join(path, LOCK))
    const start = performance.now()
    await expect(lockFolder(path)).rejects.toThrow(/\.lock: (a folder, not a file|cannot lock: .*symbolic link)/)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('many folders', () => {
  it('have one listener for the end of the process, and none when they are released', async () => {
    const before = process.listenerCount('exit')
    const releases = await Promise.all(Array.from({ length: 20 }, () => lockFolder(folder())))
    expect(process.listenerCount('exit')).toBe(before + 1)
    for (const release of releases) await release()
    expect(process.listenerCount('exit')).toBe(before)
  })

  it('are unlocked when the process ends', async () => {
    const paths = Array.from({ length: 3 }, folder)
    const program = `
      import { lockFolder } from ${JSON.stringify(join(ROOT, 'dist/io/folder-lock.js'))}
      for (const path of ${JSON.stringify(paths)}) await lockFolder(path)
      process.exit(0)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program])
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
    expect(paths.flatMap((path) => readdirSync(path))).toEqual([])
  })
})

/** Whatever the order of their file operations, and wherever one of them stalls or is killed. */
describe('a stale lock that several processes find', { timeout: 120_000 }, () => {
  let processes: SteppedProcess[]

  beforeAll(async () => {
    processes = await Promise.all([1, 2, 3].map(() => SteppedProcess.start()))
  })
  afterAll(async () => {
    for (const one of processes) await one.kill()
  })

  function stale(): string {
    const path = folder()
    writeFileSync(join(path, LOCK), `999999999 ${hostname()} 5 abc\n`)
    return path
  }

  /** Exactly one of them has the folder; it releases it. */
  async function expectOneOwner(path: string, what: string): Promise<void> {
    const owners = processes.filter(({ result }) => result === 'mine')
    expect(owners, what).toHaveLength(1)
    for (const { result } of processes) expect(result, what).toMatch(/^mine$|is writing into this folder/)
    expect(readdirSync(path), what).toEqual([LOCK])
    owners[0].begin('release')
    await owners[0].finish()
    expect(readdirSync(path), what).toEqual([])
  }

  it('goes to one, when one stalls before any of its operations and the others finish meanwhile', async () => {
    for (let steps = 0; ; steps++) {
      const path = stale()
      for (const one of processes) one.begin('lock', path)
      const [stalled, ...others] = processes
      for (let i = 0; i < steps; i++) await stalled.step()
      const isOver = stalled.result !== null
      for (const other of others) await other.finish()
      await stalled.finish()
      await expectOneOwner(path, `stalled before operation ${steps}`)
      if (!isOver) continue
      expect(steps).toBeGreaterThan(8)
      break
    }
  })

  it('goes to one, when two stall before any of their operations', async () => {
    const [a, b, c] = processes
    for (let first = 0; first < 16; first++) {
      for (let second = first % 2; second < 16; second += 2) {
        const path = stale()
        for (const one of processes) one.begin('lock', path)
        for (let i = 0; i < first; i++) await a.step()
        for (let i = 0; i < second; i++) await b.step()
        for (const one of [c, a, b]) await one.finish()
        await expectOneOwner(path, `stalled before operations ${first} and ${second}`)
      }
    }
  })

  it('goes to one in random orders', async () => {
    const random = randomStream(1, 'interleavings')
    for (let round = 0; round < 100; round++) {
      const path = stale()
      for (const one of processes) one.begin('lock', path)
      for (;;) {
        const running = processes.filter(({ result }) => result === null)
        if (running.length === 0) break
        await running[random.int(running.length)].step()
      }
      await expectOneOwner(path, `round ${round}`)
    }
  })

  it('goes to one of the others when one is killed before any of its operations', async () => {
    for (let steps = 0; ; steps++) {
      const path = stale()
      const killed = await SteppedProcess.start()
      for (const one of [killed, ...processes]) one.begin('lock', path)
      for (let i = 0; i < steps; i++) await killed.step()
      const isOver = killed.result !== null
      await killed.kill()
      for (const one of processes) await one.finish()
      await expectOneOwner(path, `killed before operation ${steps}`)
      if (isOver) break
    }
  })
})
