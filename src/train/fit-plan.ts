import type { Signal } from '../core/platform.js'
import type { Samples } from '../data/samples.js'
import type { Augmentation } from './augmentation.js'
import type { BestRule } from './best.js'
import type { FitCallbacks } from './callbacks.js'
import type { TrainingCheckpoint } from './checkpoint.js'
import type { NameOf, TrainingConfig } from './config.js'
import type { SetName } from './hyper-parameter-kinds.js'
import type { Optimizer } from './optimizers.js'

/** Options with every default filled in and every value checked. */
export interface FitPlan extends Pick<TrainingConfig, NameOf<'fit'>> {
  readonly optimizer: Optimizer
  readonly sets: Readonly<Partial<Record<SetName, Samples>>> & { readonly train: Samples }
  readonly batchSize: number
  readonly stepsPerEpoch: number
  readonly evaluateOn: readonly SetName[]
  /** null: the images are trained on as they are, or the rows are none */
  readonly augmentation: Augmentation | null
  readonly selectBy: BestRule
  /** of the training rows, in their order; null: 1 */
  readonly sampleWeights: Float64Array | null
  /** of the rows of evaluated sets, in their order; of a set that is missing all are equal */
  readonly evaluationWeights: Readonly<Partial<Record<SetName, Float64Array | null>>>
  readonly keepBest: boolean
  readonly callbacks: FitCallbacks
  readonly signal: Signal | undefined
  readonly yieldEveryMs: number
  readonly resume: TrainingCheckpoint | null
  readonly checkpointEveryMs: number
  /** null: to the end */
  readonly untilStep: number | null
}
