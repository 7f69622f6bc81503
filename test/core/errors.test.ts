import { expect, it } from 'vitest'
import { closest, knownOptions } from '../../src/core/checks.js'
import { describe as shown } from '../../src/core/errors.js'

it.each<[unknown, string]>([
  [[1, [2, [3]]], '[1, [2, an array of 1]]'],
  [new Array(2), '[undefined, undefined]'],
  [{ constructor: { name: 5 } }, 'an object'],
  [Object.create(null), 'an object'],
  [new Map(), 'a Map'],
  [Symbol('x'), 'Symbol(x)'],
  [10n ** 100n, `1${'0'.repeat(56)}...n`],
  ['x'.repeat(100), `"${'x'.repeat(57)}..."`],
])('%o is shown as %s', (value, text) => {
  expect(shown(value)).toBe(text)
})

it('what is nested deeply or wide is shown in few words', () => {
  let deep: unknown[] = []
  for (let i = 0; i < 400_000; i++) deep = [deep]
  expect(shown(deep)).toBe('[[an array of 1]]')
  const wide = Array.from({ length: 6 }, () => Array.from({ length: 6 }, () => 'y'.repeat(1000)))
  expect(shown(wide)).toHaveLength(200)
})

it('a name of a megabyte is neither compared nor repeated', () => {
  const name = 'n'.repeat(1 << 20)
  expect(closest(name, ['epochs'])).toBeUndefined()
  expect(() => knownOptions('fit', { [name]: 1 }, ['epochs'])).toThrow(
    /^fit: unknown option 'n{57}\.\.\.'; known: epochs$/,
  )
})
