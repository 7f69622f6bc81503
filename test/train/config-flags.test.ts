import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { configFromFlags } from '../../src/cli/config/config.js'
import { addConfigFlags } from '../../src/cli/config/flags.js'
import { checkValue, NAMES, type Name, rowOf } from '../../src/train/config.js'
import { flagArguments } from '../../src/train/config-flags.js'
import { PRESETS } from '../../src/train/presets.js'

/** What some hyper-parameter may be; of these, of its own default and of the words its messages name each row takes its own. */
const CANDIDATES: readonly unknown[] = [
  ...[null, true, false, 0, 1, 2, 97, 0.25, 1e-7, 123456.789, Number.MAX_SAFE_INTEGER],
  ...[[], [4], [8, 4], [0, 2], [4, 5], ['valid'], ['train', 'valid', 'test'], { weights: 0.01, biases: 0 }],
  ...NAMES.map((name) => PRESETS.homework[name]),
]

/** Of "expected one of 'he', 'glorot', got ...": the words in quotation marks. */
function wordsOf(name: Name): string[] {
  try {
    checkValue(name, name, undefined)
  } catch (error) {
    return [...(error as Error).message.matchAll(/'([^']+)'/g)].map(([, word]) => word)
  }
  throw new Error(`${name} takes undefined`)
}

function valuesOf(name: Name): unknown[] {
  const values = [...CANDIDATES, rowOf(name).default, ...wordsOf(name)].filter((value) => {
    try {
      checkValue(name, name, value)
    } catch {
      return false
    }
    // the command line keeps the best validation
    return name !== 'evaluateOn' || value === null || (value as string[]).includes('valid')
  })
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}

/** A config as the command line comes to it from these arguments. */
function parsed(args: readonly string[]): object {
  const command = addConfigFlags(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
  return configFromFlags(command.parse([...args], { from: 'user' }).opts())
}

describe('the flags of a config', () => {
  it.each(NAMES)('give %s back', (name) => {
    const values = valuesOf(name)
    expect(values.length).toBeGreaterThanOrEqual(2)
    for (const value of values) {
      // one layer is read as a list of one
      const read = name === 'hidden' && typeof value === 'number' ? [value] : value
      expect(parsed(flagArguments(name, value as never))).toEqual({ [name]: read })
    }
  })

  it.each(Object.entries(PRESETS))('give all of the preset %s back', (_, preset) => {
    expect(parsed(NAMES.flatMap((name) => flagArguments(name, preset[name])))).toEqual(preset)
  })
})

describe('every row', () => {
  it.each(NAMES)('%s takes its default, and null is the default where it is a value', (name) => {
    const { default: value, none, check } = rowOf(name)
    if (value !== undefined) expect(check(name, value)).toEqual(value)
    if (none) expect(value).toBeNull()
    else expect(() => check(name, null)).toThrow(`${name}: expected`)
  })
})
