import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { parseSpec } from '../../src/data/spec.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

const root = temporaryFolder()
const folder = join(root, 'set')
mkdirSync(folder)
const file = join(root, 'spec.json')
writeFileSync(file, JSON.stringify({ idx: { train: { images: 'x', labels: 'y' }, classes: 3 }, scale: 'raw' }))

it('reads a folder, a spec, and a file with a spec, and makes paths absolute', async () => {
  expect(await parseSpec(relative(process.cwd(), folder))).toEqual({ idx: { folder } })
  expect(await parseSpec(' {"mnist":{}}')).toEqual({ mnist: {} })
  expect(await parseSpec('{"idx":{"folder":"x"}}')).toEqual({ idx: { folder: resolve('x') } })
  const train = { images: join(root, 'x'), labels: join(root, 'y') }
  expect(await parseSpec(file)).toEqual({ idx: { train, classes: 3 }, scale: 'raw' })
})

it.each([
  ['', 'INVALID_ARGUMENT', 'data: expected a path or a spec'],
  ['{"mnist":', 'INVALID_ARGUMENT', 'data: not JSON'],
  ['{"mnits":{}}', 'UNKNOWN_OPTION', "did you mean 'mnist'?"],
  [join(root, 'nowhere'), 'DATA_NOT_FOUND', `${join(root, 'nowhere')}: not found`],
  [join(root, 'none.json'), 'FILE_SYSTEM', 'no such file'],
])('refuses %s', async (text, code, message) => {
  await expect(parseSpec(text)).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
})
