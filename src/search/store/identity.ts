import { isObject } from '../../core/checks.js'
import { NativeMlpError, shortened } from '../../core/errors.js'
import { picked } from '../../train/config.js'
import { TRIAL_NAMES } from '../space/parameters.js'
import type { StudyHeader } from '../study/study.js'
import type { JournalHeader } from './codec.js'

/** Fields of a journal's header that a resumed study must match. */
export type Identity = Pick<JournalHeader, 'study' | 'data' | 'family'>

/** Options that determine the results of a study; a resumed study must match them, the data and the family. */
export function studyIdentity(header: StudyHeader) {
  const { strategy, grid, base, seed, size, repeats, halving, tpe, selectBy, metric, keepModels } = header
  const { folds, stratified, splitSeed, validFraction, limitTrain, limitTest } = header
  return {
    strategy,
    // before base, which may follow from them
    selectBy,
    metric,
    grid,
    base,
    seed,
    size,
    repeats,
    halving,
    // no key of it in studies without: those of earlier versions have none
    ...(tpe && { tpe }),
    folds,
    stratified,
    splitSeed,
    validFraction,
    limitTrain,
    limitTest,
    keepModels,
  }
}

/**
 * Checks that a study may continue another one.
 *
 * @param there from its journal
 * @throws NativeMlpError INVALID_ARGUMENT naming the first thing that differs
 */
export function checkSame(folder: string, there: Identity, here: Identity): void {
  const [a, b] = [there.family, here.family]
  if (a.name !== b.name || a.contract !== b.contract) {
    throw differs(
      folder,
      `it was computed in family ${a.name} ${a.contract}, this process computes in ${b.name} ${b.contract}`,
    )
  }
  const difference = firstDifference('', withDefaults(there.study), withDefaults(plain(here.study)))
  if (difference !== null) throw differs(folder, difference)
  const [expected, actual] = [there.data.digest, here.data.digest]
  if (expected !== actual) throw differs(folder, `data digest does not match: ${expected} there, ${actual} here`)
}

function differs(folder: string, difference: string): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', `${folder}: holds another study: ${difference}`)
}

/** With every hyper-parameter in base, missing ones with their default. Varied ones are not in base. */
function withDefaults(study: unknown): unknown {
  if (!isObject(study) || !isObject(study.base)) return study
  return { ...study, base: { ...study.base, ...picked(study.base, TRIAL_NAMES) } }
}

/** After a round trip through JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function firstDifference(name: string, there: unknown, here: unknown): string | null {
  if (isObject(there) && isObject(here)) {
    for (const key of new Set([...Object.keys(there), ...Object.keys(here)])) {
      const found = firstDifference(name === '' ? key : `${name}.${key}`, ownValue(there, key), ownValue(here, key))
      if (found !== null) return found
    }
    // the order of the parameters is the order of the trials
    if (name === 'grid' && Object.keys(there).join() !== Object.keys(here).join()) {
      return `grid: its parameters stand in the order ${Object.keys(there).join(', ')}`
    }
    return null
  }
  const [a, b] = [there, here].map((value) => (value === undefined ? 'nothing' : shortened(JSON.stringify(value))))
  return JSON.stringify(there) === JSON.stringify(here) ? null : `${name} is ${a} there and ${b} here`
}

/** A study from a file may have keys such as 'constructor', which every object inherits. */
function ownValue(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
