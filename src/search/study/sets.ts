import { knownOptions, signalOrNone } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import type { Signal } from '../../core/platform.js'
import { dataDigest } from '../../data/digest.js'
import { checkDivision, type Division, divide, loadSets } from '../../data/division.js'
import { checkDigest } from '../../data/load.js'
import { isSamples } from '../../data/samples.js'
import type { DataRecipe, DataSpec } from '../../data/spec.js'
import type { SearchOptions } from '../options.js'
import type { SearchBase } from '../space/grid.js'
import type { StudyData } from '../trial/run-task.js'

/** The sets of a study. */
export interface StudySets {
  /** one where there are no folds */
  readonly folds: readonly StudyData[]
  readonly division: Division
  /** of the sets as they were given, before they are divided */
  readonly digest: string
  /** how `loadData` loads them again; null for sets from elsewhere */
  readonly recipe: DataRecipe | null
}

const MEMBERS = ['train', 'valid', 'test', 'recipe', 'schema', 'source', 'notes']

/** @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION naming what is wrong */
export function planSets(options: SearchOptions, base: SearchBase): StudySets {
  const { data } = options
  knownOptions('data', data ?? null, MEMBERS)
  const { train, valid, test, recipe = null } = data
  for (const [name, set] of Object.entries({ train, valid, test })) {
    if (set !== undefined && !isSamples(set)) throw invalidArgument(`data.${name}`, 'Samples', set)
  }
  if (train === undefined) throw invalidArgument('data.train', 'Samples', train)
  const division = checkDivision({ ...options, splitSeed: options.splitSeed ?? base.seed })
  if (valid !== undefined && division.folds > 1) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'data.valid: expected none with folds, each of which is one in turn')
  }
  if (valid !== undefined && options.validFraction !== undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'validFraction: expected none with data.valid')
  }
  const digest = dataDigest({ train, valid, test })
  if (recipe !== null) checkDigest(recipe.digest, digest, 'data')
  const { folds } = divide({ train, valid, test }, division)
  return { folds, division, digest, recipe }
}

/** A study's data as its recipe gives them on this machine. */
export interface LoadedStudy {
  /** one set of data for each fold, or one in all */
  readonly folds: readonly StudyData[]
  /** `dataDigest` of the sets as the study was given them */
  readonly digest: string
}

/**
 * A study's data from the recipe that `onQueue` hands out for data from `loadData`.
 *
 * @param recipe as it came from the queue
 * @param from where the data are on this machine; default: where the recipe says
 * @throws NativeMlpError as `loadSets`
 */
export async function loadStudy(
  recipe: unknown,
  options: { readonly from?: DataSpec | undefined; readonly signal?: Signal | undefined } = {},
): Promise<LoadedStudy> {
  knownOptions('loadStudy', options, ['from', 'signal'])
  const { from } = options
  const signal = signalOrNone('signal', options.signal)
  const { folds, recipe: data } = await loadSets(recipe, from, { shared: true, ...(signal && { signal }) })
  return { folds: folds.map(({ test, ...fold }) => ({ ...fold, ...(test && { test }) })), digest: data.digest }
}
