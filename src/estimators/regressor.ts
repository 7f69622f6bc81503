import { checkingAsync } from '../core/checks.js'
import { encodeInputs } from '../table/encode-inputs.js'
import { encodeTarget } from '../table/target.js'
import { Estimator, type EstimatorFitOptions } from './estimator.js'
import { asRows, type RawRows, type TargetOf, tableWithTarget } from './features.js'
import type { EstimatorOptions } from './options.js'

/**
 * Predicts numbers from the rows of tables, with names of scikit-learn. Targets are standardised; predictions are in their units.
 *
 *     const regressor = await new MLPRegressor().fit(rows, { target: 'price' })
 *     const prices = await regressor.predict(newRows)
 */
export class MLPRegressor extends Estimator {
  /** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong */
  constructor(options: EstimatorOptions = {}) {
    super('MLPRegressor', options)
  }

  /**
   * @param x a table, objects, lists of cells, columns by name, or a set from `loadData`; missing cells are null
   * @param y the number for each row (or a list of several), or the column or columns that have them: `{ target: 'price' }`;
   *   default: the target of the table
   * @throws NativeMlpError INVALID_ARGUMENT naming row and column of a cell that does not fit, NOT_FINITE, ABORTED
   */
  async fit(x: RawRows, y?: TargetOf, options: EstimatorFitOptions = {}): Promise<this> {
    await this.fitTask(x, y, options, () => 'regression')
    return this
  }

  /** See `MLPClassifier.partialFit`. */
  async partialFit(x: RawRows, y?: TargetOf): Promise<this> {
    await this.fitPart(x, y, () => 'regression', null)
    return this
  }

  /** The number for each row; of several targets the list of them. */
  async predict(x: RawRows): Promise<(number | readonly number[])[]> {
    const { columns } = this.model.table!.target
    const predictions = await this.model.predictRows(asRows(x))
    return predictions.map(({ value, values }) => value ?? columns.map((name) => values![name]))
  }

  /** R squared, 1 - mean squared error / variance; the mean over several targets. */
  async score(x: RawRows, y?: TargetOf): Promise<number> {
    return checkingAsync('MLPRegressor.score', async () => {
      const data = tableWithTarget(x, y)
      const { target } = this.model.table!
      // both in standard deviations of the training rows
      const actual = encodeTarget(target, data).targets!
      const { outputs: predicted } = await this.model.predict(encodeInputs(this.model.table!.inputs, data))
      const cols = target.columns.length
      const scores = target.columns.map((_, c) => determination(column(actual, cols, c), column(predicted, cols, c)))
      return scores.reduce((sum, score) => sum + score, 0) / cols
    })
  }
}

function column(values: Float32Array, cols: number, c: number): Float32Array {
  return values.filter((_, i) => i % cols === c)
}

function determination(actual: Float32Array, predicted: Float32Array): number {
  const mean = actual.reduce((sum, y) => sum + y, 0) / actual.length
  const squares = (of: (y: number, i: number) => number) => actual.reduce((sum, y, i) => sum + of(y, i) * of(y, i), 0)
  return 1 - squares((y, i) => y - predicted[i]) / squares((y) => y - mean)
}
