import { integerInRange } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { labelled, picked, rowOf } from '../../train/config.js'
import { hiddenSizes } from '../../train/hyper-parameters.js'
import { TRIAL_NAMES } from '../space/parameters.js'
import type { TrialTask } from '../trial/task.js'

/** How many tasks a worker trains in lock-step: as many as is fast, at most so many, or one at a time. */
export type StackOption = 'auto' | number | false

/** With more hidden units than this, in all networks together, they push each other's weights out of the cache: no gain. */
const MAX_UNITS = 512
/** Of eight networks each saves seven eighths of the gathering already. */
const AUTO_STACK = 8

/** Most that can be asked for. */
export const MAX_STACK = 64

/** Hyper-parameters that the tasks of a stack have in common. */
const SHARED = TRIAL_NAMES.filter((name) => !rowOf(name).lockstep)

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
  return JSON.stringify([fold, untilStep, ...SHARED.map((name) => labelled(name, picked(config, [name])[name]))])
}
