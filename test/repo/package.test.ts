import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageVersion } from '../../src/core/version.js'
import { listPackage } from './packed-copy.js'
import { ROOT } from './source-graph.js'

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const packed = listPackage()

/** Paths that the entry points of package.json lead to. */
function entryPoints(value: unknown): string[] {
  if (typeof value === 'string') return [value.replace(/^\.\//, '')]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(entryPoints) : []
}

describe('the published package', () => {
  it('holds every entry point', () => {
    const { main, types, bin, exports, imports } = manifest
    const entries = new Set(entryPoints([main, types, bin, exports, imports]))
    expect(entries.size).toBeGreaterThan(5)
    expect([...entries].filter((path) => !packed.includes(path))).toEqual([])
  })

  it('holds what the addon is built from', () => {
    const native = readdirSync(join(ROOT, 'native'), { recursive: true, encoding: 'utf8' })
    const sources = native.filter((name) => /\.(cpp|h|inl|gypi)$/.test(name) && !/^(test|bench)\b/.test(name))
    expect(sources.length).toBeGreaterThan(10)
    const needed = [...sources.map((name) => `native/${name}`), 'binding.gyp', 'scripts/install.cjs']
    expect(needed.filter((path) => !packed.includes(path))).toEqual([])
  })

  it('holds the built form of every source', () => {
    const sources = packed.filter((path) => /^src\/.*\.ts$/.test(path))
    expect(sources.length).toBeGreaterThan(20)
    const built = sources.map((path) => path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js'))
    expect(built.filter((path) => !packed.includes(path))).toEqual([])
  })

  it('holds nothing else', () => {
    const expected = [
      /^(package\.json|binding\.gyp|CMakeLists\.txt|LICENSE|README\.md|CHANGELOG\.md)$/,
      /^dist\/[\w/.-]+\.(js|d\.ts|js\.map|d\.ts\.map)$/,
      /^src\/[\w/.-]+\.ts$/,
      /^native\/(kernels\/)?\w+\.(cpp|h|inl|gypi|md)$/,
      /^prebuilds\/[\w-]+\/[\w.-]+\.node$/,
      /^scripts\/(install|prepare)\.cjs$/,
      /^docs\/[\w/.-]+\.(md|svg|png)$/,
    ]
    expect(packed.filter((path) => !expected.some((pattern) => pattern.test(path)))).toEqual([])
    expect(packed.filter((path) => /(^|\/)tests?\/|^native\/bench\/|\.test\./.test(path))).toEqual([])
  })

  it('states its own version in a constant, for bundles', () => {
    expect(packageVersion).toBe(manifest.version)
  })

  it('has a command that a shell can run', () => {
    for (const path of Object.values<string>(manifest.bin)) {
      expect(existsSync(join(ROOT, path)), path).toBe(true)
      expect(readFileSync(join(ROOT, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
      const program = [join(ROOT, path), '--help']
      expect(execFileSync(process.execPath, program, { encoding: 'utf8' })).toMatch(/native-mlp/)
    }
  })
})
