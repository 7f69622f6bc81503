import { checkingAsync } from '../core/checks.js'
import { encodeInputs } from '../table/encode-inputs.js'
import type { Rows } from '../table/rows.js'
import type { Table } from '../table/table.js'
import { encodeTarget } from '../table/target.js'
import { Estimator, type EstimatorFitOptions } from './estimator.js'
import { type TargetOf, tableWithTarget } from './features.js'
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
   * @param x a table, objects, lists of cells, or columns by name; missing cells are null
   * @param y the number for each row (or a list of several), or the column or columns that have them: `{ target: 'price' }`;
   *   default: the target of the table
   * @throws NativeMlpError INVALID_ARGUMENT naming row and column of a cell that does not fit, NOT_FINITE, ABORTED
   */
  async fit(x: Rows | Table, y?: TargetOf, options: EstimatorFitOptions = {}): Promise<this> {
    await this.fitTask(x, y, options, () => 'regression')
    return this
  }

  /** See `MLPClassifier.partialFit`. */
  async partialFit(x: Rows | Table, y?: TargetOf): Promise<this> {
    await this.fitPart(x, y, () => 'regression', null)
    return this
  }

  /** The number for each row; of several targets the list of them. */
  async predict(x: Rows | Table): Promise<(number | readonly number[])[]> {
    const { columns } = this.model.table!.target
    const predictions = await this.model.predictRows(x)
    return predictions.map(({ value, values }) => value ?? columns.map((name) => values![name]))
  }

  /** R squared, 1 - mean squared error / variance; the mean over several targets. */
  async score(x: Rows | Table, y?: TargetOf): Promise<number> {
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
