import { integerInRange } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { labelled, picked, rowOf } from '../../train/config.js'
import { hiddenSizes } from '../../train/hyper-parameter-kinds.js'
import { TRIAL_NAMES } from '../space/parameters.js'
import type { TrialTask } from '../trial/task.js'

/** How many tasks a worker trains in lock-step: chosen for speed, at most this number, or one at a time. */
export type StackOption = 'auto' | number | false

/** Hidden units of all networks of a stack together; with more, their weights no longer fit into the cache and nothing is gained. */
const MAX_UNITS = 512
/** A stack of eight already saves seven eighths of the gathering. */
const AUTO_STACK = 8

/** Largest value of the option. */
export const MAX_STACK = 64

/** Hyper-parameters that the tasks of a stack have in common. */
const SHARED = TRIAL_NAMES.filter((name) => !rowOf(name).lockstep)

/** @throws NativeMlpError INVALID_ARGUMENT */
export function checkStack(value: unknown, name = 'stack'): StackOption {
  if (value === 'auto' || value === false) return value
  if (typeof value === 'number') return integerInRange(name, value, 1, MAX_STACK)
  throw invalidArgument(name, "'auto', a number of trials or false", value)
}

/** Upper limit for the tasks of a stack, for networks of any size. */
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

/** Equal for tasks with the same batches, network shape and last step. */
export function stackKey({ config, fold, untilStep }: TrialTask): string {
  return JSON.stringify([fold, untilStep, ...SHARED.map((name) => labelled(name, picked(config, [name])[name]))])
}
