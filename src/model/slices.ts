import type { Backend, EvaluationBuffers, Evaluator, Layer } from '../backend/backend.js'
import { NativeMlpError } from '../core/errors.js'
import { nextMacrotask, SLICE_MS, throwIfAborted } from '../core/event-loop.js'
import type { Signal } from '../core/platform.js'

/** Rows per slice, adapted to the machine as slices are timed; keep it to start the next evaluation at full pace. */
export interface Pace {
  rows: number
  /** true to keep `rows` as it is */
  readonly fixed?: boolean
}

/** About 10 ms of the slowest backend. */
const FIRST_SLICE_MULTIPLICATIONS = 8e6

export function firstPace(layers: readonly Layer[]): Pace {
  const perRow = layers.reduce((sum, layer) => sum + layer.inputs * layer.outputs, 0)
  return { rows: clamp(Math.floor(FIRST_SLICE_MULTIPLICATIONS / perRow), 16, 4096) }
}

export interface SliceOptions {
  readonly signal?: Signal
  readonly pace: Pace
  /** what is interrupted when the signal fires */
  readonly what: string
  /** called with the positions of a slice just done */
  readonly afterSlice?: (from: number, to: number) => void
}

/**
 * `backend.evaluate` over any number of rows, cut so that the event loop is free every 16 ms or so. Where it is cut
 * changes no result.
 */
export async function evaluateInSlices(
  backend: Backend,
  evaluator: Evaluator,
  layers: readonly Layer[],
  rowIndices: Int32Array,
  buffers: EvaluationBuffers,
  { signal, pace, what, afterSlice }: SliceOptions,
): Promise<void> {
  for (let from = 0; from < rowIndices.length; ) {
    throwIfAborted(signal, what)
    const to = Math.min(rowIndices.length, from + pace.rows)
    const start = performance.now()
    try {
      backend.evaluate(evaluator, rowIndices.subarray(from, to), layers, slice(buffers, rowIndices.length, from, to))
    } catch (error) {
      throw refusedData(error, what)
    }
    afterSlice?.(from, to)
    if (!pace.fixed && to - from === pace.rows) pace.rows = nextPace(pace.rows, performance.now() - start)
    from = to
    await nextMacrotask()
  }
}

/** What to throw where a backend threw: it refuses what has passed all checks only if that has changed since. */
export function refusedData(error: unknown, what: string): unknown {
  const refused = error instanceof NativeMlpError && error.code === 'INVALID_ARGUMENT'
  if (!refused && !(error instanceof RangeError || error instanceof TypeError)) return error
  const problem = `${what}: arrays of the data or the model have changed since they were checked: ${error.message}`
  return new NativeMlpError('INVALID_ARGUMENT', problem, { cause: error })
}

/** Aims at half the allowed time, in whole chunks of 256 rows once slices are long, never growing more than fourfold. */
function nextPace(rows: number, milliseconds: number): number {
  const wanted = (rows * (SLICE_MS / 2)) / Math.max(milliseconds, 0.01)
  const next = clamp(Math.floor(wanted), Math.max(16, rows >> 1), Math.min(rows * 4, 65536))
  return next < 512 ? next : next - (next % 256)
}

function slice(buffers: EvaluationBuffers, total: number, from: number, to: number): EvaluationBuffers {
  const { labels, rowLosses, predicted, outputs } = buffers
  const classes = outputs === null ? 0 : outputs.length / total
  return {
    labels,
    rowLosses: rowLosses === null ? null : rowLosses.subarray(from, to),
    predicted: predicted.subarray(from, to),
    outputs: outputs === null ? null : outputs.subarray(from * classes, to * classes),
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value))
}
