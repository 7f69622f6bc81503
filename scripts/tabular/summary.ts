import { mean, OURS, type Score, XGBOOST } from './models.js'

/** Scores of all splits of a set. */
export interface SetScores {
  readonly name: string
  readonly task: 'classes' | 'regression'
  readonly rows: number
  readonly splits: number
  readonly scores: readonly Score[]
}

type Value = 'accuracy' | 'logLoss' | 'rmse' | 'r2' | 'seconds'

interface Metric {
  readonly words: string
  readonly task: SetScores['task'] | null
  readonly value: Value
  readonly shown: (value: number) => string
  /** smaller is better: what is divided by XGBoost's; null: shown only */
  readonly error: ((value: number) => number) | null
}

/** Errors count 0.01 more, so that sets on which hardly any row is wrong do not decide the mean. */
const ERROR_OFFSET = 0.01
/** Closer results are ties. */
const TIE = 0.01

const METRICS: readonly Metric[] = [
  { words: 'accuracy', task: 'classes', value: 'accuracy', shown: decimals, error: (x) => 1 - x + ERROR_OFFSET },
  { words: 'log loss', task: 'classes', value: 'logLoss', shown: decimals, error: (x) => x },
  { words: 'RMSE', task: 'regression', value: 'rmse', shown: (x) => x.toPrecision(4), error: (x) => x },
  { words: 'R2', task: 'regression', value: 'r2', shown: decimals, error: null },
  { words: 'seconds', task: null, value: 'seconds', shown: (x) => x.toPrecision(2), error: (x) => x },
]

function decimals(value: number): string {
  return value.toFixed(4)
}

/** Tables of all metrics, in Markdown. */
export function summary(sets: readonly SetScores[]): string {
  const models = [...new Set(sets.flatMap(({ scores }) => scores.map(({ model }) => model)))]
  return METRICS.flatMap((metric) => {
    const taking = sets.filter(({ task }) => metric.task === null || metric.task === task)
    return taking.length === 0 ? [] : [metricTable(metric, taking, models)]
  }).join('\n\n')
}

function metricTable(metric: Metric, sets: readonly SetScores[], models: readonly string[]): string {
  const values = sets.map((set) => models.map((model) => scoreOf(set, model, metric.value)))
  const rows = sets.map((set, i) => [
    `${set.name} (${set.rows} rows, ${set.splits} ${set.splits === 1 ? 'split' : 'splits'})`,
    ...values[i].map(metric.shown),
  ])
  return table([metric.words, ...models], [...rows, ...comparisons(metric, values, models)])
}

/** Mean over the splits. */
function scoreOf({ scores }: SetScores, model: string, value: Value): number {
  return mean(scores.filter((score) => score.model === model).map((score) => score[value]!))
}

function comparisons({ error, value }: Metric, values: readonly number[][], models: readonly string[]): string[][] {
  if (error === null) return []
  const errors = values.map((row) => row.map(error))
  const reference = models.indexOf(XGBOOST)
  const own = models.indexOf(OURS)
  const columns = models.map((_, m) => m)
  const ratio = (m: number) => geometricMean(errors.map((row) => row[m] / row[reference])).toFixed(3)
  const rank = (m: number) => mean(errors.map((row) => rankOf(row, m))).toFixed(2)
  const what = value === 'accuracy' ? `error + ${ERROR_OFFSET}` : 'geometric mean'
  return [
    ...(reference < 0 ? [] : [[`**${what}, relative to ${XGBOOST}**`, ...columns.map(ratio)]]),
    ['**mean rank**', ...columns.map(rank)],
    [`**${OURS}: wins/ties/losses**`, ...columns.map((m) => (m === own ? '' : contest(errors, own, m)))],
  ]
}

/** 1 is the best; equal ones share the mean of their ranks. */
function rankOf(row: readonly number[], m: number): number {
  const better = row.filter((other) => other < row[m]).length
  const equal = row.filter((other) => other === row[m]).length
  return better + (equal + 1) / 2
}

function contest(errors: readonly number[][], own: number, other: number): string {
  const count = (is: (ratio: number) => boolean) => errors.filter((row) => is(row[own] / row[other])).length
  const [wins, losses] = [count((ratio) => ratio < 1 - TIE), count((ratio) => ratio > 1 + TIE)]
  return `${wins}/${errors.length - wins - losses}/${losses}`
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)))
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
