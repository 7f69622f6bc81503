import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NativeMlpError } from '../../core/errors.js'
import { type LoadedData, loadData } from '../../data/load.js'
import type { LoadDataOptions } from '../../data/sources/source.js'
import { checkSpec, type DataRecipe, type DataSpec } from '../../data/spec.js'
import { readTextFile } from '../../formats/text-file.js'
import { RunFolder } from '../../io/run-folder.js'
import { LOSS_INFO } from '../../model/losses.js'
import type { MLP } from '../../model/mlp.js'
import { STUDY_FILES } from '../../search/store/files.js'
import { newSpec } from '../config/data-flag.js'

/**
 * Data for a model that there is: what --data asks for, else the data of the run or the search whose folder the model lies in,
 * else the default.
 *
 * @param weights the model's file or folder
 * @throws NativeMlpError as `loadData`; INVALID_ARGUMENT where the data of the run are no longer those of its digest, and
 *   before anything is loaded for data that are known not to fit the model
 */
export async function dataOf(
  weights: string,
  model: MLP,
  flag: string | undefined,
  options: LoadDataOptions = {},
): Promise<LoadedData> {
  const recorded = flag === undefined ? await recordedRecipe(weights) : null
  const spec = { ...(recorded ?? (await newSpec(flag))), scale: model.inputScale }
  checkShape(model, spec, flag === undefined)
  return loadData(spec, options)
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
