import { expect, test } from 'vitest'
import { toCsv } from '../../src/formats/csv.js'

test('quotes what RFC 4180 says needs quotes, and nothing else', () => {
  const text = toCsv(
    ['plain', 'a,b', 'say "hi"'],
    [
      ['x y', 'comma, here', 'line\nbreak'],
      [0.1, true, null],
      [1e-7, undefined, 'carriage\rreturn'],
    ],
  )
  expect(text).toBe('plain,"a,b","say ""hi"""\nx y,"comma, here","line\nbreak"\n0.1,true,\n1e-7,,"carriage\rreturn"\n')
})

test('a single empty field is not an empty line', () => {
  expect(toCsv(['a'], [[''], ['1']])).toBe('a\n""\n1\n')
})

test('refuses a row of the wrong length, and no columns', () => {
  expect(() => toCsv(['a', 'b'], [[1, 2], [1]])).toThrow('row 1: expected 2 fields, got [1]')
  expect(() => toCsv([], [])).toThrow(/at least one column/)
})
