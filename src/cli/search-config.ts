import { closest, oneOf } from '../core/checks.js'
import { invalidArgument, NativeMlpError, shortened } from '../core/errors.js'
import { expandGrid, type SearchBase, type SearchGrid } from '../search/grid.js'
import { SEARCH_PRESETS, searchBase } from '../search/search-presets.js'
import type { SelectBy, SelectionMetric } from '../search/study.js'
import type { PresetName, TrainingConfig } from '../train/presets.js'
import { flagValue, type PartialConfig, readJson } from './config.js'
import { SEARCH_SETTING_NAMES } from './settings.js'

/** A search as it is asked for. */
export interface SearchConfig {
  readonly preset: PresetName
  readonly seed: number
  /** which rows are used and what their pixels mean, and what is the same in all trials */
  readonly training: TrainingConfig
  readonly grid: SearchGrid
  /** the same as `gridSearch` takes it, seed included */
  readonly base: SearchBase
  readonly selectBy: SelectBy
  readonly metric: SelectionMetric
}

/** What a search asks for beside its hyper-parameters. */
export interface SearchChoice {
  readonly selectBy?: SelectBy
  readonly metric?: SelectionMetric
  readonly stopOnCollapse?: boolean
}

type SearchFile = PartialConfig & SearchChoice & { readonly grid?: SearchGrid }

const TRAINING_KEYS = ['preset', 'seed', ...SEARCH_SETTING_NAMES]
const KEYS = [...TRAINING_KEYS, 'grid', 'selectBy', 'metric', 'stopOnCollapse']

/**
 * Preset, then config file, then flags: the later wins. A grid in the file takes the place of the preset's; a
 * hyper-parameter that is given a single value is no longer varied.
 *
 * @throws NativeMlpError UNKNOWN_OPTION or INVALID_ARGUMENT naming the key or flag that is wrong
 */
export async function resolveSearch(
  file: string | undefined,
  flags: PartialConfig,
  choice: SearchChoice,
): Promise<SearchConfig> {
  const given: SearchFile = file === undefined ? {} : await readSearchFile(file)
  const { grid: fileGrid, selectBy, metric, stopOnCollapse, ...fileTraining } = given
  const { preset = 'homework', seed = 1, ...changes }: PartialConfig = { ...fileTraining, ...flags }
  const start = SEARCH_PRESETS[preset]
  const training = { ...start.training, ...changes }
  const single = fileGrid === undefined ? { ...fileTraining, ...flags } : flags
  const grid = withSingleValues(fileGrid ?? start.grid, single, training)
  const base = {
    ...searchBase(training, grid),
    ...(Object.hasOwn(grid, 'seed') ? {} : { seed }),
    stopOnCollapse: choice.stopOnCollapse ?? stopOnCollapse ?? false,
  }
  expandGrid(grid, base)
  return {
    ...{ preset, seed, training, grid, base },
    selectBy: choice.selectBy ?? selectBy ?? 'valid',
    metric: choice.metric ?? metric ?? 'accuracy',
  }
}

/** Reads a config file: a JSON object like that of `train`, with `grid`, `selectBy` and `metric` beside the rest. */
async function readSearchFile(file: string): Promise<SearchFile> {
  const where = `--config ${file}`
  const value = await readJson(file)
  if (!isObject(value)) throw invalidArgument(where, 'a JSON object', value)
  for (const key of Object.keys(value)) checkKey(key, where)
  const training = TRAINING_KEYS.filter((key) => Object.hasOwn(value, key)).map((key) => {
    return [key, flagValue(key, `${where}: ${key}`, value[key])]
  })
  const { stopOnCollapse = false } = value
  if (typeof stopOnCollapse !== 'boolean') {
    throw invalidArgument(`${where}: stopOnCollapse`, 'true or false', stopOnCollapse)
  }
  return {
    ...Object.fromEntries(training),
    stopOnCollapse,
    ...(value.selectBy !== undefined && { selectBy: checkSelectBy(`${where}: selectBy`, value.selectBy) }),
    ...(value.metric !== undefined && { metric: checkMetric(`${where}: metric`, value.metric) }),
    ...(value.grid !== undefined && { grid: checkFileGrid(value.grid, value, where) }),
  }
}

export function checkSelectBy(name: string, value: unknown): SelectBy {
  return oneOf(name, value, ['valid', 'test'])
}

export function checkMetric(name: string, value: unknown): SelectionMetric {
  return oneOf(name, value, ['accuracy', 'loss'])
}

/** What is wrong within the grid is said here, where the file can be named. */
function checkFileGrid(grid: unknown, file: object, where: string): SearchGrid {
  if (!isObject(grid)) throw invalidArgument(`${where}: grid`, 'an object of lists', grid)
  for (const key of Object.keys(grid)) {
    if (Object.hasOwn(file, key))
      throw new NativeMlpError('INVALID_ARGUMENT', `${where}: ${key} is given both in grid and beside it`)
  }
  try {
    const placeholders = { learningRate: 0, hidden: 1 }
    const missing = Object.entries(placeholders).filter(([key]) => !Object.hasOwn(grid, key))
    expandGrid(grid as SearchGrid, Object.fromEntries(missing))
  } catch (error) {
    if (!(error instanceof NativeMlpError)) throw error
    throw new NativeMlpError(error.code, `${where}: ${error.message}`, { cause: error })
  }
  return grid as SearchGrid
}

function checkKey(key: string, where: string): void {
  if (KEYS.includes(key)) return
  const near = closest(key, KEYS)
  const hint = near ? `did you mean '${near}'?` : `known: ${KEYS.join(', ')}`
  throw new NativeMlpError('UNKNOWN_OPTION', `${where}: unknown key '${shortened(key)}'; ${hint}`)
}

/** The parameter stays a column of the results, with its one value. */
function withSingleValues(grid: SearchGrid, single: PartialConfig, training: TrainingConfig): SearchGrid {
  const axes = Object.entries(grid).map(([key, values]) => {
    if (single[key as keyof PartialConfig] === undefined) return [key, values]
    if (key === 'seed') return [key, [single.seed]]
    const { hidden } = training
    if (key === 'hidden') return [key, [hidden.length === 1 ? hidden[0] : hidden]]
    return [key, [training[key as keyof TrainingConfig]]]
  })
  return Object.fromEntries(axes)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
