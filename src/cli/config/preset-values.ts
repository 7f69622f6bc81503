import type { Samples } from '../../data/samples.js'
import { type NameOf, namesOf, rowOf, type TrainingConfig } from '../../train/config.js'
import { usesOption } from '../../train/optimizers.js'
import type { PresetName } from '../../train/presets.js'

/**
 * Hyper-parameters of a preset that an optimizer given beside it does not use, such as its L2 with adamW, unless they are
 * given too or have their defaults.
 */
export function unusedInPreset(changes: Partial<TrainingConfig>, preset: TrainingConfig): NameOf<'optimizer'>[] {
  const { optimizer } = changes
  if (optimizer === undefined) return []
  return namesOf('optimizer').filter((name) => {
    const isUsed = name === 'optimizer' || usesOption(optimizer, name) || changes[name] !== undefined
    return !isUsed && preset[name] !== rowOf(name).default
  })
}

/** What a run says of values of a preset that its optimizer does not use. */
export function unusedWords(
  preset: PresetName,
  { optimizer }: Partial<TrainingConfig>,
  unused: readonly NameOf<'optimizer'>[],
  values: TrainingConfig,
): string {
  const list = unused.map((name) => `${name} ${values[name]}`).join(', ')
  return `optimizer ${optimizer} does not use ${list} of preset ${preset}: left out`
}

export type LimitName = 'limitTrain' | 'limitTest'

/** The limits that neither a file nor a flag sets. */
export function limitsOfPreset(
  training: TrainingConfig,
  changes: Partial<TrainingConfig>,
): { readonly atMost?: readonly LimitName[] } {
  const names = ['limitTrain', 'limitTest'] as const
  const atMost = names.filter((name) => training[name] !== null && changes[name] === undefined)
  return atMost.length > 0 ? { atMost } : {}
}

/** The limits of a run on these rows: null for a limit of the preset that they do not reach. */
export function limitsFor(
  limits: Pick<TrainingConfig, LimitName>,
  atMost: readonly LimitName[] = [],
  { train, test }: { readonly train: Samples; readonly test?: Samples | undefined },
): Pick<TrainingConfig, LimitName> {
  const within = (name: LimitName, rows: number) => {
    const limit = limits[name]
    return limit !== null && atMost.includes(name) && limit > rows ? null : limit
  }
  return { limitTrain: within('limitTrain', train.length), limitTest: within('limitTest', test?.length ?? 0) }
}
