import type { Bin } from 'd3-array'
import type { D3 } from '../page/libraries.js'

/** Values counted over equal bins, as numpy.histogram does: the last bin includes its upper edge. */
export interface Histogram {
  readonly low: number
  readonly high: number
  /** from the lowest; x0 and x1 are the edges of a bin */
  readonly bins: readonly Bin<number, number>[]
  /** values that are NaN or infinite, in no bin */
  readonly skipped: number
  /** of the finite values; NaN when there are none */
  readonly mean: number
  /** standard deviation of the finite values as a whole population */
  readonly deviation: number
}

/** Equal values v get bins from v - 0.5 to v + 0.5; without finite values the bins go from 0 to 1 and are empty. */
export function histogram(values: ArrayLike<number>, count: number, d3: D3): Histogram {
  const finite = Array.from(values).filter(Number.isFinite)
  const [least = 0, most = 1] = d3.extent(finite)
  const [low, high] = least === most ? [least - 0.5, most + 0.5] : [least, most]
  const edges = d3.range(1, count).map((i) => low + (i * (high - low)) / count)
  const mean = d3.mean(finite) ?? Number.NaN
  const variance = d3.mean(finite, (value) => (value - mean) * (value - mean)) ?? Number.NaN
  return {
    low,
    high,
    bins: d3.bin<number, number>().domain([low, high]).thresholds(edges)(finite),
    skipped: values.length - finite.length,
    mean,
    deviation: Math.sqrt(variance),
  }
}
