import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gridSearch, loadData, loadStudy, NativeMlpError, RunFolder, samples } from 'native-mlp'
import { expect, it } from 'vitest'
import { command } from '../cli/command.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

/*
 * JSON whose keys or values have the names that every object inherits: conversion to a text or a number calls some of them, and
 * reading a key that is missing gives others.
 */

const folder = temporaryFolder()
const METHODS =
  '{"toString":1,"valueOf":1,"toJSON":1,"constructor":{"name":{}},"length":{"valueOf":1},"hasOwnProperty":1}'
const data = samples({ values: [0, 1, 2, 3, 4, 5, 6, 7], cols: 1, labels: [0, 1, 0, 1, 0, 1, 0, 1] }).split({
  valid: 0.5,
})
const search = (path: string) =>
  gridSearch({
    ...{ data, grid: { learningRate: [0.1] }, base: { hidden: 2, epochs: 1, batchSize: 2 }, workers: 1 },
    ...{ folder: path, resume: true },
  })

it.each(['version', 'formatVersion', 'format', 'status', 'times', 'model', 'results', '__proto__', 'toString'])(
  'run.json with methods as %s is refused or read',
  async (key) => {
    const record = `{"format":"native-mlp run","formatVersion":2,"${key}":${METHODS}}`
    writeFileSync(join(folder, 'run.json'), record)
    await expect(new RunFolder(folder).read()).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringMatching(/run\.json: /),
    })
  },
)

it.each(['toString', 'constructor', 'length', '__proto__'])(
  'a journal whose study has a key %s is another study',
  async (key) => {
    const path = join(folder, `study-${key}`)
    await search(path)
    const journal = join(path, 'journal.jsonl')
    const lines = readFileSync(journal, 'utf8').split('\n')
    const header = lines[0].replace(/,"check":"\w+"\}$/, '}')
    for (const value of [METHODS, '1', '{}']) {
      writeFileSync(journal, [header.replace('"study":{', `"study":{"${key}":${value},`), ...lines.slice(1)].join('\n'))
      const error = await search(path).catch((reason) => reason)
      // '__proto__' is no member of what is compared
      if (key === '__proto__') continue
      expect(error).toBeInstanceOf(NativeMlpError)
      expect(error.message).toContain(`holds another study: ${key}`)
    }
  },
)

it('a study without what the command line needs is refused by search --resume', async () => {
  const path = join(folder, 'without')
  mkdirSync(path)
  const study = (text: string) =>
    `{"format":"native-mlp journal","formatVersion":2,"version":"0","study":${text},"data":{"digest":"0","recipe":{"mnist":{}}},` +
    '"family":{"name":"js","contract":1},"about":{"preset":"quick"}}\n'
  for (const text of ['{}', '{"base":null}', '{"base":{"evaluateOn":{}},"grid":{},"size":1,"repeats":1}', METHODS]) {
    writeFileSync(join(path, 'journal.jsonl'), study(text))
    const { code, stderr } = await command(['search', '--resume', path])
    expect(stderr).toMatch(/error \[INVALID_FILE\]: .*journal\.jsonl: line 1: study: /)
    expect(code).toBe(1)
  }
})

it.each(['toString', 'constructor', 'length', '__proto__', 'mnist', 'idx', 'scale', 'digest'])(
  'a recipe with methods as %s is refused',
  async (key) => {
    const spec = JSON.parse(`{"${key}":${METHODS}}`)
    await expect(loadData(spec)).rejects.toBeInstanceOf(NativeMlpError)
    await expect(loadStudy({ data: { ...spec, digest: '0' }, folds: JSON.parse(METHODS) })).rejects.toBeInstanceOf(
      NativeMlpError,
    )
  },
)

it('a text is no recipe', async () => {
  await expect(loadStudy('x'.repeat(100))).rejects.toThrow('recipe: expected the recipe of a study, got "xxx')
})
