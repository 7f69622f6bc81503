import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ADDON_ABI } from '../../src/backend/native-loader.js'
import { listPackage, packedCopy, removeCopy } from './packed-copy.js'

/** An addon small enough to compile in a second or two, with what the install script and the loader ask of one. */
const SMALL_ADDON = `
#include <napi.h>
Napi::Value Info(const Napi::CallbackInfo& call) {
  Napi::Object info = Napi::Object::New(call.Env());
  info.Set("isas", Napi::Array::New(call.Env()));
  return info;
}
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("version", NATIVE_MLP_VERSION);
  exports.Set("abi", ${ADDON_ABI});
  exports.Set("info", Napi::Function::New(env, Info));
  return exports;
}
NODE_API_MODULE(native_mlp, Init)
`
const BUILT = 'build/Release/native_mlp.node'
const PREBUILDS = `prebuilds/${process.platform}-${process.arch}`

let pristine: string
let copy: string
let noCompiler: string

/** The file of a program on the PATH; a shell would answer with its built-ins. */
const which = (name: string) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
const compiles = ['g++', 'make', 'python3'].every(which)

/** Runs the install script, or another program of the copy. */
function install(env: Record<string, string> = {}, args: string[] = [], program = 'scripts/install.cjs') {
  const { NATIVE_MLP_NATIVE, NATIVE_MLP_SKIP_BUILD, CXX, CC, ...rest } = process.env
  const options = { cwd: copy, encoding: 'utf8', env: { ...rest, ...env } } as const
  const child = spawnSync(process.execPath, [program, ...args], options)
  return { status: child.status, output: child.stdout + child.stderr }
}

/** Runs `native-mlp build-native`. */
const buildNative = (env: Record<string, string> = {}) => install(env, ['build-native'], 'dist/cli/main.js')

function useSmallAddon(text = SMALL_ADDON) {
  const lists = JSON.parse(readFileSync(join(copy, 'native/sources.gypi'), 'utf8'))
  lists.variables.core_sources = []
  writeFileSync(join(copy, 'native/sources.gypi'), JSON.stringify(lists))
  writeFileSync(join(copy, 'native/addon.cpp'), text)
}

/** What `expression` over a module of the copy's own dist/ gives there. */
function ask<T>(module: string, expression: string): { answer: T; warnings: string } {
  const program = `const it = await import('./dist/${module}'); console.log(JSON.stringify(${expression}))`
  const { NATIVE_MLP_ADDON_PATH, NATIVE_MLP_BACKEND, NATIVE_MLP_ISA, ...env } = process.env
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: copy,
    encoding: 'utf8',
    env,
  })
  if (child.status !== 0) throw new Error(child.stderr)
  return { answer: JSON.parse(child.stdout), warnings: child.stderr }
}

/** What the copy's own loader makes of it. */
function load(): { path?: string; reasons?: string[] } {
  return ask<object>('backend/native-loader.js', 'it.loadAddon()').answer
}

beforeAll(() => {
  pristine = packedCopy(listPackage())
  // What node-gyp needs short of a compiler.
  noCompiler = join(pristine, 'no-compiler')
  mkdirSync(noCompiler)
  for (const name of ['sh', 'make', 'rm', 'mkdir', 'cp', 'ln', 'touch', 'sed', 'cat', 'printf']) {
    const file = which(name)
    if (file) symlinkSync(file, join(noCompiler, name))
  }
  const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' })
  symlinkSync(process.execPath, join(noCompiler, 'node'))
  if (python.status === 0) symlinkSync(python.stdout.trim(), join(noCompiler, 'python3'))
})

beforeEach(() => {
  if (copy) removeCopy(copy)
  copy = packedCopy([])
  cpSync(pristine, copy, { recursive: true, filter: (source) => !/node_modules|no-compiler/.test(source) })
})

afterAll(() => {
  removeCopy(copy)
  removeCopy(pristine)
})

describe.skipIf(process.platform === 'win32')('installing without a compiler', () => {
  it('succeeds, gives the reason in one line and leaves it for the loader', () => {
    useSmallAddon()
    const { status, output } = install({ PATH: noCompiler })
    expect(status).toBe(0)
    const [, reason] = /could not be built: (.+)$/m.exec(output) ?? []
    expect(reason).toMatch(compiles ? /^make: g\+\+: No such file or directory$/ : /make|Python|g\+\+/)
    expect(output).toContain('the TypeScript backend will be used')
    expect(output.trim().split('\n').length).toBeLessThanOrEqual(3)
    expect(readFileSync(join(copy, 'build/install.log'), 'utf8')).toContain(reason)
    expect(load().reasons?.join('\n')).toContain(`the last build failed: ${reason}`)
    const { answer, warnings } = ask<{ backend: string; reason: string }>('index.js', 'it.backendInfo()')
    expect(answer.backend).toBe('js')
    expect(answer.reason).toContain(reason)
    expect(warnings.match(/pure TypeScript/g)).toHaveLength(1)
  })

  it('fails where NATIVE_MLP_NATIVE=require asks for it', () => {
    const { status, output } = install({ PATH: noCompiler, NATIVE_MLP_NATIVE: 'require' })
    expect(status).toBe(1)
    expect(output).toContain('could not be built: ')
  })

  it('removes a half-built addon, which would hide a prebuild', () => {
    mkdirSync(join(copy, 'build/Release'), { recursive: true })
    writeFileSync(join(copy, BUILT), 'half an addon')
    expect(load().reasons?.join('\n')).toMatch(/native_mlp\.node: .*(too short|invalid|not a)/i)
    expect(install({ PATH: noCompiler }).status).toBe(0)
    expect(existsSync(join(copy, BUILT))).toBe(false)
  })

  it('can be made up for by a command, which says why it cannot with its exit code too', () => {
    useSmallAddon()
    const { status, output } = buildNative({ PATH: noCompiler })
    expect(status).toBe(1)
    expect(output).toContain('building the native addon from source')
    expect(output).toContain('could not be built: ')
  })

  it('does not try where NATIVE_MLP_SKIP_BUILD is set, and fails only if an addon is required', () => {
    const { status, output } = install({ NATIVE_MLP_SKIP_BUILD: '1' })
    expect(status).toBe(0)
    expect(output).toContain('NATIVE_MLP_SKIP_BUILD is set')
    expect(existsSync(join(copy, 'build'))).toBe(false)
    expect(load().reasons).toContain(`${BUILT}: no such file`)
    expect(install({ NATIVE_MLP_SKIP_BUILD: '1', NATIVE_MLP_NATIVE: 'require' }).status).toBe(1)
  })

  it('succeeds whatever stands in the package', () => {
    writeFileSync(join(copy, 'binding.gyp'), '{')
    const { status, output } = install()
    expect(status).toBe(0)
    expect(output).toMatch(/could not be built: (?!`gyp` failed).+/)
  })
})

// Windows has other compilers; a machine without any has nothing to build with.
describe.skipIf(process.platform === 'win32' || !compiles)('installing with a compiler', () => {
  it('builds once, again when a source has changed, and says what it built', () => {
    useSmallAddon()
    // Without a hint the headers beside this Node are found, and nothing is downloaded.
    const first = install({ npm_config_nodedir: '' })
    expect(first.output).toMatch(/built build\/Release\/native_mlp\.node in [\d.]+ s \(no instruction set/)
    expect(load().path).toBe(join(copy, BUILT))
    expect(install({ PATH: noCompiler }).output).toMatch(/^native-mlp: using build\/Release\/native_mlp\.node/)
    useSmallAddon(`${SMALL_ADDON}// changed`)
    expect(install().output).toMatch(/built build/)
  })

  it('builds by a command of the package, with the output of the compiler', () => {
    useSmallAddon()
    const { status, output } = buildNative()
    expect(status).toBe(0)
    expect(output).toMatch(/addon\.o/)
    expect(output).toMatch(/built build\/Release\/native_mlp\.node in /)
    expect(load().path).toBe(join(copy, BUILT))
  })

  it('falls back to a prebuild where the build fails, and passes a prebuild over that does not load', () => {
    useSmallAddon()
    expect(install().status).toBe(0)
    mkdirSync(join(copy, PREBUILDS), { recursive: true })
    copyFileSync(join(copy, BUILT), join(copy, PREBUILDS, 'native-mlp.node'))
    writeFileSync(join(copy, PREBUILDS, 'a-broken-one.node'), 'no addon')
    useSmallAddon(`${SMALL_ADDON}\nint broken = nowhere;`)
    const { status, output } = install()
    expect(status).toBe(0)
    expect(output).toMatch(/could not be built: .*error: .*nowhere/)
    expect(output).toContain(`using ${PREBUILDS}/native-mlp.node`)
    expect(load().path).toBe(join(copy, PREBUILDS, 'native-mlp.node'))
    expect(install({ PATH: noCompiler }).output).toContain(`using ${PREBUILDS}/native-mlp.node`)
  })

  it('refuses an addon whose self-test fails, and an explicit build says so with its exit code', () => {
    useSmallAddon(SMALL_ADDON.replace('NATIVE_MLP_VERSION', '"0.0.0"'))
    const { status, output } = install({}, ['build'])
    expect(status).toBe(1)
    expect(output).toContain('self-test failed: built for version 0.0.0')
    expect(existsSync(join(copy, BUILT))).toBe(false)
  })
})
