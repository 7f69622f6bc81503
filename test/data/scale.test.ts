import { expect, test } from 'vitest'
import { byteTable } from '../../src/data/scale.js'

test('the meaning of every byte is rounded once, from the exact quotient', () => {
  const unit = byteTable('unit')
  const raw = byteTable('raw')
  expect([unit.length, raw.length]).toEqual([256, 256])
  for (let i = 0; i < 256; i++) {
    expect(unit[i]).toBe(Math.fround(i / 255))
    expect(raw[i]).toBe(i)
  }
  // the product with the rounded reciprocal is another number for some bytes
  expect([...unit].some((value, i) => value !== Math.fround(i * Math.fround(1 / 255)))).toBe(true)
})

test('is the same array each time, so that sets over the same values share it', () => {
  expect(byteTable('unit')).toBe(byteTable('unit'))
  expect(byteTable('raw')).not.toBe(byteTable('unit'))
})
