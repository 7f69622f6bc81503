import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type JsonlOptions, readJsonRows } from '../../../src/data/tables/jsonl.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { cellsOf } from './cells-of.js'

const folder = temporaryFolder()
let files = 0

async function read(contents: string | Uint8Array, options: JsonlOptions = {}) {
  const path = join(folder, `rows${files++}.jsonl`)
  writeFileSync(path, contents)
  return (await readJsonRows(path, options)).table
}

describe('readJsonRows', () => {
  it('reads rows as objects, whose keys may come in any order and be missing', async () => {
    const text =
      '{"a":1,"b":"x","c":true}\n{"b":"y","a":2.5}\n\n{"a":null,"b":"NA","d":"2020-01-01","c":false,"zip":"01234"}'
    const expected = {
      a: [1, 2.5, null],
      b: ['x', 'y', null],
      c: ['true', null, 'false'],
      d: [null, null, '2020-01-01'],
      zip: [null, null, '01234'],
    }
    const table = await read(text)
    expect(cellsOf(table)).toEqual(expected)
    expect([table.length, table.place(2)]).toEqual([3, 'line 4'])
    expect(cellsOf(await read(gzipSync(text)))).toEqual(expected)
    expect(cellsOf(await read(text.replaceAll('\n', '\r\n')))).toEqual(expected)
  })

  it('reads rows as lists', async () => {
    expect(cellsOf(await read('[1,"x"]\n[2,null]\n'))).toEqual({ x0: [1, 2], x1: ['x', null] })
  })

  it.each([
    ['objects', '[{"a":1},{"a":2}]', { a: [1, 2] }],
    ['objects on several lines', '\n[\n  {"a":1},\n  {"a":2}\n]\n', { a: [1, 2] }],
    ['lists', '[[1,"x"],[2,"y"]]', { x0: [1, 2], x1: ['x', 'y'] }],
  ])('reads one list of %s', async (_, text, expected) => {
    const table = await read(text)
    expect(cellsOf(table)).toEqual(expected)
    expect(table.place(1)).toBe('row 1')
  })

  it('keeps numbers as texts on request', async () => {
    expect(cellsOf(await read('{"zip":1}\n{"zip":2}', { text: ['zip'] }))).toEqual({ zip: ['1', '2'] })
  })

  const long = Array.from({ length: 50 }, (_, a) => JSON.stringify({ a }))
  it.each([
    ['a line that is not JSON', '{"a":1}\n{"a":}\n', 'line 2 is not JSON'],
    ['a cut line', '{"a":1}\n{"a":2', 'line 2 is not JSON'],
    ['a nested value', '{"a":1}\n{"a":{"b":1}}', "line 2, column 'a': expected a finite number, a text, true, false"],
    ['a list as a value', '{"a":[1,2]}', "line 1, column 'a': expected a finite number"],
    [
      'rows of two kinds',
      '{"a":1}\n[1]',
      'line 2: expected an object as in the first row'.replace('an object', 'an object'),
    ],
    ['a row of another length', '[1,2]\n[1]', 'line 2: 1 values, expected 2 as in the first row'],
    ['a number as a row', '1\n', 'line 1: expected an object or a list, got 1'],
    [
      'a text among numbers',
      [...long, '{"a":"7 m"}'].join('\n'),
      "line 51, column 'a': expected a number as in 50 other",
    ],
    ['an unclosed list', '[{"a":1},\n', 'not JSON'],
    ['no rows', '\n\n', 'expected rows of JSON, found none'],
    ['an empty list', '[]', 'expected'],
    ['HTML', '<html>', 'it looks like an HTML page'],
  ])('names %s', async (_, text, message) => {
    const error = await read(text).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'INVALID_FILE' })
    expect(error.message).toContain(message)
  })
})
