import { labelOf } from '../page/text.js'
import type { DrawnTrial, ParameterValue } from './drawn-trial.js'
import { valueText } from './drawn-trial.js'
import { formatShort, linearTicks, logTicks } from './nice-ticks.js'
import { distinct } from './trial-grid.js'

/** Where a value stands: a share of the axis from its bottom, 0, to its top, 1, or a slot below it, counted from 0. */
export type AxisPlace = { readonly share: number } | { readonly slot: number }

export interface AxisTick {
  readonly place: AxisPlace
  readonly label: string
}

/** A vertical axis of parallel coordinates. */
export interface ParameterAxis {
  readonly key: string
  readonly label: string
  readonly kind: 'linear' | 'log' | 'words'
  /** labels of the slots below the axis, from the top: what has no place on the axis itself */
  readonly slots: readonly string[]
  readonly place: (value: ParameterValue | undefined) => AxisPlace
  /** on the axis and in its slots, from the top */
  readonly ticks: readonly AxisTick[]
  /** whether the values are few, so that trials share them and each has its own tick */
  readonly discrete: boolean
}

/** The slot of a trial that has no such parameter. */
export const ABSENT = '–'
const MAX_DISCRETE = 12
const LOG_RATIO = 10

/**
 * The axis of a parameter: logarithmic where its numbers are positive and span more than a decade (a zero among them then
 * has a slot), linear for other numbers, evenly spaced for words and truth values.
 *
 * @param room how many labels fit
 */
export function parameterAxis(trials: readonly DrawnTrial[], key: string, room: number): ParameterAxis {
  const all = distinct(trials.map(({ params }) => params[key]))
  const values = all.filter((value) => value !== undefined)
  const isAbsent = values.length < all.length
  const numeric = values.every((value) => typeof value === 'number' && Number.isFinite(value))
  return numeric && values.length > 0
    ? numberAxis(key, values as number[], isAbsent, room)
    : wordsAxis(key, values, isAbsent, room)
}

function numberAxis(key: string, values: readonly number[], isAbsent: boolean, room: number): ParameterAxis {
  const positive = values.filter((value) => value > 0)
  const log = values[0] >= 0 && positive.length > 1 && positive[positive.length - 1] / positive[0] > LOG_RATIO
  const shown = log ? positive : values
  const [low, high] = [shown[0], shown[shown.length - 1]]
  const slots = [...(log && positive.length < values.length ? ['0'] : []), ...(isAbsent ? [ABSENT] : [])]
  const scale = log ? (value: number) => Math.log(value) : (value: number) => value
  const share = (value: number) => (low === high ? 0.5 : (scale(value) - scale(low)) / (scale(high) - scale(low)))
  const discrete = shown.length <= MAX_DISCRETE
  const at = discrete ? shown : log ? logTicks([low, high], room) : linearTicks(low, high, room)
  const ticks = at.map((value) => ({ place: { share: share(value) }, label: formatShort(value) })).reverse()
  return {
    ...{ key, label: labelOf(key), kind: log ? 'log' : 'linear', slots, discrete },
    place: (value) => {
      if (value === undefined) return { slot: slots.indexOf(ABSENT) }
      return log && value === 0 ? { slot: 0 } : { share: share(value as number) }
    },
    ticks: [...ticks, ...slotTicks(slots)],
  }
}

function wordsAxis(key: string, values: readonly ParameterValue[], isAbsent: boolean, room: number): ParameterAxis {
  const slots = isAbsent ? [ABSENT] : []
  // the first at the top, as one reads
  const share = (i: number) => (values.length < 2 ? 0.5 : 1 - i / (values.length - 1))
  const every = Math.ceil(values.length / room)
  const ticks = values.map((value, i) => ({ place: { share: share(i) }, label: valueText(value) }))
  return {
    ...{ key, label: labelOf(key), kind: 'words', slots, discrete: values.length <= MAX_DISCRETE },
    place: (value) => (value === undefined ? { slot: 0 } : { share: share(values.indexOf(value)) }),
    ticks: [...ticks.filter((_, i) => i % every === 0), ...slotTicks(slots)],
  }
}

function slotTicks(slots: readonly string[]): AxisTick[] {
  return slots.map((label, slot) => ({ place: { slot }, label }))
}
