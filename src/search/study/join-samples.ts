import { NativeMlpError } from '../../core/errors.js'
import { Samples } from '../../data/samples.js'

type Numbers = Uint8Array | Float32Array | Int32Array

/**
 * The rows of two sets as one. Sets that were split from one another share their arrays still, with the rows in the order
 * they had before; others are copied, one after the other.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for sets that do not hold the same kind of rows
 */
export function joinSamples(a: Samples, b: Samples): Samples {
  for (const key of ['cols', 'classes', 'targetCols', 'scale'] as const) {
    if (a[key] === b[key]) continue
    throw new NativeMlpError('INVALID_ARGUMENT', `data.valid: ${key} is ${b[key]}, but that of data.train is ${a[key]}`)
  }
  if (a.values === b.values && a.labels === b.labels && a.targets === b.targets) {
    return new Samples({ ...a, rows: Int32Array.from([...a.rows, ...b.rows]).sort() })
  }
  return new Samples({
    ...a,
    values: joined(a, b, 'values', a.cols),
    labels: a.labels && joined(a, b, 'labels', 1),
    targets: a.targets && joined(a, b, 'targets', a.targetCols),
    rows: Int32Array.from({ length: a.length + b.length }, (_, i) => i),
  })
}

/** Of both sets the rows they have, in a new array. */
function joined<K extends 'values' | 'labels' | 'targets'>(
  a: Samples,
  b: Samples,
  key: K,
  cols: number,
): NonNullable<Samples[K]> {
  const [first, second] = [a[key] as Numbers, b[key] as Numbers | null]
  if (second === null || second.constructor !== first.constructor) {
    const kind = second === null ? 'none' : second.constructor.name
    const expected = `those of data.train are ${first.constructor.name}`
    throw new NativeMlpError('INVALID_ARGUMENT', `data.valid: its ${key} are ${kind}, but ${expected}`)
  }
  const Copy = first.constructor as new (length: number) => Float32Array
  const copy = new Copy((a.length + b.length) * cols)
  let at = 0
  for (const { rows, source } of [
    { rows: a.rows, source: first },
    { rows: b.rows, source: second },
  ]) {
    for (const row of rows) {
      copy.set(source.subarray(row * cols, (row + 1) * cols), at)
      at += cols
    }
  }
  return copy as unknown as NonNullable<Samples[K]>
}
