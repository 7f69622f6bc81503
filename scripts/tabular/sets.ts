import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadData, NativeMlpError, type Samples } from 'native-mlp'

/** A table with its splits. */
export interface TabularSet {
  readonly name: string
  readonly task: 'classes' | 'regression'
  /** all rows */
  readonly rows: Samples
  readonly splits: readonly Split[]
}

/** Positions of rows; what a model may learn from includes the rows that others validate on. */
export interface Split {
  readonly train: readonly number[]
  readonly test: readonly number[]
}

/**
 * The tables of a folder with `<name>.csv` and `<name>.json`, or these in `data/` and `splits/`. A CARDS.md beside the tables tells
 * classes from regression: lines '| iris.csv | class | ...'; without it the values of the target do.
 */
export async function readSets(folder: string, only: RegExp, mostSplits: number): Promise<TabularSet[]> {
  const inside = (name: string) => (existsSync(join(folder, name)) ? join(folder, name) : folder)
  const [data, splits] = [inside('data'), inside('splits')]
  const tasks = tasksOf(data)
  const names = readdirSync(data).flatMap((file) => /^(.*)\.csv$/.exec(file)?.[1] ?? [])
  const chosen = names.filter((name) => only.test(name) && existsSync(join(splits, `${name}.json`)))
  if (chosen.length === 0) throw new NativeMlpError('DATA_NOT_FOUND', `${folder}: no CSV file with splits`)
  return Promise.all(
    chosen.sort().map(async (name) => {
      const path = join(data, `${name}.csv`)
      const target = lastColumn(path)
      const task = tasks.get(name)
      const { train: rows, schema } = await loadData({ csv: { path, target, ...(task && { task }) } })
      const { splits: given } = JSON.parse(readFileSync(join(splits, `${name}.json`), 'utf8'))
      const made = (given as { test: number[] }[]).slice(0, mostSplits).map(({ test }) => splitOf(rows.length, test))
      return { name, task: schema.table!.task === 'classes' ? 'classes' : 'regression', rows, splits: made } as const
    }),
  )
}

function tasksOf(folder: string): ReadonlyMap<string, 'classes' | 'regression'> {
  const cards = join(folder, 'CARDS.md')
  const text = existsSync(cards) ? readFileSync(cards, 'utf8') : ''
  const lines = text.matchAll(/^\| *([\w-]+)\.csv *\| *(class|reg)/gm)
  return new Map([...lines].map(([, name, task]) => [name, task === 'class' ? 'classes' : 'regression']))
}

/** Names of columns here hold no quotes and separators. */
function lastColumn(path: string): string {
  const [header] = readFileSync(path, 'utf8').split(/\r?\n/, 1)
  return header.split(',').at(-1)!.replaceAll('"', '')
}

function splitOf(rows: number, test: readonly number[]): Split {
  const isTest = new Set(test)
  return { train: Array.from({ length: rows }, (_, row) => row).filter((row) => !isTest.has(row)), test }
}
