import type { Backend } from '../backend/backend.js'
import type { Dataset, InputStatistics } from '../backend/operands.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { Signal } from '../core/platform.js'
import { isFloat32Array } from '../core/typed-arrays.js'
import type { InputRows } from './inputs.js'
import { inSlices, refusedData } from './slices.js'

interface Prepared {
  readonly cols: number
  readonly table: Float32Array | null
  readonly dataset: Dataset
}

/** The same while it is being measured. */
interface Pending {
  readonly cols: number
  readonly table: Float32Array | null
  readonly promise: Promise<Dataset>
}

interface Known {
  readonly prepared: Prepared[]
  readonly pending: Set<Pending>
}

export interface MeasuringOptions {
  readonly signal?: Signal
  /** name of the computation, for the ABORTED error */
  readonly what: string
}

const known = new WeakMap<Backend, WeakMap<object, Known>>()

/** Values measured in one go: about a millisecond on the slowest backend. */
const FEW_VALUES = 1 << 20

/** The backend's dataset of a set, cached for all sets that share the array. */
export function datasetOf(backend: Backend, inputs: InputRows, name: string): Dataset {
  const { prepared } = knownOf(backend, inputs)
  return prepared.find((each) => isOf(each, inputs))?.dataset ?? add(prepared, newDataset(backend, inputs, name))
}

/** The same without blocking the event loop: the array is checked and measured in slices, once for all who ask meanwhile. */
export async function preparedDataset(
  backend: Backend,
  inputs: InputRows,
  name: string,
  options: MeasuringOptions,
): Promise<Dataset> {
  const { prepared, pending } = knownOf(backend, inputs)
  for (;;) {
    const done = prepared.find((each) => isOf(each, inputs))
    if (done !== undefined) return done.dataset
    if (inputs.values.length <= FEW_VALUES) return datasetOf(backend, inputs, name)
    const other = [...pending].find((each) => isOf(each, inputs))
    if (other === undefined) break
    // it may fail for another name or signal: then this one measures itself
    await other.promise.catch(() => undefined)
  }
  const { cols, table } = inputs
  const own: Pending = { cols, table, promise: measuredDataset(backend, inputs, name, options) }
  pending.add(own)
  try {
    return add(prepared, await own.promise)
  } finally {
    pending.delete(own)
  }
}

/** Like `datasetOf`, but not cached: for arrays that may change between calls. */
export function newDataset(backend: Backend, inputs: InputRows, name: string): Dataset {
  const { values, cols, table } = inputs
  const rows = values.length / cols
  return accepting(name, rows, () => {
    checkFinite(backend, inputs, 0, values.length, name)
    return backend.dataset(values, rows, cols, table)
  })
}

/** Like `newDataset`, without blocking the event loop. */
export async function measuredDataset(
  backend: Backend,
  inputs: InputRows,
  name: string,
  options: MeasuringOptions,
): Promise<Dataset> {
  const { values, cols, table } = inputs
  if (values.length <= FEW_VALUES) return newDataset(backend, inputs, name)
  const rows = values.length / cols
  let statistics: InputStatistics = { nonzeros: 0, longestRow: 0 }
  const pace = { rows: Math.max(1, Math.floor(FEW_VALUES / cols)) }
  await inSlices(rows, { ...options, pace }, (from, to) => {
    accepting(name, to - from, () => {
      checkFinite(backend, inputs, from * cols, to * cols, name)
      statistics = both(statistics, backend.measure(values.subarray(from * cols, to * cols), to - from, cols, table))
    })
  })
  return accepting(name, rows, () => backend.dataset(values, rows, cols, table, statistics))
}

/** A backend rejects only arrays that have changed since `checkInputRows`. */
function accepting<T>(name: string, rows: number, measure: () => T): T {
  try {
    return measure()
  } catch (error) {
    throw error instanceof NativeMlpError ? error : refusedData(error, name, rows)
  }
}

function knownOf(backend: Backend, { values }: InputRows): Known {
  let byValues = known.get(backend)
  if (byValues === undefined) {
    byValues = new WeakMap()
    known.set(backend, byValues)
  }
  let datasets = byValues.get(values)
  if (datasets === undefined) {
    datasets = { prepared: [], pending: new Set() }
    byValues.set(values, datasets)
  }
  return datasets
}

function isOf(one: Pick<Prepared, 'cols' | 'table'>, { cols, table }: InputRows): boolean {
  return one.cols === cols && one.table === table
}

function add(prepared: Prepared[], dataset: Dataset): Dataset {
  const { cols, table } = dataset
  prepared.push({ cols, table, dataset })
  return dataset
}

/** Statistics of two blocks of rows together. */
function both(a: InputStatistics, b: InputStatistics): InputStatistics {
  const canList = a.longestRow >= 0 && b.longestRow >= 0
  return { nonzeros: a.nonzeros + b.nonzeros, longestRow: canList ? Math.max(a.longestRow, b.longestRow) : -1 }
}

/** @throws NativeMlpError INVALID_ARGUMENT naming the first of the values from..to-1 that is not finite */
function checkFinite(backend: Backend, { values, cols }: InputRows, from: number, to: number, name: string): void {
  if (!isFloat32Array(values) || backend.allFinite(values.subarray(from, to))) return
  let at = from
  while (Number.isFinite(values[at])) at++
  throw invalidArgument(`${name}[${Math.floor(at / cols)}][${at % cols}]`, 'a finite number', values[at])
}
