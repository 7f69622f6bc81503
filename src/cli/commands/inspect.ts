import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Command } from 'commander'
import { printable, shortened } from '../../core/errors.js'
import { loadData, readTablesOf } from '../../data/load.js'
import type { Samples } from '../../data/samples.js'
import type { DataSpec } from '../../data/spec.js'
import type { MLP } from '../../model/mlp.js'
import { columnHistogramsFigure } from '../../plot/figures/column-histograms.js'
import { percent } from '../../progress/words.js'
import { learnTable, type TableSchema } from '../../table/learn.js'
import { inputsOf, widthOf } from '../../table/transform.js'
import { newSpec } from '../config/data-flag.js'
import { withFlagNames } from '../config/flags.js'
import { addTableFlags, isTableSpec, type TableFlags } from '../config/table-flags.js'
import { type ColumnSummary, summarizeColumns } from '../run/column-summary.js'
import { figureWords, writeFigures } from '../run/figures.js'
import { checkPath } from '../run/out-folder.js'
import { readingProgress } from '../run/reading.js'
import { loadWeights } from '../run/weights.js'
import { print, printJson, say, textTable } from '../terminal.js'

interface InspectFlags extends TableFlags {
  readonly out?: string
  readonly json?: boolean
}

/** Columns that are drawn. */
const MOST_PANELS = 60

export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('say what a table, other data or a model holds: columns, missing values, classes; layers and inputs')
    .argument('<path>', 'data as for train, a .safetensors file or a run folder')
    .option('--out <folder>', 'draw a page of histograms of a table into this folder')
    .option('--json', 'print one JSON document on stdout, all else on stderr')
  return addTableFlags(command).action(async (path: string, flags: InspectFlags) => {
    if (flags.out !== undefined) checkPath(flags.out)
    try {
      if (isModel(path)) inspectModel(path, await loadWeights(path), flags)
      else {
        const spec = await newSpec(path, flags)
        await (isTableSpec(spec) ? inspectTable(spec, flags) : inspectData(spec, flags))
      }
    } catch (error) {
      throw withFlagNames(error, command)
    }
  })
}

function isModel(path: string): boolean {
  if (path.endsWith('.safetensors')) return true
  return existsSync(join(path, 'best.safetensors'))
}

async function inspectTable(spec: DataSpec, flags: InspectFlags): Promise<void> {
  const reading = readingProgress()
  const raw = await readTablesOf(spec, { onProgress: reading.onProgress }, []).finally(reading.stop)
  const { table, source, notes } = raw
  const schema = raw.learn.target === undefined ? null : learnTable(table, raw.learn).schema
  const columns = summarizeColumns(table, schema?.target ?? []).map((column) => withLearnt(column, schema))
  const figures = flags.out === undefined ? [] : await draw(flags.out, source, table.length, columns)
  if (flags.json) {
    const plain = columns.map(({ panel: _, ...column }) => column)
    printJson({ data: source, rows: table.length, notes, task: schema?.task ?? null, columns: plain, figures })
    return
  }
  say(`data: ${source}: ${table.length} rows, ${columns.length} columns`)
  for (const note of notes) say(`      ${note}`)
  const rows = columns.map(({ name, type, missing, distinct, values, note }) => {
    const share = missing === 0 ? '' : percent(missing / table.length)
    return [cell(name, 30), type, share, String(distinct), cell([values, note].filter(Boolean).join('; '), 70)]
  })
  print(leftTable(['column', 'type', 'missing', 'different', 'values'], rows))
  if (schema !== null) print(`\n${schema.notes[0]}`)
  if (figures.length > 0) print(`\n${figureWords(figures).join('\n')}`)
}

/** Type and note as they would be learnt for training. */
function withLearnt(column: ColumnSummary, schema: TableSchema | null): ColumnSummary {
  const learnt = schema?.columns.find(({ name }) => name === column.name)
  return learnt === undefined ? column : { ...column, type: learnt.type, note: learnt.note }
}

function draw(folder: string, source: string, rows: number, columns: readonly ColumnSummary[]): Promise<string[]> {
  const shown = columns.slice(0, MOST_PANELS)
  const left = columns.length - shown.length
  const options = {
    title: 'Columns of the table',
    subtitle: `${basename(source)}: ${rows} rows`,
    notes: [
      'Numbers in 24 bins; of texts the 8 most frequent.',
      ...(left > 0 ? [`${left} more columns are not drawn.`] : []),
    ],
  }
  const panels = shown.map(({ panel }) => panel)
  return writeFigures(folder, [{ name: 'columns', draw: () => columnHistogramsFigure(panels, options) }])
}

async function inspectData(spec: DataSpec, flags: InspectFlags): Promise<void> {
  const { train, test, schema, source } = await loadData(spec)
  const classes = train.labels === null ? [] : classShares(train)
  if (flags.json) {
    printJson({ data: source, rows: { train: train.length, test: test?.length ?? null }, schema, classes })
    return
  }
  say(`data: ${source}: ${train.length} training rows, ${test?.length ?? 'no'} test rows`)
  const shape = schema.imageShape === null ? '' : ` (images of ${schema.imageShape.join(' x ')})`
  print(`${schema.inputs} ${schema.values} a row${shape}`)
  if (train.targetCols > 0) print(`${train.targetCols} targets`)
  const rows = classes.map(({ name, rows: count, share }) => [cell(name, 30), String(count), percent(share)])
  if (rows.length > 0) print(`\n${textTable(['class', 'rows', 'share'], rows)}`)
}

function classShares({ labels, rows, classNames }: Samples) {
  const counts = classNames.map(() => 0)
  for (const row of rows) counts[labels![row]]++
  return classNames.map((name, c) => ({ name, rows: counts[c], share: counts[c] / rows.length }))
}

function inspectModel(path: string, model: MLP, flags: InspectFlags): void {
  const { layerSizes, parameterCount, activation, loss, inputKind, inputScale, classNames, table } = model
  const about = { layers: layerSizes, parameters: parameterCount, activation, loss, inputKind, inputScale, classNames }
  if (flags.json) {
    printJson({ model: path, ...about, table })
    return
  }
  const lines = [
    ['layers', layerSizes.join('-')],
    ['parameters', parameterCount.toLocaleString('en-US')],
    ['activation', activation],
    ['loss', loss],
    ['trained on', table ? 'a table' : (inputKind ?? 'unknown')],
    ...(classNames ? [['classes', cell(classNames.join(', '), 100)]] : []),
    ...(table ? [['target', cell(table.target.columns.join(', '), 100)]] : []),
  ]
  print(lines.map(([name, value]) => `${name.padEnd(11)} ${value}`).join('\n'))
  if (table === null) return
  const columns = table.inputs.map((input) => {
    const levels = input.kind === 'categorical' ? [...input.levels, ...input.rare] : []
    const words = input.kind === 'numeric' ? `scale ${input.scale}` : `${levels.length} levels: ${levels.join(', ')}`
    return [cell(input.column, 30), input.kind, String(widthOf(input)), cell(words, 70)]
  })
  print(`\n${leftTable(['column', 'type', 'inputs', ''], columns)}`)
  const unused = table.columns.filter((name) => !table.inputs.some(({ column }) => column === name))
  if (unused.length > 0) print(`\nnot used: ${cell(unused.join(', '), 200)}`)
  print(`\n${inputsOf(table)} inputs of the network from ${table.inputs.length} columns`)
}

function cell(text: string, length: number): string {
  return printable(shortened(text.replace(/\s+/g, ' '), length))
}

/** All columns aligned left. */
function leftTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)))
  return [header, ...rows]
    .map((row) =>
      row
        .map((text, c) => text.padEnd(widths[c]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
