import { execFile, execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  appendHistory,
  encodeNpy,
  fit,
  MLP,
  samples,
  saveHomeworkWeights,
  saveModel,
  search,
  sgd,
  writeFileAtomic,
  writeTrainingCurve,
} from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { command } from '../cli/command.js'
import { temporaryFolder } from './temporary-folder.js'

const folder = temporaryFolder()
const model = new MLP({ layers: [2, 3, 2] })
const set = samples({
  values: [
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 0],
  ].flat(),
  cols: 2,
  labels: [0, 1, 0, 1],
})

describe.skipIf(process.platform === 'win32')('what is not a regular file', () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const inner = join(folder, 'inner')
  mkdirSync(inner)
  const link = join(folder, 'link to pipe')
  symlinkSync(pipe, link)
  const dangling = join(folder, 'dangling')
  symlinkSync(join(folder, 'nothing'), dangling)
  const there = [
    ['/dev/null', 'a device'],
    [pipe, 'a named pipe'],
    [link, 'a named pipe'],
    [inner, 'a folder'],
    [dangling, 'a dangling symbolic link'],
  ]

  it.each(there)('at %s stays, and every writer names it', async (path, kind) => {
    const before = lstatSync(path)
    const writers: [string, () => Promise<unknown>][] = [
      ['write', () => writeFileAtomic(path, 'x')],
      ['write', () => saveModel(path, model)],
      ['write', () => writeTrainingCurve(path, [])],
      ['append', () => appendHistory(path, { step: 0, epoch: 0 })],
    ]
    for (const [action, write] of writers) {
      await expect(write()).rejects.toMatchObject({
        code: 'FILE_SYSTEM',
        message: `${path}: cannot ${action}: it is ${kind}, expected a regular file`,
      })
    }
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, mode: before.mode })
  })

  it('may be a socket', async () => {
    const path = join(folder, 'socket')
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow('it is a socket')
    server.close()
  })

  it('stops a run that would write there', async () => {
    const run = join(folder, 'run')
    mkdirSync(run)
    execFileSync('mkfifo', [join(run, '.lock')])
    await expect(
      fit(model, set, { epochs: 1, optimizer: sgd({ learningRate: 0.1 }), folder: run }),
    ).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining(`${join(run, '.lock')}: not a regular file`),
    })
    const weights = join(folder, 'weights')
    mkdirSync(join(weights, 'fc1_Weight.npy'), { recursive: true })
    const homework = new MLP({ layers: [784, 2, 10], inputScale: 'raw' })
    await expect(saveHomeworkWeights(weights, homework)).rejects.toThrow('fc1_Weight.npy: cannot write: it is a folder')
  })

  it('stops a search that would write there', async () => {
    const path = join(folder, 'study')
    mkdirSync(path)
    execFileSync('mkfifo', [join(path, 'journal.jsonl')])
    const started = search({
      data: { train: set, valid: set },
      grid: { hidden: [2] },
      base: { epochs: 1 },
      folder: path,
    })
    await expect(started).rejects.toMatchObject({ code: expect.stringMatching(/INVALID_ARGUMENT|FILE_SYSTEM/) })
    expect(lstatSync(join(path, 'journal.jsonl')).isFIFO()).toBe(true)
  })

  it('stops a search, and neither hangs the command, in the place of a lock, an addon or a config file', async () => {
    const path = join(folder, 'locked')
    mkdirSync(path)
    execFileSync('mkfifo', [join(path, '.lock')])
    const grid = { hidden: [2] }
    const options = { data: { train: set, valid: set }, grid, base: { epochs: 1, learningRate: 0.1 }, folder: path }
    await expect(search(options)).rejects.toThrow(`${join(path, '.lock')}: not a regular file`)
    const flags = ['--preset', 'quick', '--limit-train', '100', '--epochs', '1', '--no-figures']
    const runs: [string[], Record<string, string>, string][] = [
      [['train', ...flags, '--out', path], {}, '.lock: not a regular file'],
      [['search', ...flags, '--out', path], {}, '.lock: not a regular file'],
      [['train', '--config', pipe], {}, `${pipe}: not a regular file`],
      [['evaluate', '--weights', pipe], {}, `${pipe}: not a regular file`],
      [['plot', path, '--data', join(folder, 'pipe')], {}, 'not a run folder'],
      [['bench', '--quick'], { NATIVE_MLP_ADDON_PATH: pipe }, `NATIVE_MLP_ADDON_PATH=${pipe}: not a regular file`],
    ]
    for (const [args, env, message] of runs) {
      const { code, stderr } = await command(args, { env })
      expect(stderr, args.join(' ')).toContain(message)
      expect(code, args.join(' ')).toBeGreaterThan(0)
    }
  })

  it('is no symbolic link to a regular file: the link stays, and the file is replaced', async () => {
    const [file, name] = [join(folder, 'file'), join(folder, 'link to file')]
    writeFileSync(file, 'old')
    symlinkSync(file, name)
    await writeFileAtomic(name, 'new')
    expect(readlinkSync(name)).toBe(file)
    expect(readFileSync(file, 'utf8')).toBe('new')
  })
})

const major = Number(process.versions.node.split('.')[0])
const flag = major >= 23 ? '--permission' : '--experimental-permission'

it("files are saved under Node's permission model, where it allows their folder", async () => {
  const path = join(folder, 'allowed.npy')
  const program = `const { encodeNpy, writeFileAtomic } = await import('native-mlp')
    const bytes = encodeNpy({ shape: [2], data: new Float32Array([1, 2]) })
    await writeFileAtomic(process.argv[1], bytes)
    await writeFileAtomic(process.argv[1], bytes)
    await writeFileAtomic('/elsewhere', bytes).catch((error) => console.log(error.code, error.message))`
  const allowed = [flag, '--allow-fs-read=*', `--allow-fs-write=${folder}/*`, '--allow-addons']
  const args = ['--no-warnings', ...allowed, '--input-type=module', '-e', program, path]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toBe(
    "FILE_SYSTEM /elsewhere: cannot write: Node's permission model denies it; --allow-fs-write=PATH allows it\n",
  )
  expect(readFileSync(path)).toEqual(Buffer.from(encodeNpy({ shape: [2], data: new Float32Array([1, 2]) })))
})
