import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NativeMlpError } from '../../core/errors.js'
import { encodeTable } from '../../data/encode-table.js'
import { drawTest, type LoadedData, loadData, readTablesOf } from '../../data/load.js'
import { checkSpec, type DataRecipe, type DataSpec } from '../../data/spec.js'
import { encodedAs } from '../../data/table-samples.js'
import { readTextFile } from '../../formats/text-file.js'
import { RunFolder } from '../../io/run-folder.js'
import { LOSS_INFO } from '../../model/losses.js'
import type { MLP } from '../../model/mlp.js'
import { STUDY_FILES } from '../../search/store/files.js'
import type { TableTransform } from '../../table/transform.js'
import { askedSpec, newSpec } from '../config/data-flag.js'
import { readAlike, refuseTableFlags, type TableFlags, withTableFlags } from '../config/table-flags.js'
import { readingProgress } from './reading.js'

/** The rows to measure a model on. */
export interface ModelData extends Pick<LoadedData, 'train' | 'test' | 'source'> {
  readonly recipe: DataRecipe | DataSpec
}

/**
 * Data for a model that there is: what --data asks for, else the data of the run or the search whose folder the model lies in,
 * else the default. --test of a run on a table names a file to read in the place of its data.
 *
 * @param weights the model's file or folder
 * @throws NativeMlpError as `loadData`; INVALID_ARGUMENT where the data of the run are no longer those of its digest, and
 *   before anything is loaded for data that are known not to fit the model
 */
export async function dataOf(
  weights: string,
  model: MLP,
  flag: string | undefined,
  table: TableFlags,
): Promise<ModelData> {
  const recorded = flag === undefined ? await recordedRecipe(weights) : null
  const spec = recorded === null ? await newSpec(flag, table) : await withFileFlags(recorded, model, table)
  if (model.table !== null) return tableDataOf(model.table, spec)
  checkShape(model, spec, flag === undefined)
  return loadData({ ...spec, scale: model.inputScale })
}

/**
 * The data of a run, or the file of --test in their place, read as they were.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for flags that would change how the data of the run are read
 */
async function withFileFlags(recorded: DataRecipe, model: MLP, flags: TableFlags): Promise<DataSpec | DataRecipe> {
  if (model.table === null) refuseTableFlags(flags, 'needs --data with a table: the data of the run are no table')
  const { test, ...rest } = flags
  if (test === undefined) {
    refuseTableFlags(rest, 'needs --data: the data of the run are read as they were for training')
    return recorded
  }
  return withTableFlags(readAlike((await askedSpec(test, '--test'))!, recorded), rest)
}

/** Rows as the model was trained to read them. */
async function tableDataOf(transform: TableTransform, spec: DataSpec | DataRecipe): Promise<ModelData> {
  const reading = readingProgress()
  if ('digest' in spec) {
    const loaded = await loadData(spec, { onProgress: reading.onProgress }).finally(reading.stop)
    const { train, test, source, recipe } = loaded
    return {
      ...{ source, recipe, train: encodedAs(train, transform) },
      ...(test && { test: encodedAs(test, transform) }),
    }
  }
  const raw = await readTablesOf(spec, { onProgress: reading.onProgress }, textColumns(transform)).finally(reading.stop)
  const { table, testTable, draw, source } = raw
  const all = encodeTable(table, transform)
  const about = { source, recipe: spec }
  if (testTable !== null) return { ...about, train: all, test: encodeTable(testTable, transform) }
  // a single file is what to measure the model on
  return draw === null ? { ...about, train: all, test: all } : { ...about, ...drawTest(all, draw) }
}

/**
 * Columns whose levels are numbers that are written in another way than the shortest, such as postal codes: in another file they
 * must be texts too.
 */
export function textColumns({ inputs }: TableTransform): string[] {
  const isOddNumber = (level: string) => level.trim() !== '' && Number.isFinite(+level) && String(+level) !== level
  return inputs.flatMap((input) =>
    input.kind === 'categorical' && [...input.levels, ...input.rare].some(isOddNumber) ? input.column : [],
  )
}

/** Downloads nothing that the model cannot be evaluated on. */
function checkShape({ inputs, outputs, loss }: MLP, spec: DataSpec, isDefault: boolean): void {
  const { shape } = checkSpec(spec).source
  if (shape === undefined) return
  const classes = LOSS_INFO[loss].classes(outputs)
  if (inputs === shape.inputs && classes >= shape.classes) return
  const own = `${inputs} inputs and ${classes === 0 ? 'no classes' : `${classes} classes`}`
  const name = isDefault ? `${shape.name}, the default,` : shape.name
  throw new NativeMlpError(
    'INVALID_ARGUMENT',
    `--data: expected rows for the model, which has ${own}; ${name} has ${shape.inputs} and ${shape.classes}`,
  )
}

/** Larger ones are not by this package. */
const MAX_STUDY_BYTES = 1 << 24

async function recordedRecipe(weights: string): Promise<DataRecipe | null> {
  const isFolder = statSync(weights, { throwIfNoEntry: false })?.isDirectory()
  const folder = new RunFolder(isFolder ? weights : dirname(weights))
  if (existsSync(folder.file('record'))) return recipeIn(await folder.read())
  const study = join(folder.path, STUDY_FILES.record)
  // for people, and maybe half written by a process that was killed: what it does not say is not known
  try {
    return recipeIn(Object(JSON.parse(await readTextFile(study, MAX_STUDY_BYTES))))
  } catch {
    return null
  }
}

/** Null where a program has recorded none, or something else under that name. */
function recipeIn(record: object): DataRecipe | null {
  const { recipe } = Object((record as { data?: unknown }).data) as { recipe?: DataRecipe | null }
  return typeof recipe?.digest === 'string' ? recipe : null
}
