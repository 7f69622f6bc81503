import type { StepValues, TrainingParts } from '../backend/program.js'
import { mix32, randomStream } from '../core/random.js'
import type { FitPlan } from './fit-plan.js'
import { type MixupKeys, mixupKeys, mixupShare } from './mixup.js'
import { regularisationFactor } from './schedules.js'

/** The operations of a run's training program. */
export function partsOf({ dropout, mixup, clipNorm, maxNorm, averageDecay, frozenLayers }: FitPlan): TrainingParts {
  return {
    dropout: dropout > 0,
    mixes: mixup > 0,
    clips: clipNorm !== null,
    limitsNorms: maxNorm !== null,
    averages: averageDecay > 0,
    firstTrained: frozenLayers,
  }
}

/** Whether a run has other StepValues than none. */
export function usesStepValues({ dropout, mixup, labelSmoothing, clipNorm, maxNorm, averageDecay }: FitPlan): boolean {
  const positive = [dropout, mixup, labelSmoothing, averageDecay]
  return positive.some((value) => value > 0) || clipNorm !== null || maxNorm !== null
}

/** What the random values of all steps of a run derive from. */
export interface StepKeys {
  readonly dropout: number
  readonly mixup: MixupKeys
}

export function stepKeysOf(seed: number): StepKeys {
  return { dropout: randomStream(seed, 'dropout').uint32(), mixup: mixupKeys(seed) }
}

export function stepValuesOf(plan: FitPlan, keys: StepKeys, step: number, totalSteps: number): StepValues {
  return {
    dropoutKey: mix32(keys.dropout ^ step),
    dropoutRate: plan.dropout * regularisationFactor(plan.dropoutSchedule, step / totalSteps),
    smoothing: plan.labelSmoothing,
    clipNorm: plan.clipNorm ?? 0,
    maxNorm: plan.maxNorm ?? 0,
    // the first steps count more, so that the average forgets the initial parameters
    averageShare: 1 - Math.min(plan.averageDecay, (1 + step) / (10 + step)),
    mixShare: plan.mixup === 0 ? 0 : mixupShare(plan.mixup, keys.mixup, step),
  }
}
