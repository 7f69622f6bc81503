import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { linkPackages } from './bundles.js'
import { ROOT } from './source-graph.js'
import { installTools, requireTool } from './tools.js'

/**
 * The same short program in processes of other environments: test frameworks and Node's restrictive flags. Each gives the
 * same bits, or an error that names the cause.
 */
const SHORT_PROGRAM = join(ROOT, 'test/repo/short-program.mjs')
const require = createRequire(import.meta.url)
const folder = temporaryFolder()
const program = join(folder, 'program.mjs')
const tools = installTools()
const missing = 'reason' in tools ? tools.reason : ''
const PARTS = ['evaluated', 'saved', 'run', 'search', 'figure'] as const

type Report = { readonly info: { readonly backend: 'native' | 'js'; readonly reason: string | null } } & Readonly<
  Record<string, unknown>
>

interface Surroundings {
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
}

function inherited(): NodeJS.ProcessEnv {
  const { NATIVE_MLP_BACKEND, NATIVE_MLP_ISA, NATIVE_MLP_THREADS, VITEST, NODE_ENV, ...env } = process.env
  return env
}

async function run(args: readonly string[], surroundings: Surroundings = {}): Promise<Report> {
  const { env = inherited(), uid } = surroundings
  const out = mkdtempSync(join(folder, 'run-'))
  chmodSync(out, 0o777)
  const report = join(folder, 'reports', `${basename(out)}.json`)
  const options = { cwd: folder, env: { ...env, RUN_FOLDER: out, REPORT: report }, ...(uid && { uid, gid: uid }) }
  await promisify(execFile)(process.execPath, args, options)
  return JSON.parse(readFileSync(report, 'utf8'))
}

interface TestFile {
  readonly name: string
  readonly framework: 'vi' | 'jest'
  /** statements before the package is imported, and after it */
  readonly before?: string
  readonly after?: string
}

/** A test that writes the report of the short program. */
function writeTest({ name, framework, before = '', after = '' }: TestFile): void {
  writeFileSync(
    join(folder, name),
    `import { ${framework}, test } from '${framework === 'vi' ? 'vitest' : '@jest/globals'}'
    import { writeFileSync } from 'node:fs'
    import { shortProgram } from ${JSON.stringify(SHORT_PROGRAM)}
    ${before}
    const api = await import('native-mlp')
    ${after}
    test('the short program', async () => {
      writeFileSync(process.env.REPORT, JSON.stringify(await shortProgram(api)))
    }, 60_000)`,
  )
}

let plain: Record<'native' | 'js', Report>
beforeAll(async () => {
  mkdirSync(join(folder, 'reports'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  linkPackages(folder, { 'native-mlp': ROOT, vitest: join(ROOT, 'node_modules/vitest') })
  writeFileSync(
    program,
    `import * as api from 'native-mlp'
    import { writeFileSync } from 'node:fs'
    import { shortProgram } from ${JSON.stringify(SHORT_PROGRAM)}
    writeFileSync(process.env.REPORT, JSON.stringify(await shortProgram(api)))`,
  )
  const env = { ...inherited(), NATIVE_MLP_BACKEND: 'js' }
  const [native, js] = await Promise.all([run([program]), run([program], { env })])
  plain = { native, js }
})

/** The same bits on the same backend, and every part works but for those named, which fail as they should. */
function expectSame(report: Report, failures: Partial<Record<(typeof PARTS)[number], RegExp>> = {}): void {
  const expected = plain[report.info.backend]
  expect(report.digest).toBe(expected.digest)
  for (const part of PARTS) {
    const failure = failures[part]
    if (failure) expect(report[part], part).toMatch(failure)
    else expect(report[part], part).toEqual(expected[part])
  }
}

it('a plain process', () => {
  expect(plain.native).toMatchObject({ evaluated: true, saved: true, search: 'completed completed', figure: true })
  expect(plain.js).toMatchObject({ evaluated: true, saved: true, search: 'completed completed', figure: true })
  expect(plain.native.run).toMatch(/^[0-9a-f]{16}$/)
})

describe('in vitest', () => {
  const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
  const FAKE = 'vi.useFakeTimers()'

  it.each([
    ['forks', {}],
    ['threads', {}],
    ['vmThreads', {}],
    ['forks', { after: FAKE }],
    ['vmThreads', { after: FAKE }],
    ['forks', { before: FAKE }],
    ['threads', { before: FAKE }],
    ['vmThreads', { before: FAKE }],
  ])('pool %s %s', async (pool, fake) => {
    const name = `${[pool, ...Object.keys(fake)].join('-')}.test.js`
    writeTest({ name, framework: 'vi', ...fake })
    expectSame(await run([vitest, 'run', name, `--pool=${pool}`, '--root', folder, '--no-cache']))
  })
})

describe.skipIf(missing)('in jest', () => {
  const jestMain =
    'folder' in tools ? requireTool(tools.folder, 'jest') && join(tools.folder, 'node_modules/jest/bin/jest.js') : ''

  const FAKE = 'jest.useFakeTimers()'

  it.each([{}, { after: FAKE }, { before: FAKE }, { before: 'jest.useFakeTimers({ legacyFakeTimers: true })' }])(
    '%s',
    async (fake) => {
      const name = `${['jest', ...Object.entries(fake).flat()].join('-').replace(/\W+/g, '-')}.mjs`
      writeTest({ name, framework: 'jest', ...fake })
      const config = {
        rootDir: folder,
        testMatch: [`**/${name}`],
        transform: {},
        moduleFileExtensions: ['mjs', 'js', 'json', 'node'],
      }
      expectSame(
        await run(['--experimental-vm-modules', '--no-warnings', jestMain, '--config', JSON.stringify(config)]),
      )
    },
  )
})

it.each(['', 'const { mock } = await import("node:test"); mock.timers.enable()'])(
  'where there is neither setImmediate nor MessageChannel, as in jsdom: %s',
  async (before) => {
    const file = join(folder, `without${before && '-fake'}.mjs`)
    writeFileSync(
      file,
      `for (const name of ['setImmediate', 'clearImmediate', 'MessageChannel']) delete globalThis[name]
      ${before.replace('enable()', "enable({ apis: ['setTimeout', 'setInterval'] })")}
      setInterval(() => {}, 1000)
      const alive = (await import('node:net')).createServer().listen(0)
      const { MLP, evaluate, fit, samples, sgd } = await import('native-mlp')
      const values = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i))
      const data = samples({ values, cols: 4, labels: Int32Array.from({ length: 100 }, (_, i) => i % 3) })
      const model = new MLP({ layers: [4, 8, 3], seed: 1 })
      await fit(model, data, { epochs: 3, yieldEveryMs: 0, optimizer: sgd({ learningRate: 0.1 }) })
      const { count } = await evaluate(model, data)
      process.stdout.write(String(count))
      process.exit()`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', file], {
      cwd: folder,
      timeout: 30_000,
    })
    expect(stdout).toBe('100')
  },
)

it.each(['', ', now: 0'])('with the mock timers of node:test%s, enabled before the import', async (now) => {
  const file = join(folder, `mocked${now && '-now'}.mjs`)
  const apis = ['setTimeout', 'setInterval', 'setImmediate', 'Date']
  writeFileSync(
    file,
    `import { mock } from 'node:test'
    mock.timers.enable({ apis: ${JSON.stringify(apis)}${now} })
    await import('./program.mjs')`,
  )
  expectSame(await run(['--no-warnings', file]))
})

it('ran in jest, or says why not', () => {
  if (missing) console.warn(`jest skipped: it cannot be installed: ${missing}`)
  expect(missing === '' || process.env.CI === undefined, missing).toBe(true)
})

describe("under Node's permission model", () => {
  const flag = Number(process.versions.node.split('.')[0]) >= 23 ? '--permission' : '--experimental-permission'
  const denied = (...allowed: string[]) => run(['--no-warnings', flag, '--allow-fs-read=*', ...allowed, program])
  const [WRITE, ADDONS, WORKER] = [`--allow-fs-write=${folder}/*`, '--allow-addons', '--allow-worker']

  it('does everything with the allowances', async () => {
    expectSame(await denied(WRITE, ADDONS, WORKER))
  })

  it('falls back to TypeScript without --allow-addons, and draws no figure', async () => {
    const report = await denied(WRITE, WORKER)
    expect(report.info).toMatchObject({ backend: 'js', reason: expect.stringContaining('--allow-addons') })
    expectSame(report, {
      figure: /^NativeMlpError BACKEND_UNAVAILABLE: figures need the npm package @resvg\/resvg-js: /,
    })
  })

  it('searches only with --allow-worker', async () => {
    expectSame(await denied(WRITE, ADDONS), {
      search: /^NativeMlpError BACKEND_UNAVAILABLE: search: no worker can start: .*--allow-worker allows them$/,
    })
  })

  it('saves only with --allow-fs-write', async () => {
    const report = await denied(`--allow-fs-write=${folder}/reports/*`, ADDONS, WORKER)
    const refused = /^NativeMlpError FILE_SYSTEM: .*--allow-fs-write=PATH allows it$/
    expectSame(report, { saved: refused, run: refused, search: refused })
  })
})

it.each([
  '--frozen-intrinsics',
  '--disallow-code-generation-from-strings',
  '--jitless',
  '--disable-proto=throw',
  '--no-addons',
])('with %s', async (flag) => {
  const report = await run(['--no-warnings', flag, program])
  if (flag !== '--no-addons') expect(report.info.backend).toBe(plain.native.info.backend)
  expectSame(report, flag === '--no-addons' ? { figure: /^NativeMlpError BACKEND_UNAVAILABLE: / } : {})
})

it('without HOME', async () => {
  const { HOME, ...env } = inherited()
  expectSame(await run([program], { env }))
})

it.skipIf(process.getuid?.() !== 0)('as a user without a passwd entry', async () => {
  for (const name of ['', 'reports']) chmodSync(join(folder, name), 0o777)
  expectSame(await run([program], { env: { PATH: process.env.PATH }, uid: 1_234_567 }))
})
