import { integerInRange, isObject, oneOf } from '../../core/checks.js'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import { checkMetricName } from '../../core/metrics.js'
import type { HalvingOptions } from '../../search/space/halving.js'
import { STRATEGIES, type Strategy } from '../../search/space/strategy.js'
import type { TpeOptions } from '../../search/space/tpe.js'
import { checkObjective, type SelectBy, type SelectionMetric } from '../../search/trial/ranking.js'

/** What a search asks for beside its hyper-parameters, in a config file or as flags. */
export interface SearchChoice {
  readonly strategy?: Strategy
  /** points to draw */
  readonly trials?: number
  readonly halving?: HalvingOptions
  readonly tpe?: TpeOptions
  readonly folds?: number
  readonly repeats?: number
  readonly selectBy?: SelectBy
  readonly metric?: SelectionMetric
}

/** Keys of a config file; `objective` stands for `selectBy` and `metric`. */
export const CHOICE_KEYS = [
  ...['strategy', 'trials', 'halving', 'tpe', 'folds', 'repeats', 'objective'],
  ...['selectBy', 'metric'],
] as const
type ChoiceKey = (typeof CHOICE_KEYS)[number] & string

/**
 * @param given by key; what is undefined is not given
 * @param nameOf what messages call a key: '--trials', or the key with its file
 * @throws NativeMlpError INVALID_ARGUMENT
 */
export function checkChoice(
  given: { readonly [key in ChoiceKey]?: unknown },
  nameOf: (key: ChoiceKey) => string,
): SearchChoice {
  const checked = <T>(key: ChoiceKey, check: (name: string, value: unknown) => T) =>
    given[key] === undefined ? {} : { [key]: check(nameOf(key), given[key]) }
  const whole = (min: number) => (name: string, value: unknown) => integerInRange(name, value, min)
  return {
    ...checked('strategy', (name, value) => oneOf(name, value, STRATEGIES)),
    ...checked('trials', whole(1)),
    ...checked('halving', (name, value) => checkObject(name, value, '{ "minEpochs": 1, "maxEpochs": 9 }')),
    ...checked('tpe', (name, value) => checkObject(name, value, '{ "ahead": 4, "startup": 10 }')),
    ...checked('folds', whole(1)),
    ...checked('repeats', whole(1)),
    ...objectiveOf(given, nameOf),
    ...checked('selectBy', (name, value) => oneOf(name, value, ['valid', 'test'])),
    ...checked('metric', checkMetricName),
  }
}

/** Its members are checked by `search`. */
function checkObject(name: string, value: unknown, example: string): object {
  if (isObject(value)) return value
  throw invalidArgument(name, `an object such as ${example}`, value)
}

function objectiveOf(
  given: { readonly [key in ChoiceKey]?: unknown },
  nameOf: (key: ChoiceKey) => string,
): Pick<SearchChoice, 'selectBy' | 'metric'> {
  if (given.objective === undefined) return {}
  if (given.selectBy !== undefined || given.metric !== undefined) {
    const problem = 'pass either objective or selectBy/metric, not both'
    throw new NativeMlpError('INVALID_ARGUMENT', `${nameOf('objective')}: ${problem}`)
  }
  return checkObjective(nameOf('objective'), given.objective)
}
