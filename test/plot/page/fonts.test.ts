import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { ROOT } from '../../repo/source-graph.js'

const folder = temporaryFolder()
const fonts = dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'))
const temporary = join(folder, 'temporary')
mkdirSync(temporary)

/** Puts the fonts into an archive that Node reads and native code does not, as Yarn and Electron do. */
function archive(contents: string): string {
  const preload = join(folder, 'archive.cjs')
  writeFileSync(
    preload,
    `const { promises } = require('node:fs')
    const Module = require('node:module')
    const { _resolveFilename: resolve } = Module
    const { readFile } = promises
    const inside = ${JSON.stringify(`${join(folder, 'app.asar')}/`)}
    Module._resolveFilename = (request, ...rest) =>
      request.startsWith('dejavu-fonts-ttf/ttf/') ? inside + request.split('/')[2] : resolve(request, ...rest)
    promises.readFile = (path, ...rest) =>
      readFile(String(path).startsWith(inside) ? ${JSON.stringify(contents)} + path.slice(inside.length) : path, ...rest)
    Module.syncBuiltinESMExports()`,
  )
  return preload
}

async function draw(...flags: string[]): Promise<string> {
  const program = `const { confusionMatrixFigure } = await import('native-mlp')
    const { createHash } = await import('node:crypto')
    const figure = await confusionMatrixFigure([[3, 1], [0, 2]])
    await figure.png(1).then((png) => console.log(createHash('sha256').update(png).digest('hex')),
      ({ code, message }) => console.log(code, message))`
  const args = [...flags, '--input-type=module', '-e', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temporary },
  })
  return stdout.trim()
}

it('draws text with fonts that only Node can read', async () => {
  const expected = await draw()
  expect(expected).toMatch(/^[0-9a-f]{64}$/)
  expect(await draw('--require', archive(`${fonts}/`))).toBe(expected)
  expect(readdirSync(temporary)).toEqual([])
})

it('throws if a font cannot be read, or is none', async () => {
  const file = join(folder, 'app.asar', 'DejaVuSans.ttf')
  expect(await draw('--require', archive('/nowhere/'))).toMatch(
    /^BACKEND_UNAVAILABLE figures: font .*DejaVuSans\.ttf: cannot be read: ENOENT/,
  )
  for (const name of ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']) writeFileSync(join(folder, name), 'no font')
  expect(await draw('--require', archive(`${folder}/`))).toBe(
    `BACKEND_UNAVAILABLE figures: font ${file}: not a font that resvg can read`,
  )
  expect(readdirSync(temporary)).toEqual([])
})
