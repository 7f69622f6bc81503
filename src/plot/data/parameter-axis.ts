import type { D3 } from '../page/libraries.js'
import { formatShort, labelOf } from '../page/text.js'
import { type DrawnTrial, type ParameterValue, valueText } from './drawn-trial.js'
import { distinct } from './trial-grid.js'

/**
 * A vertical axis of parallel coordinates. Heights are pixels above its foot. A trial without
 * a place on the axis itself is shown in a slot below it, at a negative height.
 */
export interface ParallelAxis {
  readonly title: string
  /** height of a trial's line where it crosses the axis */
  readonly heightOf: (trial: DrawnTrial) => number
  /** value of a trial as a label shows it */
  readonly textOf: (trial: DrawnTrial) => string
  /** on the axis and in its slots, from the top; minor ticks have an empty label */
  readonly ticks: readonly AxisTick[]
  readonly slots: readonly string[]
  /** whether the values are few, so that many trials share them and each value has its own tick */
  readonly isDiscrete: boolean
}

export interface AxisTick {
  readonly at: number
  readonly label: string
}

/** Scale and ticks of the values on the axis itself. */
interface ValueScale {
  readonly place: (value: ParameterValue) => number
  readonly ticks: readonly AxisTick[]
  readonly isDiscrete: boolean
  /** whether zero has a slot, as the axis is logarithmic */
  readonly hasZeroSlot: boolean
}

/** The slot of trials without the parameter. */
export const ABSENT = 'n/a'
/** Pixels between the foot of an axis and its first slot, and between slots. */
export const SLOT = 24
const MAX_DISCRETE = 12
const LOG_RATIO = 10
/** Approximate distance of ticks in pixels. */
const TICK_SPACING = 40

export function slotHeight(slot: number): number {
  return -SLOT * (slot + 1)
}

/**
 * The axis of a parameter: logarithmic for non-negative numbers whose positive values span more than a decade (zero then has a
 * slot), linear for other numbers, evenly spaced from the top for words and truth values.
 *
 * @param height of the axis in pixels
 */
export function parameterAxis(trials: readonly DrawnTrial[], key: string, height: number, d3: D3): ParallelAxis {
  const all = distinct(trials.map(({ params }) => params[key]))
  const values = all.filter((value) => value !== undefined)
  const isNumeric = values.length > 0 && values.every(hasScale)
  const scale = isNumeric ? numberScale(values as number[], height, d3) : wordScale(values, height, d3)
  const slots = [...(scale.hasZeroSlot ? ['0'] : []), ...(values.length < all.length ? [ABSENT] : [])]
  return {
    title: labelOf(key),
    heightOf: ({ params: { [key]: value } }) => {
      if (value === undefined) return slotHeight(slots.indexOf(ABSENT))
      return scale.hasZeroSlot && value === 0 ? slotHeight(0) : scale.place(value)
    },
    textOf: ({ params: { [key]: value } }) => (value === undefined ? ABSENT : valueText(value)),
    ticks: [...scale.ticks, ...slots.map((label, slot) => ({ at: slotHeight(slot), label }))],
    slots,
    isDiscrete: scale.isDiscrete,
  }
}

/** d3 computes no ticks for numbers near the limits of float64; they are shown like words. */
function hasScale(value: ParameterValue): boolean {
  return value === 0 || (typeof value === 'number' && Math.abs(value) > 1e-300 && Math.abs(value) < 1e300)
}

/** @param values different and ascending */
function numberScale(values: readonly number[], height: number, d3: D3): ValueScale {
  const positive = values.filter((value) => value > 0)
  const isLog = values[0] >= 0 && positive.length > 1 && positive[positive.length - 1] / positive[0] > LOG_RATIO
  const shown = isLog ? positive : values
  const scale = (isLog ? d3.scaleLog() : d3.scaleLinear())
    .domain([shown[0], shown[shown.length - 1]])
    .range([0, height])
  const isDiscrete = shown.length <= MAX_DISCRETE
  const count = Math.max(2, Math.floor(height / TICK_SPACING))
  const isMinor = (value: number) => scale.tickFormat(count)(value) === ''
  const ticks = isDiscrete
    ? shown.map((value) => ({ at: scale(value), label: formatShort(value) }))
    : scale.ticks(count).map((value) => ({ at: scale(value), label: isMinor(value) ? '' : formatShort(value) }))
  return {
    place: (value) => scale(value as number),
    ticks: ticks.sort((a, b) => b.at - a.at),
    isDiscrete,
    hasZeroSlot: isLog && positive.length < values.length,
  }
}

function wordScale(values: readonly ParameterValue[], height: number, d3: D3): ValueScale {
  const scale = d3.scalePoint<ParameterValue>(values, [height, 0])
  return {
    place: (value) => scale(value)!,
    ticks: values.map((value) => ({ at: scale(value)!, label: valueText(value) })),
    isDiscrete: values.length <= MAX_DISCRETE,
    hasZeroSlot: false,
  }
}
