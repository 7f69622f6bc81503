import { checking } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { Loss } from '../core/types.js'
import { isTable } from '../table/check-table.js'
import { areLists, type Rows, table as tableOf } from '../table/rows.js'
import type { Table } from '../table/table.js'
import { inputsOf, type Label, type TableTransform, targetNames } from '../table/transform.js'
import { LOSS_INFO, nameCount } from './losses.js'
import { classProbabilities, type PredictingModel, type Prediction } from './prediction.js'

/** What a model says of one raw row. */
export interface RowPrediction {
  /** of classes: the most probable one, as the training rows write it */
  readonly class?: Label
  /** of multi-label: those with a probability above one half */
  readonly labels?: readonly string[]
  /** of each class or label, by name */
  readonly probabilities?: Readonly<Record<string, number>>
  /** of regression with one target, in its unit */
  readonly value?: number
  /** of regression with several targets, by name, in their units */
  readonly values?: Readonly<Record<string, number>>
}

/** Rows as a table whose columns have the names of the training table. @throws NativeMlpError INVALID_ARGUMENT */
export function rawRows(
  model: Pick<PredictingModel, 'loss' | 'outputs' | 'table'>,
  rows: Rows | Table,
): { transform: TableTransform; raw: Table } {
  const { table: transform } = model
  if (transform === null || transform === undefined) {
    const cure = "train it on a table (MLPClassifier, MLPRegressor), or pass 'table' to MLP; predict takes encoded rows"
    throw new NativeMlpError('INVALID_ARGUMENT', `model: does not know what raw rows mean: ${cure}`)
  }
  return checking('rows', () => {
    const isList = !isTable(rows) && areLists(rows)
    return { transform, raw: tableOf(rows, isList ? { columns: transform.columns } : {}) }
  })
}

/** What a prediction of encoded rows means. */
export function rowPredictions(
  model: Pick<PredictingModel, 'loss' | 'outputs' | 'table'>,
  { target }: TableTransform,
  prediction: Prediction,
  n: number,
): RowPrediction[] {
  const { outputs: cols } = model
  if (target.task === 'regression') {
    const { columns, means, sds } = target
    const at = (row: number, c: number) => prediction.outputs[row * cols + c] * sds[c] + means[c]
    if (columns.length === 1) return listOf(n, (row) => ({ value: at(row, 0) }))
    return listOf(n, (row) => ({ values: byName(columns, (c) => at(row, c)) }))
  }
  if (target.task === 'multiLabel') {
    return listOf(n, (row) => ({
      labels: target.columns.filter((_, c) => prediction.classes[row * cols + c] === 1),
      probabilities: byName(target.columns, (c) => prediction.probabilities[row * cols + c]),
    }))
  }
  const { probabilities } = classProbabilities(model, prediction)!
  const names = target.classes.map(String)
  return listOf(n, (row) => ({
    class: target.classes[prediction.classes[row]],
    probabilities: byName(names, (c) => probabilities[row * names.length + c]),
  }))
}

function listOf<T>(n: number, at: (row: number) => T): T[] {
  return Array.from({ length: n }, (_, row) => at(row))
}

function byName(names: readonly string[], at: (c: number) => number): Record<string, number> {
  return Object.fromEntries(names.map((name, c) => [name, at(c)]))
}

/** @throws NativeMlpError INVALID_ARGUMENT unless the transform has the inputs and outputs of the model, and fits its loss */
export function checkFits(
  { inputs, target, columns }: TableTransform,
  model: { readonly layerSizes: readonly number[]; readonly loss: Loss; readonly outputs: number },
): void {
  const width = inputsOf({ inputs })
  if (width !== model.layerSizes[0]) {
    throw invalidArgument('table.inputs', `columns that make ${model.layerSizes[0]} inputs of the network`, width)
  }
  const { probabilities, classes } = LOSS_INFO[model.loss]
  const task = probabilities === null ? 'regression' : classes(model.outputs) > 0 ? 'classes' : 'multiLabel'
  if (target.task !== task)
    throw invalidArgument('table.target.task', `'${task}' for loss '${model.loss}'`, target.task)
  const names = targetNames({ target }).length
  const count = nameCount(model.loss, model.outputs)
  if (names !== count) throw invalidArgument('table.target', `${count} classes or columns, as the model has`, names)
  const unknown = inputs.find(({ column }) => !columns.includes(column))
  if (unknown) throw invalidArgument('table.inputs', 'inputs of the columns', unknown.column)
}
