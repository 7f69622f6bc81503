import { describe, expect, it } from 'vitest'
import {
  cleanText,
  fitText,
  formatCount,
  formatShort,
  formatValue,
  humanise,
  wrapText,
} from '../../../src/plot/page/text.js'

it('formats numbers the same everywhere', () => {
  expect([0, 7, 999, 1000, 401408, 1234567].map(formatCount)).toEqual([
    '0',
    '7',
    '999',
    '1,000',
    '401,408',
    '1,234,567',
  ])
  const values = [0, 0.25, 2.3, -0.0505, 12.34, 1234.5, 9.64e-6, -2e7, 0.00012345]
  expect(values.map((value) => formatValue(value))).toEqual(
    ['0', '0.250', '2.30', '−0.0505', '12.3', '1235', '9.64e−6', '−2.00e7', '0.000123'].map((text) => text),
  )
})

it('cleans what XML cannot carry and keeps the rest', () => {
  expect(cleanText('a\nb\tc\u0000d\ud800e\uffff')).toBe('a b c\ufffdd\ufffde\ufffd')
  expect(cleanText('→ é 数 😀 <&">')).toBe('→ é 数 😀 <&">')
})

it('wraps at spaces and shortens what cannot be wrapped', () => {
  expect(wrapText('aaa bbb ccc', 50, 11)).toEqual(['aaa bbb', 'ccc'])
  expect(fitText('short', 100, 11)).toBe('short')
  expect(fitText('a long class name', 50, 11)).toMatch(/^a long.?…$/)
  expect(fitText('x'.repeat(1_000_000), 50, 11)).toMatch(/^x{6,8}…$/)
  expect(fitText('wide', 1, 11)).toBe('w…')
})

it('reads parameter names', () => {
  expect(['learningRate', 'batch_size', 'l2'].map(humanise)).toEqual(['learning rate', 'batch size', 'l2'])
})

describe('formatShort', () => {
  it.each([
    [0.001, '0.001'],
    [512, '512'],
    [123456789, '123456789'],
    [0.004837261937, '0.00484'],
    [0.0001, '0.0001'],
    [0.000025, '2.5e−5'],
    [-1e-7, '−1e−7'],
    [0.075, '0.075'],
    [0.28236, '0.282'],
    [0.3, '0.3'],
    [-0.5, '−0.5'],
    [1e21, '1.00e21'],
  ])('%d is %s', (value, text) => {
    expect(formatShort(value)).toBe(text)
  })
})
