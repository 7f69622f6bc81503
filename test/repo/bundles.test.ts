import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { BUNDLERS, type Bundler, INSTALLED_BUNDLERS, linkPackages, writeProgram } from './bundles.js'
import { ROOT } from './source-graph.js'
import { installTools } from './tools.js'

/**
 * Programs bundled with this package by real bundlers, then run on what looks like another machine: the folder in which the
 * bundle was built is gone.
 */
const ADDON = join(ROOT, 'build/Release/native_mlp.node')
const SHORT_PROGRAM = join(ROOT, 'test/repo/short-program.mjs')
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const home = temporaryFolder()
const tools = installTools()
const missing = 'reason' in tools ? tools.reason : ''

const BUNDLED = 'native-mlp is bundled without its files: mark the package external (docs/backends.md)'

interface Report {
  readonly info: { backend: string; addon: string | null; reason: string | null }
  readonly [part: string]: unknown
}

async function run(file: string, env: Readonly<Record<string, string>> = {}): Promise<Report> {
  const { NATIVE_MLP_BACKEND, NATIVE_MLP_ISA, NATIVE_MLP_THREADS, NATIVE_MLP_ADDON_PATH, ...rest } = process.env
  const options = { env: { ...rest, RUN_FOLDER: mkdtempSync(join(home, 'run-')), ...env }, cwd: dirname(file) }
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', file], options)
  return JSON.parse(stdout)
}

/** A project in which this package is installed without its optional peers, nor an addon. */
function project(name: string): string {
  const folder = join(home, name)
  writeProgram(folder, SHORT_PROGRAM)
  const copy = join(folder, 'node_modules/native-mlp')
  for (const path of ['package.json', 'dist']) cpSync(join(ROOT, path), join(copy, path), { recursive: true })
  const names = Object.keys(dependencies)
  linkPackages(folder, Object.fromEntries(names.map((name) => [name, join(ROOT, 'node_modules', name)])))
  return folder
}

async function bundled(name: string, bundler: Bundler): Promise<string> {
  const folder = project(name)
  const file = await bundler({ folder, isExternal: false })
  const elsewhere = join(home, `${name}, elsewhere`)
  cpSync(join(folder, 'out'), elsewhere, { recursive: true })
  rmSync(folder, { recursive: true })
  return file.replace(join(folder, 'out'), elsewhere)
}

// a build by each, and programs that wait for each other on two cores
const LONG = 300_000

let plain: Record<'native' | 'js', Report>
beforeAll(async () => {
  const folder = join(home, 'plain')
  writeProgram(folder, SHORT_PROGRAM)
  linkPackages(folder, { 'native-mlp': ROOT })
  const file = join(folder, 'program.mjs')
  plain = { native: await run(file), js: await run(file, { NATIVE_MLP_BACKEND: 'js' }) }
}, LONG)

const all = { ...BUNDLERS, ...('folder' in tools ? withTools(tools.folder) : {}) }

function withTools(folder: string): Record<string, Bundler> {
  return Object.fromEntries(Object.entries(INSTALLED_BUNDLERS).map(([name, bundler]) => [name, bundler(folder)]))
}

describe.each(Object.entries(all))('bundled by %s', (name, bundler) => {
  let file: string
  beforeAll(async () => {
    file = await bundled(name, bundler)
  }, LONG)

  it('falls back to TypeScript and names the remedy, as do a search, a queue and a figure', async () => {
    const report = await run(file)
    expect(report).toMatchObject({
      info: { backend: 'js', reason: `${BUNDLED}, or set NATIVE_MLP_ADDON_PATH to the file of the addon` },
      digest: plain.js.digest,
      evaluated: true,
    })
    const search = `NativeMlpError BACKEND_UNAVAILABLE: search: no worker can start: ${BUNDLED}`
    expect(report).toMatchObject({ saved: true, run: plain.js.run, search })
    expect(report.queue).toMatch(/^QUEUE_UNAVAILABLE: a queue needs the npm packages bullmq and ioredis \(npm install/)
    expect(report.figure).toMatch(
      /^NativeMlpError BACKEND_UNAVAILABLE: figures need the npm package @resvg\/resvg-js: /,
    )
    expect(report.mnist).toMatch(/^DATA_NOT_FOUND: MNIST: /)
  })

  it.skipIf(!existsSync(ADDON))('loads the addon that NATIVE_MLP_ADDON_PATH names', async () => {
    const report = await run(file, { NATIVE_MLP_ADDON_PATH: ADDON })
    expect(report).toMatchObject({
      info: { backend: 'native', addon: ADDON },
      digest: plain.native.digest,
    })
    expect(await run(file, { NATIVE_MLP_ADDON_PATH: '/none.node' })).toMatchObject({
      error: 'NativeMlpError: NATIVE_MLP_ADDON_PATH=/none.node: no such file',
    })
  })

  it('draws figures where their libraries are installed beside it', async () => {
    const folder = join(home, `${name}, beside`)
    cpSync(dirname(file), folder, { recursive: true })
    linkPackages(
      folder,
      Object.fromEntries(['@resvg/resvg-js', 'dejavu-fonts-ttf'].map((lib) => [lib, join(ROOT, 'node_modules', lib)])),
    )
    expect(await run(file.replace(dirname(file), folder))).toMatchObject({ figure: true })
  })

  it('does everything with the package external', async () => {
    const folder = join(home, `${name}, external`)
    writeProgram(folder, SHORT_PROGRAM)
    linkPackages(folder, { 'native-mlp': ROOT })
    const report = await run(await bundler({ folder, isExternal: true }))
    const { queue, ...rest } = plain.native
    expect(report).toMatchObject(rest)
    expect(report.search).toBe('completed completed')
  })
})

it('ran with webpack and rollup, or says why not', () => {
  if (missing) console.warn(`webpack and rollup skipped: they cannot be installed: ${missing}`)
  expect(missing === '' || process.env.CI === undefined, missing).toBe(true)
})
