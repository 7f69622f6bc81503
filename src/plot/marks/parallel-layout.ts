import type { DrawnTrial } from '../data/drawn-trial.js'
import { ABSENT, type AxisPlace, type ParameterAxis } from '../data/parameter-axis.js'

/** Heights of the drawing in pixels. */
export interface AxisHeights {
  /** of the ends of the axes */
  readonly top: number
  readonly bottom: number
}

/** Pixels between the end of an axis and its first slot, and between slots. */
export const SLOT = 24
const MAX_BAND = 11
const BAND_SHARE = 0.36

export function placeY(place: AxisPlace, { top, bottom }: AxisHeights): number {
  return 'slot' in place ? bottom + SLOT * (place.slot + 1) : bottom - place.share * (bottom - top)
}

/**
 * Where each trial crosses an axis. Trials that share one of few values are spread over a band around it, in the given order
 * from the bottom, so that their lines do not cover each other.
 *
 * @param trials the worst first
 * @returns the heights in pixels, and half the height of each band by its middle
 */
export function crossings(
  trials: readonly DrawnTrial[],
  { discrete, place }: Pick<ParameterAxis, 'discrete'> & { readonly place: (trial: DrawnTrial) => AxisPlace },
  heights: AxisHeights,
): { readonly ys: readonly number[]; readonly bands: ReadonlyMap<number, number> } {
  const places = trials.map(place)
  const middles = places.map((at) => placeY(at, heights))
  const groups = new Map<number, number[]>()
  places.forEach((at, i) => {
    if (!discrete && !('slot' in at)) return
    groups.set(middles[i], [...(groups.get(middles[i]) ?? []), i])
  })
  const stops = [...groups.keys()].sort((a, b) => a - b)
  const ys = [...middles]
  const bands = new Map<number, number>()
  stops.forEach((middle, s) => {
    const members = groups.get(middle)!
    const gap = Math.min(middle - (stops[s - 1] ?? -Infinity), (stops[s + 1] ?? Infinity) - middle)
    const half = members.length === 1 ? 0 : Math.min(MAX_BAND, BAND_SHARE * gap, 1.5 * members.length)
    bands.set(middle, half)
    members.forEach((trial, i) => {
      ys[trial] = middle + half - (members.length === 1 ? 0 : (2 * half * i) / (members.length - 1))
    })
  })
  return { ys, bands }
}

/** Labels from the top, each at least `distance` below the one before; those in the way of a `first` one are left out. */
export function withoutOverlap<T extends { readonly y: number }>(
  labels: readonly T[],
  first: readonly number[],
  distance: number,
): T[] {
  const taken = [...first]
  return labels.filter(({ y }) => {
    if (taken.some((other) => Math.abs(other - y) < distance)) return false
    taken.push(y)
    return true
  })
}

/** Whether an axis has a slot for trials without the parameter. */
export function hasAbsent({ slots }: ParameterAxis): boolean {
  return slots.includes(ABSENT)
}
