import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { resultsCsv, type SearchOptions, samples, search } from 'native-mlp'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { command, MAIN } from '../../cli/command.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters } from '../../train/toy-data.js'

const { values, cols, labels } = clusters(120)
const data = samples({ values, cols, labels: labels! }).split({ valid: 0.2 })
const options: SearchOptions = {
  data,
  grid: { learningRate: [0.05, 0.1, 0.2], hidden: [8, 40] },
  base: { epochs: 3, batchSize: 16 },
  keepModels: true,
  workers: 2,
}
const folder = temporaryFolder()
const mounts: string[] = []
afterAll(() => {
  for (const path of mounts) execFileSync('umount', ['-l', path])
})

/** A file system in memory, where this process may make one. */
function mounted(name: string, size: string): string | null {
  const path = join(folder, name)
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', path], { stdio: 'ignore' })
  } catch {
    return null
  }
  mounts.push(path)
  return path
}

const PATIENCE = { timeout: 50_000, interval: 20 }

/** `native-mlp` as a process that does not outlive the test. */
function started(args: readonly string[]): ChildProcessByStdio<null, null, Readable> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function run(path: string, changes: Partial<SearchOptions> = {}) {
  return search({ ...options, folder: path, resume: true, ...changes })
}

describe('a study', () => {
  const canMount = mounted('probe', '4k') !== null

  it.skipIf(!canMount)('on a full disk ends with a clear error, and goes on when there is room', async () => {
    const whole = await search(options)
    // full at different moments: before the journal, in the middle, at the end
    for (const size of [4, 8, 16, 24, 32]) {
      const disk = mounted(`disk-${size}`, `${size}k`)!
      const path = join(disk, 'study')
      const error = await run(path).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'FILE_SYSTEM', message: expect.stringContaining('ENOSPC') })
      await expect(run(path), 'still full').rejects.toMatchObject({ code: 'FILE_SYSTEM' })
      execFileSync('mount', ['-o', 'remount,size=4m', disk])
      const study = await run(path)
      expect(resultsCsv(study.trials, study)).toBe(resultsCsv(whole.trials, whole))
      expect(readFileSync(join(path, 'results.csv'), 'utf8')).toBe(resultsCsv(whole.trials, whole))
    }
  })

  it.skipIf(!canMount)('in a folder that cannot be written says so', async () => {
    const sealed = mounted('sealed', '1m')!
    const path = join(sealed, 'study')
    const first = await run(path)
    execFileSync('mount', ['-o', 'remount,ro', sealed])
    for (const place of [path, join(sealed, 'new')]) {
      await expect(run(place)).rejects.toMatchObject({
        code: 'FILE_SYSTEM',
        message: expect.stringMatching(new RegExp(`^${place}.*EROFS`)),
      })
    }
    expect(readFileSync(join(path, 'results.csv'), 'utf8')).toBe(resultsCsv(first.trials, first))
  })

  it('with a damaged line computes again what the line told, once it is removed', async () => {
    const path = join(folder, 'damaged')
    const first = await run(path)
    const journal = join(path, 'journal.jsonl')
    const lines = readFileSync(journal, 'utf8').split('\n')
    const at = lines.findIndex((line) => line.includes('"event":"trial"'))
    writeFileSync(journal, lines.map((line, i) => (i === at ? line.slice(0, 40) : line)).join('\n'))
    const before = readFileSync(journal)
    await expect(run(path)).rejects.toThrow(`${journal}: line ${at + 1} is not JSON`)
    expect(readFileSync(journal).equals(before)).toBe(true)
    writeFileSync(journal, lines.filter((_, i) => i !== at).join('\n'))
    const ended: boolean[] = []
    const again = await run(path, { callbacks: { onTrialEnd: ({ isEarlier }) => void ended.push(isEarlier) } })
    expect(ended.filter((isEarlier) => !isEarlier)).toHaveLength(1)
    expect(resultsCsv(again.trials, again)).toBe(resultsCsv(first.trials, first))
  })

  it('of another version is refused by name', async () => {
    const path = join(folder, 'version')
    await run(path)
    const journal = join(path, 'journal.jsonl')
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('"formatVersion":2', '"formatVersion":1'))
    await expect(run(path)).rejects.toThrow(`${journal}: line 1: format version 1, written by native-mlp`)
    rmSync(journal)
    await expect(run(path)).rejects.toThrow(`${path}: holds a study without journal.jsonl, of an earlier version`)
  })

  it('that another process runs is refused by name, and taken over when that one was killed', async () => {
    const path = join(folder, 'two')
    // it would go on for minutes
    const flags = ['--preset', 'quick', '--limit-train', '500', '--epochs', '100000', '--hidden', '8', '--no-figures']
    const journal = join(path, 'journal.jsonl')
    const says = (event: string) => existsSync(journal) && readFileSync(journal, 'utf8').includes(`"event":"${event}"`)
    const first = started(['search', ...flags, '--out', path])
    await vi.waitUntil(() => says('start'), PATIENCE)
    const second = await command(['search', '--resume', path])
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining(`process ${first.pid} is writing into`) })
    first.kill('SIGKILL')
    await once(first, 'close')
    const third = started(['search', '--resume', path, '--no-figures'])
    let stderr = ''
    third.stderr.on('data', (text) => {
      stderr += text
    })
    await vi.waitUntil(() => says('resumed'), PATIENCE)
    third.kill('SIGINT')
    const [code] = await once(third, 'close')
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('to resume: ') })
  })
})

describe('hundreds of trials', () => {
  it('take no more memory than some', { timeout: 120_000 }, async () => {
    const used: number[] = []
    const learningRate = Array.from({ length: 300 }, (_, i) => 0.01 + i / 10_000)
    const path = join(folder, 'many')
    const { trials } = await search({
      ...options,
      ...{
        keepModels: false,
        grid: { learningRate, hidden: [[400, 400]] },
        base: { epochs: 2, batchSize: 32 },
        folder: path,
      },
      callbacks: { onTrialEnd: () => void used.push(process.memoryUsage().rss) },
    })
    expect(trials).toHaveLength(300)
    const peak = (from: number) => Math.max(...used.slice(from, from + 50))
    // the weights of a model take 0.65 MB, so 200 kept ones 130 MB; the peaks of a collector differ by less than half of that
    expect((peak(250) - peak(50)) / 2 ** 20).toBeLessThan(60)
  })
})
