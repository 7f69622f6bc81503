import { real, row } from '../../src/train/hyper-parameter.js'
import { HYPER_PARAMETERS } from '../../src/train/hyper-parameters.js'

/**
 * A hyper-parameter that only tests know. To be imported before anything that reads the table, and in a test file of its own:
 * it stays in the table of the process.
 */
export const EXTRA = row(
  'fit',
  'real',
  real('a number >= 0', (value) => value >= 0),
  { default: 0.5, help: 'known to this test alone' },
)

Object.assign(HYPER_PARAMETERS, { extraRate: EXTRA })

/** Options of `fit` and others, which at compile time have no such key. */
export function withExtra<T extends object>(options: T, extraRate: unknown): T {
  return { ...options, extraRate }
}
