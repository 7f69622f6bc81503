import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const FOLDER = new URL('../../src/plot/', import.meta.url)
/** Each may import from itself and from those after it. */
const ROOMS = ['figures', 'marks', 'data', 'page']

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const source = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8')
const roomOf = (file: string) => ROOMS.indexOf(dirname(file))

it('figures import marks, marks data, data the page, and all of them only core, and the files of the package', () => {
  expect(new Set(files.map(roomOf))).toEqual(new Set([-1, 0, 1, 2, 3]))
  for (const file of files.filter((path) => path !== 'index.ts')) {
    for (const [, name] of source(file).matchAll(/ from '(\.[^']+)'$/gm)) {
      const target = join(dirname(file), name)
      if (target.startsWith('../')) expect(target, file).toMatch(/^\.\.\/(core\/[a-z-]+|package\/files)\.js$/)
      else expect(roomOf(target), `${file} imports ${name}`).toBeGreaterThanOrEqual(roomOf(file))
    }
  }
})

it('loads libraries only when a figure is drawn', () => {
  const lazy = new Set<string>()
  for (const file of files) {
    const code = source(file).replace(/^(import|export) type [^;]*? from '[^']+'$/gm, '')
    for (const [, name] of code.matchAll(/ from '([^']+)'$/gm)) expect(name, file).toMatch(/^(\.|node:)/)
    for (const [, name] of code.matchAll(/[^f] import\('([^']+)'\)/g)) lazy.add(name)
  }
  const libraries = ['@observablehq/plot', 'd3-array', 'd3-scale', 'linkedom', 'pngjs']
  expect([...lazy].sort()).toEqual(libraries)
})
