import { knownOptions } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import type { SearchCallbacks } from './study/study.js'

const NAMES: readonly (keyof SearchCallbacks)[] = [
  'onStart',
  'onTrialStart',
  'onTrialProgress',
  'onTrialPause',
  'onTrialEnd',
]

/** One set of callbacks that calls each of them in turn. @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION */
export function checkCallbacks(callbacks: SearchCallbacks | readonly SearchCallbacks[]): Required<SearchCallbacks> {
  const isList = Array.isArray(callbacks)
  const list = (isList ? callbacks : [callbacks]) as readonly SearchCallbacks[]
  list.forEach((set, i) => {
    const where = isList ? `callbacks[${i}]` : 'callbacks'
    knownOptions(where, set ?? null, NAMES)
    for (const name of NAMES) {
      if (set[name] === undefined || typeof set[name] === 'function') continue
      throw invalidArgument(`${where}.${name}`, 'a function', set[name])
    }
  })
  return {
    onStart: async (header) => {
      for (const { onStart } of list) await onStart?.(header)
    },
    onTrialStart: (event) => {
      for (const { onTrialStart } of list) onTrialStart?.(event)
    },
    onTrialProgress: (event) => {
      for (const { onTrialProgress } of list) onTrialProgress?.(event)
    },
    onTrialPause: (event) => {
      for (const { onTrialPause } of list) onTrialPause?.(event)
    },
    onTrialEnd: async (event) => {
      for (const { onTrialEnd } of list) await onTrialEnd?.(event)
    },
  }
}
