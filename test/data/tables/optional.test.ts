import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { command, MAIN } from '../../cli/command.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { ROOT } from '../../repo/source-graph.js'

const folder = temporaryFolder()
/** Readers of formats that most programs do not use. */
const LIBRARIES = ['csv-parse', 'fflate', 'hyparquet', 'sharp']

it('loads no reader of a format before a file needs it', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const found = new Set<string>()
  for (const name of sources) {
    const code = readFileSync(join(ROOT, 'src', name), 'utf8')
    for (const library of LIBRARIES) {
      if (code.includes(`import('${library}')`)) found.add(library)
      expect(code, name).not.toMatch(new RegExp(`^(import|export) (?!type ).* from '${library}'`, 'm'))
    }
  }
  expect([...found].sort()).toEqual(LIBRARIES)
})

const hook = `export async function resolve(name, context, next) {
  if (name === 'hyparquet' || name === 'sharp') throw new Error("Cannot find package '" + name + "'")
  return next(name, context)
}`
const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
const without = url(`import { register } from 'node:module'; register(${JSON.stringify(url(hook))})`)

it.each(['hyparquet', 'sharp'])('asks for %s by name where it is not installed', async (library) => {
  const path = join(folder, library === 'sharp' ? 'images' : 'rows.parquet')
  if (library === 'sharp') {
    for (const name of ['a', 'b']) {
      mkdirSync(join(path, name), { recursive: true })
      writeFileSync(join(path, name, 'x.png'), 'no image')
    }
  } else writeFileSync(path, 'PAR1')
  const program = ['--import', without, MAIN]
  const { code, stderr } = await command(['inspect', path], { program })
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      new RegExp(`error \\[DATA_NOT_FOUND\\]: .*need the npm package ${library} \\(npm install ${library}(@1)?\\)`),
    ),
  ])
})
