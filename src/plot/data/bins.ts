/** Counts over equal bins, as numpy.histogram makes them: the last bin includes its upper edge. */
export interface Bins {
  readonly low: number
  readonly high: number
  readonly counts: readonly number[]
  /** values that are NaN or infinite, in no bin */
  readonly skipped: number
  /** of the finite values; NaN when there are none */
  readonly mean: number
  readonly deviation: number
}

/** A constant array v gets bins from v - 0.5 to v + 0.5; one without finite values from 0 to 1, all empty. */
export function binValues(values: ArrayLike<number>, count: number): Bins {
  const { low, high, finite, mean, deviation } = summarise(values)
  const start = finite === 0 ? 0 : low === high ? low - 0.5 : low
  const end = finite === 0 ? 1 : low === high ? high + 0.5 : high
  const counts = new Array<number>(count).fill(0)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (Number.isFinite(value)) counts[Math.min(count - 1, Math.floor(((value - start) / (end - start)) * count))]++
  }
  return { low: start, high: end, counts, skipped: values.length - finite, mean, deviation }
}

function summarise(values: ArrayLike<number>) {
  let [low, high, finite, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (!Number.isFinite(value)) continue
    if (value < low) low = value
    if (value > high) high = value
    sum += value
    finite++
  }
  const mean = sum / finite
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) squares += (values[i] - mean) * (values[i] - mean)
  }
  return { low, high, finite, mean, deviation: Math.sqrt(squares / finite) }
}
