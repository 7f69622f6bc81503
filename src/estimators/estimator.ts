import { checkingAsync, knownOptions, signalOrNone } from '../core/checks.js'
import type { Signal } from '../core/platform.js'
import { encodeTable } from '../data/encode-table.js'
import type { MLP } from '../model/mlp.js'
import { type LearntTable, learnTable, type TableSchema } from '../table/learn.js'
import type { Table } from '../table/table.js'
import { type Label, outputsOf, type TableTransform, type TargetTask } from '../table/transform.js'
import { fitEnsemble, fitPass, newMember } from './ensemble.js'
import { type RawRows, type TargetOf, tableWithTarget, trained } from './features.js'
import { checkEstimatorOptions, type EstimatorOptions, recipeOptions } from './options.js'
import { binsFor, type Recipe, recipeFor } from './recipe.js'

export interface EstimatorFitOptions {
  /** ends the training with an error of code ABORTED */
  readonly signal?: Signal
}

/** What an estimator learns of columns with these names, at least one. */
type TaskOf = (targets: readonly string[]) => TargetTask

/** What both estimators do: learn what the columns mean, and train. */
export abstract class Estimator {
  readonly #name: string
  readonly #options: EstimatorOptions
  #model: MLP | null = null
  #schema: TableSchema | null = null
  /** of `partialFit` */
  #passes = 0

  constructor(name: string, options: EstimatorOptions) {
    this.#name = name
    this.#options = checkEstimatorOptions(name, options)
  }

  /**
   * The trained network, which knows what the columns mean: for `saveModel`, `predictRows` and `predictor`.
   *
   * @throws NativeMlpError INVALID_ARGUMENT before `fit`
   */
  get model(): MLP {
    return trained(this.#model, this.#name)
  }

  /** Types of the columns, and what was ignored and why. @throws NativeMlpError INVALID_ARGUMENT before `fit` */
  get schema(): TableSchema {
    return trained(this.#schema, this.#name)
  }

  /** @param taskOf what to learn of target columns */
  protected async fitTask(x: RawRows, y: TargetOf, options: EstimatorFitOptions, taskOf: TaskOf): Promise<void> {
    await checkingAsync(`${this.#name}.fit`, async () => {
      knownOptions('fit', options, ['signal'])
      const signal = signalOrNone('signal', options.signal)
      const data = tableWithTarget(x, y)
      const { transform, schema, recipe } = this.#learn(data, taskOf(data.target!))
      this.#model = await fitEnsemble(encodeTable(data, transform), transform, recipe, this.#options.backend, signal)
      this.#schema = schema
    })
  }

  /** @param classes all there will be; null: those of the first rows */
  protected async fitPart(x: RawRows, y: TargetOf, taskOf: TaskOf, classes: readonly Label[] | null): Promise<void> {
    await checkingAsync(`${this.#name}.partialFit`, async () => {
      const data = tableWithTarget(x, y)
      if (this.#model === null) {
        const { transform, schema, recipe } = this.#learn(data, taskOf(data.target!), classes)
        this.#model = newMember(transform, recipe, this.#options.backend)
        this.#schema = schema
      }
      const set = encodeTable(data, this.#model.table!)
      const recipe = this.#recipe(set.length, this.#model.table!)
      // other batches and other dropped units in every pass
      await fitPass(this.#model, set, { ...recipe, seed: recipe.seed + this.#passes++ })
    })
  }

  #learn(data: Table, task: TargetTask, classes: readonly Label[] | null = null): LearntTable & { recipe: Recipe } {
    const { types, scale, maxLevels } = this.#options
    const given = { types, scale, maxLevels, bins: this.#options.bins ?? binsFor(data), task }
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const learnt = learnTable(data, { ...known, ...(classes && { classes }) })
    return { ...learnt, recipe: this.#recipe(data.length, learnt.transform) }
  }

  #recipe(rows: number, transform: TableTransform): Recipe {
    return recipeFor(rows, transform.target.task, outputsOf(transform), recipeOptions(this.#options))
  }
}
