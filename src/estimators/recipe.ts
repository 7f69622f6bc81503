import type { Activation } from '../core/types.js'
import type { Table } from '../table/table.js'
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
  /** epochs without a lower validation loss after which a member stops */
  readonly patience: number
  /** networks whose outputs are averaged */
  readonly members: number
  /** parts of the rows; member i validates on part i */
  readonly folds: number
  readonly seed: number
}

export type RecipeOptions = { readonly [K in keyof Recipe]?: Recipe[K] | undefined }

/** From so many training rows on wider networks pay; with several classes, which need more units, from fewer. */
const WIDE_ROWS = 8000
const WIDE_ROWS_OF_CLASSES = 2000

/**
 * @param rows that the estimator is given, validation rows included
 * @param outputs of the network
 */
export function recipeFor(rows: number, task: TargetTask, outputs: number, given: RecipeOptions): Recipe {
  const training = rows * 0.8
  const isWide = training >= (task === 'classes' && outputs > 2 ? WIDE_ROWS_OF_CLASSES : WIDE_ROWS)
  // a regression goes on improving for longer, and dropout keeps it from it
  const isRegression = task === 'regression'
  return {
    hidden: given.hidden ?? (isWide ? [128, 128] : [64, 64]),
    activation: given.activation ?? (isRegression ? 'silu' : 'relu'),
    learningRate: given.learningRate ?? 0.006,
    weightDecay: given.weightDecay ?? 0.1,
    dropout: given.dropout ?? (isRegression ? 0 : 0.1),
    batchSize: given.batchSize ?? (training < 1000 ? 32 : training < 4000 ? 64 : training < 32_000 ? 128 : 256),
    epochs: given.epochs ?? (isRegression ? 60 : 40),
    patience: given.patience ?? (isRegression ? 10 : 12),
    members: given.members ?? 4,
    folds: given.folds ?? 5,
    seed: given.seed ?? 1,
  }
}

/** The encoding makes nine inputs of a number: of larger tables it would take more memory than it is worth. */
const MOST_CELLS = 4e6

/** Bins of the piecewise-linear encoding of each number. */
export function binsFor({ length, columns }: Table): number {
  return columns.length * length <= MOST_CELLS ? 8 : 0
}
