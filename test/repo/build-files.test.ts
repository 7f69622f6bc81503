import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, readSources } from './source-graph.js'

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const manifest = JSON.parse(read('package.json'))
const lists: Record<string, string[]> = JSON.parse(read('native/sources.gypi')).variables
const binding = read('binding.gyp')
const cmake = read('CMakeLists.txt')

/** The .cpp files of a folder, as paths from the root. */
function cppFiles(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return []
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.cpp'))
  return names.map((name) => `${folder}/${name}`)
}

describe('native/sources.gypi', () => {
  it('names every C++ file there is, and no other', () => {
    expect([...lists.core_sources, ...lists.addon_sources].sort()).toEqual(
      [...cppFiles('native'), ...cppFiles('native/kernels')].sort(),
    )
    expect([...lists.test_sources].sort()).toEqual(cppFiles('native/test').sort())
    expect([...lists.bench_sources].sort()).toEqual(cppFiles('native/bench').sort())
    for (const key of ['core_sources', 'addon_sources', 'test_sources']) expect(lists[key], key).not.toEqual([])
  })

  it('is the only place that names them: both builds take every list from it', () => {
    expect(binding).toContain('"includes": ["native/sources.gypi"]')
    expect(cmake).toContain('native/sources.gypi')
    expect(`${binding}${cmake}`).not.toMatch(/\.cpp/)
    for (const key of Object.keys(lists)) {
      expect(cmake, key).toContain(`read_list(${key} `)
      if (!/^(test|bench)_/.test(key)) expect(binding, key).toContain(`"<@(${key})"`)
    }
  })

  it('compiles for any CPU of the platform, without contraction and without fast-math', () => {
    expect(lists.gcc_flags).toContain('-ffp-contract=off')
    const flags = `${lists.gcc_flags.join(' ')} ${binding} ${cmake}`
    expect(flags).not.toMatch(/fast-math|-Ofast|-march=|-mtune=|-mavx|-mfma/)
  })

  it('gives both builds the same definitions', () => {
    const definitions = ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS', 'NDEBUG']
    for (const name of [...definitions, 'NATIVE_MLP_VERSION=', '-z,nodelete']) {
      expect(binding, name).toContain(name)
      expect(cmake, name).toContain(name)
    }
  })
})

describe('the sources of the kernels', () => {
  it('take no elementary function from the C library, whose last bits depend on it', () => {
    const files = readdirSync(join(ROOT, 'native'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(cpp|h|inl)$/.test(name) && !/^(test|bench)\b|reference\.h$/.test(name))
      .map((name) => join('native', name))
    expect(files.length).toBeGreaterThan(10)
    for (const file of files) {
      const code = read(file).replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')
      expect(code, file).not.toMatch(/(std::|[^\w.:])(exp|expf|log|logf|pow|powf|tanh|tanhf|erf|erff|sin|cos)\s*\(/)
    }
  })
})

describe('package.json', () => {
  const lock = JSON.parse(read('package-lock.json'))

  it('runs only files that exist, and builds through the install script', () => {
    const scripts: Record<string, string> = manifest.scripts
    expect(scripts.install).toBe('node scripts/install.cjs')
    expect(scripts.prepare).toBe('node scripts/prepare.cjs')
    expect(manifest.gypfile).toBe(false)
    const files = Object.values(scripts).flatMap((line) => line.match(/\bscripts\/[\w.-]+/g) ?? [])
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true)
  })

  it('has no script that npm runs at a moment nobody expects', () => {
    const surprising = ['prebuild', 'prepublish', 'preinstall', 'postinstall', 'prepack', 'postpack']
    expect(Object.keys(manifest.scripts).filter((name) => surprising.includes(name))).toEqual([])
  })

  it('pins every dependency exactly, and uses every one', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies }
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version as string))).toEqual([])
    const code = [...readSources('src').values()].map(({ text }) => text).join('\n') + binding
    const unused = Object.keys(manifest.dependencies).filter((name) => !new RegExp(`['"]${name}['"/]`).test(code))
    expect(unused).toEqual([])
  })

  it('agrees with its lock file, which names no registry', () => {
    const { version, dependencies, devDependencies } = manifest
    expect(lock.packages['']).toMatchObject({ version, dependencies, devDependencies })
    expect(read('package-lock.json')).not.toMatch(/"resolved"|\.tgz/)
  })

  it('has a lock file with the packages of every platform, without which npm ci refuses to start', () => {
    const packages: [string, { optionalDependencies?: object }][] = Object.entries(lock.packages)
    const optional = packages.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}))
    expect(optional.length).toBeGreaterThan(10)
    const locked = new Set(packages.map(([path]) => path.replace(/^.*node_modules\//, '')))
    expect(optional.filter((name) => !locked.has(name))).toEqual([])
  })
})

describe('the documentation', () => {
  const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')

  it('gives only commands that exist', () => {
    let found = 0
    for (const page of pages) {
      const code = read(page).match(/```[\s\S]*?```|`[^`\n]+`/g) ?? []
      for (const [, run, name] of code.join('\n').matchAll(/\bnpm (run (?:-s )?)?([a-z][\w:-]*)/g)) {
        const known = run ? name in manifest.scripts : /^(ci|install|i|test|pack|rebuild|install-scripts)$/.test(name)
        expect(known, `${page}: npm ${run ?? ''}${name}`).toBe(true)
        found++
      }
    }
    expect(found).toBeGreaterThan(3)
  })

  it('links only to files that exist', () => {
    let found = 0
    for (const page of pages) {
      for (const [, target] of read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
        expect(existsSync(join(ROOT, dirname(page), target)), `${page}: ${target}`).toBe(true)
        found++
      }
    }
    expect(found).toBeGreaterThan(3)
  })
})

describe('the top level', () => {
  it('is what the design says', () => {
    const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')
    expect([...new Set(tracked.map((path) => path.split('/')[0]))].sort()).toEqual(
      [
        ...['.ci', '.gitignore', 'CHANGELOG.md', 'CMakeLists.txt', 'CONTRIBUTING.md', 'LICENSE', 'README.md'],
        ...[
          'binding.gyp',
          'biome.json',
          'docs',
          'native',
          'package-lock.json',
          'package.json',
          'scripts',
          'src',
          'test',
        ],
        ...['tsconfig.check.json', 'tsconfig.json', 'vitest.config.ts'],
      ].sort(),
    )
  })
})
