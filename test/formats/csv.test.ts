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

test('has no formula of a spreadsheet, and keeps numbers', () => {
  const texts = ['=1+1', '+cmd', '-cmd', '@SUM(A1)', '\tx', '\rx', '-1', '+1.5e-3', '-', '+', 'a=b', '']
  const [, ...lines] = toCsv(['x', 'y'], [...texts.map((text) => [text, 'y']), [-1, 'y']]).split('\n')
  const fields = lines.slice(0, -1).map((line) => line.slice(0, -2))
  expect(fields).toEqual([
    ...["'=1+1", "'+cmd", "'-cmd", "'@SUM(A1)", "'\tx", '"\'\rx"'],
    ...['-1', '+1.5e-3', '-', '+', 'a=b', '', '-1'],
  ])
})

test('refuses a row of the wrong length, and no columns', () => {
  expect(() => toCsv(['a', 'b'], [[1, 2], [1]])).toThrow('row 1: expected 2 fields, got [1]')
  expect(() => toCsv([], [])).toThrow(/at least one column/)
})
