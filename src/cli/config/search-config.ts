import { isObject } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { Division } from '../../data/division.js'
import type { SearchOptions } from '../../search/options.js'
import type { SearchBase } from '../../search/space/grid.js'
import type { HalvingOptions } from '../../search/space/halving.js'
import { SEARCH_PRESETS, searchBase } from '../../search/space/presets.js'
import { checkSpace, isConditional, type SearchSpace } from '../../search/space/space.js'
import { type ChosenStrategy, chooseStrategy } from '../../search/space/strategy.js'
import type { TpeOptions } from '../../search/space/tpe.js'
import { type SelectBy, type SelectionMetric, withBestRule } from '../../search/trial/ranking.js'
import { NAMES, picked, type TrainingConfig } from '../../train/config.js'
import type { PresetName } from '../../train/presets.js'
import { checkConfig, type PartialConfig, type RunConfig, readJson } from './config.js'
import { limitsOfPreset, unusedInPreset, unusedWords } from './preset-values.js'
import { CHOICE_KEYS, checkChoice, type SearchChoice } from './search-choice.js'
import type { SearchDefaults } from './table-search.js'

/** The configuration of a search, resolved from preset, config file and flags. */
export interface SearchConfig extends Pick<RunConfig, 'atMost'> {
  readonly preset: PresetName
  /** which rows are used and what their pixels mean, and what is the same in all trials */
  readonly training: TrainingConfig
  readonly grid: SearchSpace
  /** the same as `search` takes it, seed included */
  readonly base: SearchBase
  readonly selectBy: SelectBy
  readonly metric: SelectionMetric
  /** how `search` is to choose and run the trials */
  readonly plan: SearchPlanOptions
  /** what these options make of the space */
  readonly chosen: ChosenStrategy
}

/** The options of `search` that say how the trials are chosen and run. */
export type SearchPlanOptions = Pick<SearchOptions, 'strategy' | 'trials' | 'seed' | 'halving' | 'tpe' | 'repeats'> &
  Required<Pick<SearchOptions, keyof Division>>

/** What flags say of a strategy. */
export interface StrategyDetails {
  readonly halving?: Pick<HalvingOptions, 'minEpochs' | 'factor' | 'asynchronous'>
  readonly tpe?: TpeOptions
}

type SearchFile = PartialConfig & SearchChoice & { readonly grid?: SearchSpace; readonly space?: SearchSpace }

/**
 * `fold` chooses one of many trainings, of which a search makes all. `selectBy` follows from the metric that ranks the trials;
 * in a search it names their set.
 */
export const SEARCH_NAMES = NAMES.filter((name) => name !== 'fold' && name !== 'selectBy')
const KEYS: readonly string[] = ['preset', ...SEARCH_NAMES, 'grid', 'space', ...CHOICE_KEYS]

/**
 * Preset, then config file, then flags: the later wins. `defaults` stand before the file. A grid in the file takes the place of the preset's; a
 * hyper-parameter that is given a single value is no longer varied.
 *
 * @throws NativeMlpError UNKNOWN_OPTION or INVALID_ARGUMENT naming the key or flag that is wrong
 */
export async function resolveSearch(
  file: string | undefined,
  flags: PartialConfig,
  choice: SearchChoice,
  details: StrategyDetails = {},
  say: (line: string) => void = () => undefined,
  defaults: SearchDefaults | null = null,
): Promise<SearchConfig> {
  const given = withDefaults(file === undefined ? {} : await readSearchFile(file), flags, defaults)
  const { grid: fileGrid, space, ...rest } = given
  const [fileChoice, fileTraining] = divide(rest)
  const { preset = 'homework', ...changes }: PartialConfig = { ...fileTraining, ...flags }
  const start = SEARCH_PRESETS[preset]
  const unused = unusedInPreset(changes, start.training)
  if (unused.length > 0) say(unusedWords(preset, changes, unused, start.training))
  const training = { ...start.training, ...picked({}, unused), ...changes }
  const own = fileGrid ?? space
  const usual = Object.fromEntries(Object.entries(start.grid).filter(([key]) => !unused.includes(key as 'l2')))
  const grid = withSingleValues(own ?? usual, own === undefined ? { ...fileTraining, ...flags } : flags, training)
  const { selectBy = 'valid', metric = 'accuracy', ...asked } = { ...fileChoice, ...choice }
  const base = withBestRule(searchBase(training, grid), metric)
  const plan = planOptions(asked, details, { training, isSpace: space !== undefined })
  const chosen = chooseStrategy({ grid, base, ...plan })
  return { preset, training, ...limitsOfPreset(training, changes), grid, base, selectBy, metric, plan, chosen }
}

/** Of a table: its loss and metric always, the rest where no preset, and the space where no other is given. */
function withDefaults(file: SearchFile, flags: PartialConfig, defaults: SearchDefaults | null): SearchFile {
  if (defaults === null) return file
  const { training, space, choice } = defaults
  const { loss, ...others } = training
  const { metric } = choice
  const usual = { ...(loss !== undefined && { loss }), ...(metric !== undefined && { metric }) }
  if ((file.preset ?? flags.preset) !== undefined) return { ...usual, ...file }
  if (file.grid !== undefined || file.space !== undefined) return { ...usual, ...others, ...file }
  return { ...usual, ...others, ...choice, space, ...file }
}

function planOptions(
  { strategy, trials, halving, tpe, folds, repeats }: SearchChoice,
  details: StrategyDetails,
  { training, isSpace }: { training: TrainingConfig; isSpace: boolean },
): SearchPlanOptions {
  const chosen = strategy ?? (isSpace ? 'random' : 'grid')
  const { splitSeed, stratified, seed, validFraction, limitTrain, limitTest } = training
  return {
    strategy: chosen,
    ...(trials !== undefined && { trials, seed }),
    // without their strategy for `search` to refuse
    ...together('halving', halving, details.halving),
    ...together('tpe', tpe, details.tpe),
    ...{ folds: folds ?? 1, stratified, splitSeed: splitSeed ?? seed, validFraction, limitTrain, limitTest },
    repeats: repeats ?? 1,
  }
}

/** What the file and the flags say of a strategy, as a member of this name if they say anything. */
function together(name: 'halving' | 'tpe', file: object | undefined, flags: object = {}): object {
  return file || Object.keys(flags).length > 0 ? { [name]: { ...file, ...flags } } : {}
}

function divide(given: PartialConfig & SearchChoice): [SearchChoice, PartialConfig] {
  const isChoice = (key: string) => (CHOICE_KEYS as readonly string[]).includes(key)
  const entries = Object.entries(given)
  const [choice, training] = [true, false].map((wanted) => entries.filter(([key]) => isChoice(key) === wanted))
  return [Object.fromEntries(choice), Object.fromEntries(training)]
}

/** Reads a config file: a JSON object like that of `train`, with `grid` or `space` and `CHOICE_KEYS` beside the rest. */
async function readSearchFile(file: string): Promise<SearchFile> {
  const where = `--config ${file}`
  const value = await readJson(file)
  if (!isObject(value)) throw invalidArgument(where, 'a JSON object', value)
  const training = checkConfig(value, where, KEYS, SEARCH_NAMES)
  if (value.grid !== undefined && value.space !== undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${where}: expected one of grid and space, got both`)
  }
  const axes = (['grid', 'space'] as const)
    .filter((key) => value[key] !== undefined)
    .map((key) => [key, checkFileSpace(key, value, where)])
  return {
    ...training,
    ...Object.fromEntries(axes),
    ...checkChoice(value, (key) => `${where}: ${key}`),
  }
}

/** What is wrong within the space is said here, where the file can be named. */
function checkFileSpace(name: 'grid' | 'space', file: Record<string, unknown>, where: string): SearchSpace {
  const space = file[name]
  if (!isObject(space)) throw invalidArgument(`${where}: ${name}`, 'an object of lists', space)
  for (const key of Object.keys(space)) {
    // one that exists under a condition may have another value elsewhere
    if (Object.hasOwn(file, key) && !isConditional(space[key])) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${where}: ${key} is given both in ${name} and beside it`)
    }
  }
  // what a condition names may stand in the preset
  if (Object.values(space).some((choice) => isObject(choice) && Object.hasOwn(choice, 'when'))) return space
  try {
    const placeholders = { learningRate: 0, hidden: 1 }
    const missing = Object.entries(placeholders).filter(([key]) => !Object.hasOwn(space, key))
    checkSpace(space, name, Object.fromEntries(missing), name === 'space' || file.trials !== undefined)
  } catch (error) {
    if (!(error instanceof NativeMlpError)) throw error
    throw new NativeMlpError(error.code, `${where}: ${error.message}`, { cause: error })
  }
  return space
}

/** The parameter stays a column of the results, with its one value. */
function withSingleValues(grid: SearchSpace, single: PartialConfig, training: TrainingConfig): SearchSpace {
  const axes = Object.entries(grid).map(([key, values]) => {
    if (single[key as keyof PartialConfig] === undefined) return [key, values]
    return [key, [training[key as keyof TrainingConfig]]]
  })
  return Object.fromEntries(axes)
}
