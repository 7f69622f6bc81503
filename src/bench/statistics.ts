import { checking } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'

/** Statistics over samples. */
export interface Summary {
  readonly median: number
  /** 10th and 90th percentile */
  readonly p10: number
  readonly p90: number
  readonly min: number
  readonly max: number
  readonly samples: number
}

/**
 * The q-quantile with linear interpolation (the default of NumPy and Excel).
 * @param sorted ascending, at least one
 */
export function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
}

/** @param values at least one, in any order @throws NativeMlpError INVALID_ARGUMENT */
export function summarize(values: readonly number[]): Summary {
  checking('values', () => checkNumbers(values))
  const sorted = [...values].sort((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    p10: quantile(sorted, 0.1),
    p90: quantile(sorted, 0.9),
    min: sorted[0],
    max: sorted[sorted.length - 1],
    samples: sorted.length,
  }
}

function checkNumbers(values: readonly number[]): void {
  if (!Array.isArray(values) || values.length === 0) throw invalidArgument('values', 'at least one number', values)
  const at = values.findIndex((value) => typeof value !== 'number')
  if (at >= 0) throw invalidArgument(`values[${at}]`, 'a number', values[at])
}

export function median(values: readonly number[]): number {
  return summarize(values).median
}
