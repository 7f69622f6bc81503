import { describe, expect, it } from 'vitest'
import { nativeStatus } from '#native'
import { checkStack } from '../../../src/search/threads/stack.js'
import { describeStacks } from './stack-cases.js'

if (nativeStatus().available) describeStacks('native')

describe('option stack', () => {
  it.each([0, 1.5, 65, 'all', true, null])('refuses %o', (value) => {
    expect(() => checkStack(value)).toThrow(/^stack: expected/)
  })

  it.each(['auto', false, 1, 64])('takes %o', (value) => {
    expect(checkStack(value)).toBe(value)
  })
})
