import { integerInRange } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { hiddenSizes, type TrialConfig } from '../space/parameters.js'
import type { TrialTask } from '../trial/task.js'

/** How many tasks a worker trains in lock-step: as many as is fast, at most so many, or one at a time. */
export type StackOption = 'auto' | number | false

/** With more hidden units than this, in all networks together, they push each other's weights out of the cache: no gain. */
const MAX_UNITS = 512
/** Of eight networks each saves seven eighths of the gathering already. */
const AUTO_STACK = 8

/** Most that can be asked for. */
export const MAX_STACK = 64

/** Parameters in which the tasks of a stack may differ: neither their batches nor the time of a step depend on them. */
const FREE: readonly (keyof TrialConfig)[] = ['learningRate', 'l2', 'l2Biases', 'init']

/** @throws NativeMlpError INVALID_ARGUMENT */
export function checkStack(value: unknown, name = 'stack'): StackOption {
  if (value === 'auto' || value === false) return value
  if (typeof value === 'number') return integerInRange(name, value, 1, MAX_STACK)
  throw invalidArgument(name, "'auto', a number of trials or false", value)
}

/** Most tasks that a stack has, whatever their networks. */
export function largestStack(stack: StackOption): number {
  if (stack === 'auto') return AUTO_STACK
  return stack === false ? 1 : stack
}

/** How many tasks like this one a worker should train in lock-step. */
export function stackLimit({ config }: TrialTask, stack: StackOption): number {
  if (stack !== 'auto') return largestStack(stack)
  const units = hiddenSizes(config.hidden).reduce((sum, size) => sum + size, 0)
  return Math.max(1, Math.min(AUTO_STACK, Math.floor(MAX_UNITS / Math.max(1, units))))
}

/** Equal for tasks that take the same batches through networks of the same shape, as far as each goes. */
export function stackKey({ config, fold, untilStep }: TrialTask): string {
  const fixed = Object.entries(config).filter(([key]) => !FREE.includes(key as keyof TrialConfig))
  return JSON.stringify([fold, untilStep, ...fixed.sort(([a], [b]) => (a < b ? -1 : 1))])
}
