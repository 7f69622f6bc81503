import { checkingAsync, listOf } from '../core/checks.js'
import { encodeTarget } from '../table/target.js'
import { type Label, type TargetTask, targetNames } from '../table/transform.js'
import { Estimator, type EstimatorFitOptions } from './estimator.js'
import { asRows, type RawRows, type TargetOf, tableWithTarget } from './features.js'
import type { EstimatorOptions } from './options.js'

/**
 * Classifies the rows of tables, with names of scikit-learn. Without options it chooses sizes and steps by the rows, and averages
 * several networks in one (docs/tables.md). The same data, options and numeric family give the same bits.
 *
 *     const classifier = await new MLPClassifier().fit(rows, { target: 'species' })
 *     const species = await classifier.predict(newRows)
 */
export class MLPClassifier extends Estimator {
  /** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming the option that is wrong */
  constructor(options: EstimatorOptions = {}) {
    super('MLPClassifier', options)
  }

  /**
   * @param x a table, objects, lists of cells, columns by name, or a set from `loadData`; missing cells are null
   * @param y the class of each row, or the name of the column that has it: `{ target: 'species' }`; several columns of 0 and 1, or
   *   false and true, are labels of which a row may have any. Default: the target of the table.
   * @throws NativeMlpError INVALID_ARGUMENT naming row and column of a cell that does not fit, NOT_FINITE, ABORTED
   */
  async fit(x: RawRows, y?: TargetOf, options: EstimatorFitOptions = {}): Promise<this> {
    await this.fitTask(x, y, options, taskOf)
    return this
  }

  /**
   * Trains one network for one pass over the rows, with a constant learning rate. The first call learns from its rows what the
   * columns mean.
   *
   * @param classes of the first call: all that later rows have
   */
  async partialFit(x: RawRows, y?: TargetOf, classes?: readonly Label[]): Promise<this> {
    if (classes !== undefined) listOf('classes', classes, 'classes')
    await this.fitPart(x, y, taskOf, classes ?? null)
    return this
  }

  /** As the training rows write them, in the order of `predictProba`; of multi-label the names of the columns. */
  get classes(): readonly Label[] {
    const transform = this.model.table!
    return transform.target.task === 'classes' ? transform.target.classes : targetNames(transform)
  }

  /** The class of each row; of multi-label the list of its labels. */
  async predict(x: RawRows): Promise<(Label | readonly string[])[]> {
    const predictions = await this.model.predictRows(asRows(x))
    return predictions.map((row) => row.class ?? row.labels!)
  }

  /** [rows][classes] */
  async predictProba(x: RawRows): Promise<number[][]> {
    const names = targetNames(this.model.table!)
    const predictions = await this.model.predictRows(asRows(x))
    return predictions.map(({ probabilities }) => names.map((name) => probabilities![name]))
  }

  /** The share of rows whose class, or every label, is right. */
  async score(x: RawRows, y?: TargetOf): Promise<number> {
    return checkingAsync('MLPClassifier.score', async () => {
      const data = tableWithTarget(x, y)
      const { labels, targets } = encodeTarget(this.model.table!.target, data)
      const predictions = await this.predict(data)
      const names = targetNames(this.model.table!)
      const isRight = (predicted: Label | readonly string[], row: number) => {
        if (!Array.isArray(predicted)) return String(predicted) === names[labels![row]]
        return names.every((name, c) => predicted.includes(name) === (targets![row * names.length + c] === 1))
      }
      return predictions.filter(isRight).length / predictions.length
    })
  }
}

/** Whatever the values are: an integer or a number of any kind can name a class. */
function taskOf(targets: readonly string[]): TargetTask {
  return targets.length === 1 ? 'classes' : 'multiLabel'
}
