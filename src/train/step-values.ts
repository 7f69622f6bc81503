import type { StepValues, TrainingParts } from '../backend/program.js'
import { mix32 } from '../core/random.js'
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
