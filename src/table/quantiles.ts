import { log } from '../core/elementary.js'

/** Linear between the order statistics, as NumPy's default. @param sorted ascending, not empty @param p 0 to 1 */
export function quantileOf(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  const [a, b] = [sorted[low], sorted[high]]
  return a === b ? a : a + (b - a) * (at - low)
}

/** The different quantiles 0, 1 / count, ..., 1, ascending. */
export function distinctQuantiles(sorted: Float64Array, count: number): number[] {
  const all = Array.from({ length: count + 1 }, (_, i) => quantileOf(sorted, i / count))
  return all.filter((value, i) => i === 0 || value > all[i - 1])
}

/** z with normal distribution function p, 0 < p < 1; relative error below 1.2e-9 (Acklam's rational approximation, 2003). */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p)
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * log(p))
    const n =
      ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
        4.374664141464968) *
        q +
      2.938163982698783
    const d =
      (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1
    return n / d
  }
  const q = p - 0.5
  const r = q * q
  const n =
    (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
    q
  const d =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1
  return n / d
}
