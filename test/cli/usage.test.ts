import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ACTIVATIONS } from '../../src/core/types.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { ROOT } from '../repo/source-graph.js'
import { command, writeStripes } from './command.js'

const folder = temporaryFolder()
const out = join(folder, 'never')
const train = (...args: string[]) => command(['train', '--preset', 'quick', '--no-figures', '--out', out, ...args])
const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)

describe('native-mlp', () => {
  it('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(await command(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('lists its commands, environment and exit codes', async () => {
    const { code, stdout } = await command(['--help'])
    expect(code).toBe(0)
    for (const name of [
      'train',
      'search',
      'evaluate',
      'predict',
      'export',
      'lr-find',
      'plot',
      'bench',
      'doctor',
      'build-native',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    }
    expect(stdout).toMatch(/Exit codes: 0 .*1 .*2 .*130 /)
    const { stdout: train } = await command(['train', '--help'])
    expect(train.replace(/\s+/g, ' ')).toContain(ACTIVATIONS.join(', '))
    for (const variable of [
      'NATIVE_MLP_BACKEND=auto|native|js',
      'NATIVE_MLP_ISA=auto|avx512|avx2|neon|portable',
      'NATIVE_MLP_ADDON_PATH=file',
    ]) {
      expect(stdout).toContain(variable)
    }
  })

  it.each<[string, string[], string]>([
    ['a misspelt command', ['trian'], "error [UNKNOWN_OPTION]: unknown command 'trian' (Did you mean train?)"],
    [
      'a misspelt flag',
      ['train', '--lerning-rate', '1'],
      "error [UNKNOWN_OPTION]: unknown option '--lerning-rate' (Did you mean --learning-rate?)",
    ],
    [
      'a flag without its value',
      ['train', '--epochs'],
      "error [INVALID_ARGUMENT]: option '--epochs <n>' argument missing",
    ],
    [
      'a stray word',
      ['train', 'rows.csv', 'quick'],
      "error [INVALID_ARGUMENT]: too many arguments for 'train'. Expected 1 argument but got 2.",
    ],
    [
      'a misspelt preset',
      ['train', '--preset', 'quik'],
      "error [INVALID_ARGUMENT]: --preset: expected one of 'homework', 'quick', 'fast', 'accurate', 'record', 'general', got \"quik\"",
    ],
  ])('answers %s in one line and with 2', async (_, args, message) => {
    expect(await command(args)).toEqual({ code: 2, stdout: '', stderr: `${message}\n` })
  })

  it('without a command prints its help, with 2', async () => {
    expect(await command([])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Usage: native-mlp/),
    })
  })

  it('shows the stack of an error only on request', async () => {
    const args = ['evaluate', '--weights', join(folder, 'none')]
    expect((await command(args)).stderr).not.toContain('    at ')
    expect((await command(args, { env: { NATIVE_MLP_DEBUG: '1' } })).stderr).toContain('    at ')
  })
})

it.each(['', 'auto'])('NATIVE_MLP_BACKEND=js goes with one thread and NATIVE_MLP_ISA=%s', async (isa) => {
  const env = { NATIVE_MLP_BACKEND: 'js', NATIVE_MLP_THREADS: '1', NATIVE_MLP_ISA: isa }
  expect((await command(['doctor'], { env })).stdout).toMatch(/^ok backend +pure TypeScript/m)
})

describe('native-mlp train refuses, before it makes a folder,', () => {
  it.each<[string, string[], number, string]>([
    [
      'a misspelt key',
      ['--config', configFile({ learning_rate: 1 })],
      2,
      "unknown key 'learning_rate'; did you mean 'learningRate'?",
    ],
    [
      'a batch larger than the data',
      ['--batch-size', '9601'],
      2,
      '--batch-size: expected at most 9600, the training rows, got 9601',
    ],
    [
      'a limit larger than the data',
      ['--limit-train', '60001'],
      2,
      '--limit-train: expected an integer from 1 to 60000, got 60001',
    ],
    ['a split that leaves nothing', ['--limit-train', '2', '--batch-size', '1'], 2, 'split fraction: '],
    [
      'a network larger than the memory',
      ['--hidden', '65536,65536'],
      2,
      '--hidden 65536,65536: too large for the memory',
    ],
    [
      'a curve of what is not evaluated',
      ['--training-curve'],
      2,
      '--training-curve: needs --evaluate-on train,valid,test',
    ],
    [
      'weights the homework cannot hold',
      ['--homework-weights'],
      2,
      '--homework-weights: the folder of .npy files needs',
    ],
  ])('%s', async (_, args, code, message) => {
    const { stderr, ...outcome } = await train(...args)
    expect(outcome).toEqual({ code, stdout: '' })
    expect(lastLine(stderr)).toMatch(/^error \[[A-Z_]+\]: /)
    expect(lastLine(stderr)).toContain(message)
    expect(existsSync(out)).toBe(false)
  })

  it.each<[string, () => string, string]>([
    [
      'no such folder',
      () => join(folder, 'none'),
      `error [DATA_NOT_FOUND]: --data: ${join(folder, 'none')}: not found`,
    ],
    [
      'a class unseen in training',
      () => writeStripes(join(folder, 'labels'), 20, 30, (i) => (i === 25 ? 10 : 3)),
      'class 10 of test row 25 does not occur in the training labels',
    ],
    [
      'a truncated file',
      () => damaged('truncated', (bytes) => bytes.subarray(0, -1)),
      'truncated: 30 x 10 x 10 uint8 take',
    ],
    [
      'trailing bytes',
      () => damaged('trailing', (bytes) => Buffer.concat([bytes, bytes.subarray(0, 1)])),
      'trailing bytes: ',
    ],
    ['a lying header', () => damaged('lying', (bytes) => bytes.fill(0xff, 4, 8)), 'error [INVALID_FILE]: '],
    ['no rows', () => writeStripes(join(folder, 'empty'), 0, 20), 'error [INVALID_FILE]: '],
  ])('data with %s', async (_, make, message) => {
    const { stderr, ...outcome } = await train('--data', make())
    expect(outcome).toEqual({ code: 1, stdout: '' })
    expect(lastLine(stderr)).toContain(message)
    expect(existsSync(out)).toBe(false)
  })

  it.each<[string, Record<string, string>, number, string]>([
    [
      'an unknown backend',
      { NATIVE_MLP_BACKEND: 'gpu' },
      2,
      "NATIVE_MLP_BACKEND: expected one of 'auto', 'native', 'js', got \"gpu\"",
    ],
    ['an unknown instruction set', { NATIVE_MLP_ISA: 'sse9' }, 2, 'NATIVE_MLP_ISA: expected one of '],
    ['no threads', { NATIVE_MLP_THREADS: '0' }, 2, 'NATIVE_MLP_THREADS: expected an integer from 1 to 64, got "0"'],
    [
      'an instruction set for TypeScript',
      { NATIVE_MLP_BACKEND: 'js', NATIVE_MLP_ISA: 'avx2' },
      2,
      'NATIVE_MLP_ISA: expected \'auto\' with NATIVE_MLP_BACKEND=js, got "avx2"',
    ],
    [
      'threads for TypeScript',
      { NATIVE_MLP_BACKEND: 'js', NATIVE_MLP_THREADS: '2' },
      2,
      'NATIVE_MLP_THREADS: expected 1 with NATIVE_MLP_BACKEND=js, got "2"',
    ],
    [
      'an addon that is not there',
      { NATIVE_MLP_ADDON_PATH: '/none.node' },
      1,
      'NATIVE_MLP_ADDON_PATH=/none.node: no such file',
    ],
  ])('%s', async (_, env, code, message) => {
    const outcome = await command(['train', '--preset', 'quick', '--out', out], { env })
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) })
    expect(existsSync(out)).toBe(false)
  })
})

function configFile(value: unknown): string {
  const file = join(folder, 'config.json')
  writeFileSync(file, JSON.stringify(value))
  return file
}

/** Stripes whose training images have been tampered with. */
function damaged(name: string, change: (bytes: Buffer) => Uint8Array): string {
  mkdirSync(join(folder, name))
  writeStripes(join(folder, name), 30, 20)
  const file = join(folder, name, 'train-images-idx3-ubyte')
  writeFileSync(file, change(readFileSync(file)))
  return join(folder, name)
}

it.each<[string, string[], string]>([
  ['trials', ['search', '--strategy', 'random'], "--trials: expected a number with strategy 'random'"],
  ['rungs', ['search', '--min-epochs', '1', '--trials', '3'], '--trials: a grid tries every point'],
  ['a server', ['worker', '--queue', 'http://queue'], '--queue: expected redis://host[:port][/database]'],
  [
    'sets',
    ['search', '--preset', 'quick', '--objective', 'test.loss', '--evaluate-on', 'valid', '--out', out],
    "--evaluate-on: expected a list with 'test'",
  ],
])('names the flag where %s do not fit', async (_, args, message) => {
  const { code, stderr } = await command(args)
  expect({ code, last: lastLine(stderr) }).toEqual({ code: 2, last: expect.stringContaining(`]: ${message}`) })
  expect(existsSync(out)).toBe(false)
})
