import type { Activation } from '../core/types.js'
import type { TargetTask } from '../table/transform.js'

/** Everything that determines how an estimator trains its networks. */
export interface Recipe {
  readonly hidden: readonly number[]
  readonly activation: Activation
  readonly learningRate: number
  readonly weightDecay: number
  readonly dropout: number
  readonly batchSize: number
  readonly epochs: number
  /** networks whose outputs are averaged */
  readonly members: number
  /** parts of the rows; member i validates on part i */
  readonly folds: number
  readonly seed: number
}

export type RecipeOptions = { readonly [K in keyof Recipe]?: Recipe[K] | undefined }

/** @param rows that the estimator is given, validation rows included */
export function recipeFor(rows: number, task: TargetTask, _inputs: number, given: RecipeOptions): Recipe {
  const training = rows * 0.8
  const batchSize = given.batchSize ?? (training < 1000 ? 32 : training < 4000 ? 64 : training < 12000 ? 128 : 256)
  return {
    hidden: given.hidden ?? [128, 128],
    activation: given.activation ?? (task === 'regression' ? 'silu' : 'relu'),
    learningRate: given.learningRate ?? 0.003,
    weightDecay: given.weightDecay ?? 0.1,
    dropout: given.dropout ?? 0.1,
    batchSize,
    epochs: given.epochs ?? (training < 1000 ? 100 : training < 3000 ? 60 : training < 10000 ? 40 : 25),
    members: given.members ?? 4,
    folds: given.folds ?? 5,
    seed: given.seed ?? 1,
  }
}
