import type { StepValues, TrainingParts } from '../backend/program.js'
import { invalidArgument } from '../core/errors.js'
import { mix32 } from '../core/random.js'
import type { Samples } from '../data/samples.js'
import { LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import type { FitPlan } from './fit-plan.js'
import { regularisationFactor } from './schedules.js'

/** The operations of a run's training program. */
export function partsOf({ dropout, clipNorm, maxNorm, averageDecay, frozenLayers }: FitPlan): TrainingParts {
  return {
    dropout: dropout > 0,
    clips: clipNorm !== null,
    limitsNorms: maxNorm !== null,
    averages: averageDecay > 0,
    firstTrained: frozenLayers,
  }
}

/** Whether a run has other StepValues than none. */
export function usesStepValues({ dropout, labelSmoothing, clipNorm, maxNorm, averageDecay }: FitPlan): boolean {
  return dropout > 0 || labelSmoothing > 0 || clipNorm !== null || maxNorm !== null || averageDecay > 0
}

/** @param dropoutKey of the run */
export function stepValuesOf(plan: FitPlan, dropoutKey: number, step: number, totalSteps: number): StepValues {
  return {
    dropoutKey: mix32(dropoutKey ^ step),
    dropoutRate: plan.dropout * regularisationFactor(plan.dropoutSchedule, step / totalSteps),
    smoothing: plan.labelSmoothing,
    clipNorm: plan.clipNorm ?? 0,
    maxNorm: plan.maxNorm ?? 0,
    // the first steps count more, so that the average forgets the initial parameters
    averageShare: 1 - Math.min(plan.averageDecay, (1 + step) / (10 + step)),
  }
}

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
