import { describe, expect, it } from 'vitest'
import { inexactMath, nodeInPortable, PORTABLE, ROOMS, roomOf, wrongImports } from './rooms.js'
import {
  danglingImports,
  importCycles,
  namesDefinedTwice,
  parseSource,
  readSources,
  type SourceFile,
} from './source-graph.js'

const sources = readSources('src')

/** Whose arithmetic decides no result: lines on a page, figures on a terminal, sizes of files. */
const DECIDES_NOTHING = /^src\/(plot|cli|formats)\//

function graph(files: Record<string, string>): Map<string, SourceFile> {
  return new Map(Object.entries(files).map(([path, text]) => [path, parseSource(path, text)]))
}

describe('the sources', () => {
  it('are there, in every room', () => {
    const rooms = new Set([...sources.keys()].map(roomOf))
    expect([...rooms].sort()).toEqual(Object.keys(ROOMS).sort())
    expect([...sources.values()].flatMap(({ imports }) => imports).length).toBeGreaterThan(100)
  })

  it('import in the direction of the arrows only', () => {
    expect(wrongImports(sources)).toEqual([])
  })

  it('define no exported name twice, but for the stub with the names of what it stands for', () => {
    const files = [...sources.values()].filter(({ path }) => path !== 'src/backend/native-stub.ts')
    expect(files.length).toBe(sources.size - 1)
    expect(namesDefinedTwice(files)).toEqual([])
  })

  it('import no file that does not exist, and none in a circle, even for a type', () => {
    expect(danglingImports(sources)).toEqual([])
    expect(importCycles(sources)).toEqual([])
  })

  it('reach no part of Node where they are meant for browsers', () => {
    expect([...sources.keys()].filter((path) => PORTABLE.test(path)).length).toBeGreaterThan(20)
    expect(nodeInPortable(sources)).toEqual([])
  })

  it('take no module for a file that lies where it was built, but for the one that asks whether it does', () => {
    const places = /import\.meta|createRequire|\bnew Worker\(\s*new URL/
    const asking = [...sources.values()].filter(({ code }) => places.test(code)).map(({ path }) => path)
    expect(asking).toEqual(['src/package/files.ts'])
  })

  it('use no function whose last bits depend on the engine', () => {
    const computing = [...sources.values()].filter(({ path }) => !DECIDES_NOTHING.test(path))
    expect(computing.length).toBeGreaterThan(20)
    expect(computing.flatMap(inexactMath)).toEqual([])
  })

  it('are reached by the programs in scripts/ through the public API', () => {
    const programs = [...readSources('scripts').values()]
    expect(programs.length).toBeGreaterThan(0)
    const inside = programs.flatMap(({ imports }) => imports).filter(({ target }) => target?.match(/^(src|dist)\//))
    expect(inside).toEqual([])
  })

  it('re-export and nothing else in index.ts', () => {
    const indexes = [...sources.values()].filter(({ path }) => /^src\/(\w+\/)?(index|browser|common)\.ts$/.test(path))
    const others = indexes.filter(({ path }) => roomOf(path) !== 'backend/index')
    expect(others.length).toBeGreaterThan(0)
    for (const { path, code } of others) {
      const rest = code.replace(/^export (type )?(\*( as \w+)?|\{[^}]*\}) from\s*$/gm, '')
      expect(rest.trim(), path).toBe('')
    }
  })
})

describe('the checks themselves', () => {
  it('see every kind of import', () => {
    const text = [
      "import a, { b } from './a.js'",
      "import type { C } from './c.js'",
      "import { type D, type E } from './d.js'",
      "import {\n  f,\n  type G,\n} from './f.js'",
      "import * as h from 'node:fs'",
      "import './i.js'",
      "export * from './j.js'",
      "export { k } from './k.js'",
      "const l = await import('./l.js')",
      "new Worker(new URL('./m.js', import.meta.url))",
      "// import n from './n.js'",
      "/** import { o } from './o.js' */",
    ].join('\n')
    const { imports } = parseSource('src/core/x.ts', text)
    expect(imports.map(({ specifier }) => specifier.replace(/\W|js$/g, '')).join(' ')).toBe('a c d f nodefs j k i l m')
    expect(imports.filter(({ typeOnly }) => typeOnly).map(({ target }) => target)).toEqual([
      'src/core/c.ts',
      'src/core/d.ts',
    ])
  })

  it('report an arrow that points back, and a file outside every room', () => {
    const files = graph({
      'src/core/a.ts': "import type { B } from '../model/b.js'",
      'src/model/b.ts': "import '../backend/js/c.js'",
      'src/train/d.ts': "import '#native'",
      'src/data/e.ts': "import '#native'",
      'src/misc/f.ts': '',
      'src/helpers.ts': '',
    })
    expect(wrongImports(files)).toEqual([
      'src/core/a.ts (core) imports ../model/b.js (model)',
      'src/data/e.ts (data) imports #native (backend/native)',
      'src/misc/f.ts stands in no room',
      'src/helpers.ts stands in no room',
    ])
  })

  it('report Node behind a chain of imports, but not behind a type or #native', () => {
    const files = graph({
      'src/train/a.ts': "import '../model/b.js'\nimport type { X } from '../data/mnist.js'\nimport '#native'",
      'src/model/b.ts': "import '../data/mnist.js'",
      'src/data/mnist.ts': "import 'fs'",
    })
    expect(nodeInPortable(files)).toEqual([
      'src/train/a.ts reaches fs through src/data/mnist.ts',
      'src/model/b.ts reaches fs through src/data/mnist.ts',
    ])
  })

  it('report circles, dangling imports and inexact arithmetic', () => {
    const files = graph({
      'src/core/a.ts': "import './b.js'\n/* Math.exp */ const x = 2 ** 3 + Math.sqrt(2) // 2 ** 3",
      'src/core/b.ts': "import './a.js'\nimport './none.js'\nexport const y = Math.log(Math.PI) + 'Math.cos'",
    })
    expect(importCycles(files)).toEqual(['src/core/a.ts -> src/core/b.ts -> src/core/a.ts'])
    const types = graph({
      'src/a.ts': "import type { B } from './b.js'",
      'src/b.ts': "import type { A } from './a.js'",
    })
    expect(importCycles(types)).toEqual(['src/a.ts -> src/b.ts -> src/a.ts'])
    expect(danglingImports(files)).toEqual(['src/core/b.ts imports ./none.js, which does not exist'])
    expect([...files.values()].flatMap(inexactMath)).toEqual(['src/core/a.ts:2: **', 'src/core/b.ts:3: Math.log'])
  })

  it('report a name that two files define, but not one that is exported again', () => {
    const files = graph({
      'src/a.ts': "export interface Options {}\nexport function run() {}\nexport type { Other } from './b.js'",
      'src/b.ts':
        'export type Options = string\nexport interface Other {}\nexport async function run() {}\nfunction own() {}',
      'src/c.ts': "export { run } from './a.js'\nfunction own() {}\n// export class Other {}",
    })
    expect(namesDefinedTwice(files.values())).toEqual(['Options: src/a.ts, src/b.ts', 'run: src/a.ts, src/b.ts'])
  })
})
