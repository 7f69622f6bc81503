import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MLPClassifier, MLPRegressor } from 'native-mlp'
import type { Split, TabularSet } from './sets.js'

export const OURS = 'native-mlp'
export const XGBOOST = 'XGBoost'
export const PEERS = [XGBOOST, 'HistGradientBoosting', 'random forest', 'scikit-learn MLP']

/** What a model reaches on the test rows of a split. */
export interface Score {
  readonly model: string
  readonly version: string
  /** of `fit`, preprocessing included */
  readonly seconds: number
  readonly accuracy?: number
  readonly logLoss?: number
  readonly rmse?: number
  readonly r2?: number
}

const PROGRAM = join(fileURLToPath(new URL('..', import.meta.url)), 'peers', 'tabular.py')
/** Probabilities count at least this much, as for the peers. */
const LEAST = 1e-15

/** Ours with its defaults. */
export async function ours({ task, rows }: TabularSet, { train, test }: Split, version: string): Promise<Score> {
  const [known, unseen] = [rows.subset(train), rows.subset(test)]
  const start = performance.now()
  const model = await (task === 'classes' ? new MLPClassifier() : new MLPRegressor()).fit(known)
  const seconds = (performance.now() - start) / 1000
  const common = { model: OURS, version, seconds }
  if (model instanceof MLPClassifier) {
    const losses = (await model.predictProba(unseen)).map((row, i) => {
      const at = model.classes.findIndex((label) => String(label) === rows.classNames[rows.labels![test[i]]])
      return -Math.log(Math.max(LEAST, row[at] ?? 0))
    })
    return { ...common, accuracy: await model.score(unseen), logLoss: mean(losses) }
  }
  const predicted = (await model.predict(unseen)) as number[]
  const actual = targetsOf(rows, test)
  const squares = actual.map((y, i) => (y - predicted[i]) ** 2)
  const spread = mean(actual.map((y) => (y - mean(actual)) ** 2))
  return { ...common, rmse: Math.sqrt(mean(squares)), r2: 1 - mean(squares) / spread }
}

/** Scikit-learn and XGBoost in a process of their own. */
export function peers(
  set: TabularSet,
  split: Split,
  models: readonly string[],
  python: string,
  threads: number,
): Score[] {
  const { table } = set.rows.origin!
  const [target] = set.rows.origin!.schema.target
  const inputs = table.columns.filter(({ name }) => name !== target)
  const numeric = inputs.flatMap((column) => (column.kind === 'number' ? [Array.from(column.values)] : []))
  const categorical = inputs.flatMap((column) =>
    column.kind === 'text' ? [Array.from(column.codes, (code) => column.levels[code] ?? '')] : [],
  )
  const labels = () => Array.from(set.rows.labels!, (label) => set.rows.classNames[label])
  const all = Array.from({ length: table.length }, (_, row) => row)
  const y = set.task === 'classes' ? labels() : targetsOf(set.rows, all)
  const input = JSON.stringify({ numeric, categorical, target: y, task: set.task, ...split, models })
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) }
  const options = { input, env, encoding: 'utf8', maxBuffer: 1 << 28 } as const
  const { status, stdout, stderr, error } = spawnSync(python, [PROGRAM, String(threads)], options)
  if (status !== 0) throw new Error(`${python} ${PROGRAM}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** In their units. */
function targetsOf({ origin }: TabularSet['rows'], rows: readonly number[]): number[] {
  const { table, schema } = origin!
  const column = table.columns.find(({ name }) => name === schema.target[0])!
  if (column.kind !== 'number') throw new Error(`${table.source}: the target of a regression holds texts`)
  return rows.map((row) => column.values[row])
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
