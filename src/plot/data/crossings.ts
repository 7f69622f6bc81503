import type { DrawnTrial } from './drawn-trial.js'
import type { ParallelAxis } from './parameter-axis.js'

/** Where trials cross an axis, in pixels above its foot. */
export interface Crossings {
  /** one for each trial, in their order */
  readonly heights: readonly number[]
  /** the heights that trials share; `half` is half the height of the band over which their lines are spread */
  readonly bands: readonly Band[]
}

export interface Band {
  readonly at: number
  readonly half: number
}

const MAX_HALF = 11
/** Half a band as a share of the distance to the next one. */
const HALF_SHARE = 0.36
/** Pixels of half a band for each trial in it. */
const HALF_PER_TRIAL = 1.5

/**
 * Where each trial crosses an axis. Trials that share a slot or one of few values are spread over a band around it, in the
 * given order from the bottom, so that their lines do not cover each other.
 *
 * @param trials worst first
 */
export function crossings(
  trials: readonly DrawnTrial[],
  { heightOf, isDiscrete }: Pick<ParallelAxis, 'heightOf' | 'isDiscrete'>,
): Crossings {
  const heights = trials.map(heightOf)
  const groups = new Map<number, number[]>()
  heights.forEach((at, i) => {
    if (isDiscrete || at < 0) groups.set(at, [...(groups.get(at) ?? []), i])
  })
  const stops = [...groups.keys()].sort((a, b) => a - b)
  const bands = stops.map((at, s): Band => {
    const members = groups.get(at)!
    const gap = Math.min(at - (stops[s - 1] ?? -Infinity), (stops[s + 1] ?? Infinity) - at)
    const half = members.length === 1 ? 0 : Math.min(MAX_HALF, HALF_SHARE * gap, HALF_PER_TRIAL * members.length)
    members.forEach((trial, i) => {
      heights[trial] = at - half + (half === 0 ? 0 : (2 * half * i) / (members.length - 1))
    })
    return { at, half }
  })
  return { heights, bands }
}
