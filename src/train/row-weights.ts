import { invalidArgument } from '../core/errors.js'
import type { Samples } from '../data/samples.js'
import { LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import type { FitPlan } from './fit-plan.js'

/** Weights of all rows of the data behind the training rows, with mean 1 over these; null if all are equal. */
export function rowWeightsOf(
  { loss, outputs }: MLP,
  { values, cols, rows, labels, classes }: Samples,
  { classWeights, sampleWeights }: Pick<FitPlan, 'classWeights' | 'sampleWeights'>,
): Float32Array | null {
  if (classWeights === null && sampleWeights === null) return null
  const ofClass = classWeights === null ? null : weightsOfClasses(classWeights, { labels, rows, classes })
  if (ofClass !== null && !LOSS_INFO[loss].takesLabels(outputs)) {
    throw invalidArgument('classWeights', `null, because loss '${loss}' takes no labels`, classWeights)
  }
  const each = Float64Array.from(rows, (row, i) => (ofClass?.[labels![row]] ?? 1) * (sampleWeights?.[i] ?? 1))
  const sum = each.reduce((total, w) => total + w, 0)
  if (!(sum > 0)) throw invalidArgument('classWeights, sampleWeights', 'a weight above 0 for some row', sum)
  const weights = new Float32Array(values.length / cols)
  rows.forEach((row, i) => {
    weights[row] = (each[i] * rows.length) / sum
  })
  return weights
}

/** 'balanced': n / (C n_c), as scikit-learn. */
function weightsOfClasses(
  classWeights: 'balanced' | readonly number[],
  { labels, rows, classes }: { labels: Int32Array | null; rows: Int32Array; classes: number },
): readonly number[] {
  if (labels === null) throw invalidArgument('classWeights', 'null for a set without labels', classWeights)
  if (classWeights !== 'balanced') {
    if (classWeights.length === classes) return classWeights
    throw invalidArgument('classWeights', `${classes} numbers, one for each class`, classWeights.length)
  }
  const counts = new Array<number>(classes).fill(0)
  for (const row of rows) counts[labels[row]]++
  return counts.map((count) => (count === 0 ? 0 : rows.length / (classes * count)))
}
