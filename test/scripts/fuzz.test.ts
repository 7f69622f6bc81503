import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeCheckpoint, decodeModel } from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { spoil } from '../../scripts/fuzz/arguments.js'
import { type Campaign, runCampaign } from '../../scripts/fuzz/campaign.js'
import { mutateGzip, mutateJsonLines, mutateNpy, mutateSafetensors } from '../../scripts/fuzz/containers.js'
import { type Fault, signatureOf } from '../../scripts/fuzz/faults.js'
import { judge } from '../../scripts/fuzz/judge.js'
import { Random } from '../../scripts/fuzz/random.js'
import { makeSeedFiles } from '../../scripts/fuzz/seed-files.js'
import { command } from '../cli/command.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

const folder = temporaryFolder()
const fuzz = (...args: string[]) => command(args, { program: ['--import', 'tsx', 'scripts/fuzz.ts'] })

describe('npm run fuzz', { timeout: 240_000 }, () => {
  it('finds nothing in a short run over every kind of target, and says how many inputs there were', async () => {
    const out = join(folder, 'faults')
    const { code, stdout } = await fuzz('--count', '1500', '--seconds', '40', '--seed', '5', '--out', out)
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+ inputs to \d+ targets/m) })
    const [, inputs, targets] =
      /^(\d+) inputs to (\d+) targets in \d+ s, seed 5: 0 kinds of faults$/m.exec(stdout) ?? []
    expect(Number(inputs)).toBeGreaterThan(100)
    expect(Number(targets)).toBeGreaterThan(100)
  })

  it('names what is wrong with a flag', async () => {
    expect(await fuzz('--cuont', '3')).toMatchObject({ code: 2, stderr: expect.stringContaining('--cuont') })
  })
})

describe('the judge', () => {
  const run = (call: () => unknown, content: Uint8Array | null = null) =>
    judge({ target: { name: 'a', share: 1, content: () => content, run: call }, seed: 1, number: 2 }, 1)

  it.each<[string, () => unknown, object | null]>([
    ['a result', () => 1, null],
    ['a raw error', () => (undefined as unknown as { x: 1 }).x, { kind: 'raw error', number: 2 }],
    ['a rejected promise', () => Promise.reject('no error'), { kind: 'raw error', problem: 'string: no error' }],
    [
      'pollution',
      () => JSON.parse('{"a":1}', (_, v) => Object.assign(Object.prototype, { evil: 1 }) && v),
      { kind: 'pollution' },
    ],
  ])('sees %s', async (_, call, expected) => {
    const fault = await run(call)
    if (expected === null) expect(fault).toBeNull()
    else expect(fault).toMatchObject(expected)
  })

  it('sees control characters, which a NativeMlpError cannot have', async () => {
    const allows = () => true
    const throws = () => {
      throw new Error('red \u001b[31m')
    }
    const target = { name: 'a', share: 1, content: () => null, run: throws, allows }
    expect(await judge({ target, seed: 1, number: 1 }, 1)).toMatchObject({ kind: 'control characters' })
  })

  it.runIf(process.platform === 'linux')('sees memory of more than ten times the input', async () => {
    const keep: Uint8Array[] = []
    const fault = await run(() => keep.push(new Uint8Array(200 << 20).fill(1)), new Uint8Array(10))
    expect(fault).toMatchObject({
      kind: 'memory',
      problem: expect.stringMatching(/^it took \d+ MiB for an input of 10 bytes$/),
    })
    expect(await run(() => keep.length, new Uint8Array(10))).toBeNull()
  })
})

it('a worker that crashes or hangs costs one input, which is named', { timeout: 60_000 }, async () => {
  const faults: Fault[] = []
  const campaign: Campaign = {
    ...{ seed: 3, count: 8, seconds: 50, only: '', jobs: 1, seeds: folder, work: join(folder, 'work'), env: {} },
    ...{ slowness: 0.2, program: fileURLToPath(new URL('fuzz-worker.mjs', import.meta.url)) },
  }
  const { counts } = await runCampaign(campaign, (fault) => void faults.push(fault))
  expect(faults).toMatchObject([
    { kind: 'crash', number: 2, seed: 3, target: 'a', problem: expect.stringContaining('SIGABRT') },
    { kind: 'hang', number: 5, seed: 3, target: 'a', content: null },
  ])
  expect([...counts.values()].reduce((a, b) => a + b)).toBe(8)
  expect(new Set(faults.map(signatureOf)).size).toBe(2)
})

it('changes every format of real files, the same for the same seed', async () => {
  const seeds = join(folder, 'seeds')
  mkdirSync(seeds)
  await makeSeedFiles(seeds)
  expect(readdirSync(seeds)).toEqual(expect.arrayContaining(['run', 'study', 'images.gz', 'float64.npy', 'curve.txt']))
  const cases = [
    { file: 'classes.safetensors', mutate: mutateSafetensors },
    { file: 'run/checkpoint', mutate: mutateSafetensors },
    { file: 'float64.npy', mutate: mutateNpy },
    { file: 'images.gz', mutate: mutateGzip },
    { file: 'study/journal.jsonl', mutate: mutateJsonLines },
  ]
  for (const { file, mutate } of cases) {
    const original = new Uint8Array(readFileSync(join(seeds, file)))
    const changed = Array.from({ length: 40 }, (_, number) =>
      Buffer.from(mutate(original, new Random(1, number))).toString('hex'),
    )
    expect(new Set(changed).size, file).toBeGreaterThan(30)
    expect(Buffer.from(mutate(original, new Random(1, 7))).toString('hex'), file).toBe(changed[7])
  }
})

it('changes models and checkpoints so that their digest fits, and their readers are reached', () => {
  const readers = [
    { file: 'classes.safetensors', read: (bytes: Uint8Array) => decodeModel(bytes) },
    { file: 'run/checkpoint', read: (bytes: Uint8Array) => decodeCheckpoint(bytes) },
  ]
  for (const { file, read } of readers) {
    const original = new Uint8Array(readFileSync(join(folder, 'seeds', file)))
    const outcomes = Array.from({ length: 1000 }, (_, number) => {
      try {
        read(mutateSafetensors(original, new Random(4, number)))
        return 'read'
      } catch (error) {
        return (error as Error).message
      }
    })
    const share = (pattern: RegExp) => outcomes.filter((outcome) => pattern.test(outcome)).length / outcomes.length
    expect(share(/^read$/), file).toBeGreaterThan(0.01)
    expect(share(/damaged|digest is/), file).toBeLessThan(0.3)
    // what stands behind the outer form and the digest
    expect(share(/^(model|checkpoint): (?!damaged|not a safetensors)/), file).toBeGreaterThan(0.2)
  }
})

it('leaves fixed places of the arguments alone', () => {
  for (let number = 0; number < 500; number++) {
    const signal = {}
    const args = [1, { signal, epochs: 3, deep: { list: [1, 2] } }]
    spoil(args, new Random(2, number), ['1.signal'])
    expect((args[1] as { signal: object }).signal).toBe(signal)
  }
})
