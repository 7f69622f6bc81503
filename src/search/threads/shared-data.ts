import { Samples } from '../../data/samples.js'
import type { StudyData } from '../trial/run-task.js'
import type { WorkerInput } from './messages.js'

type Shareable = Uint8Array | Float32Array | Int32Array

/** The sets of a study in shared memory. Arrays they have in common are copied once, arrays already shared not at all. */
export function shareData(folds: readonly StudyData[]): WorkerInput {
  const copies = new Map<Shareable, Shareable>()
  const share = <A extends Shareable | null>(array: A): A => {
    if (array === null || array.buffer instanceof SharedArrayBuffer) return array
    let copy = copies.get(array)
    if (copy === undefined) {
      const Copy = array.constructor as new (buffer: SharedArrayBuffer) => Shareable
      copy = new Copy(new SharedArrayBuffer(array.byteLength))
      copy.set(array)
      copies.set(array, copy)
    }
    return copy as A
  }
  const describe = (set: Samples) =>
    new Samples({
      ...set,
      values: share(set.values),
      labels: share(set.labels),
      targets: share(set.targets),
      rows: share(set.rows),
    }).describe()
  return {
    folds: folds.map(({ train, valid, test }) => {
      return { train: describe(train), valid: describe(valid), test: test === undefined ? null : describe(test) }
    }),
  }
}
