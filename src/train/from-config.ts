import { checking, isObject } from '../core/checks.js'
import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { isSamples, type Samples } from '../data/samples.js'
import { nameCount, outputsFor } from '../model/losses.js'
import type { MLPOptions } from '../model/mlp.js'
import { namesFrom } from './class-names.js'
import {
  checkValue,
  type Name,
  type NameOf,
  type Needed,
  namesOf,
  picked,
  rowOf,
  type TrainingConfig,
} from './config.js'
import type { FitOptions } from './fit-options.js'
import { hiddenSizes } from './hyper-parameter-kinds.js'
import { OPTIMIZERS, type Optimizer, usesOption } from './optimizers.js'

type Config = Partial<TrainingConfig> & Needed

/**
 * The options of `MLP` for a config, with as many inputs and outputs as the training rows have. A hyper-parameter that is
 * missing has its default.
 */
export function modelOptionsOf(config: Config, data: Samples): MLPOptions {
  checkValues(config, [...namesOf('model', 'loss'), 'seed'])
  if (!isSamples(data)) throw invalidArgument('data', 'Samples', data)
  const { cols, scale, kind, transform = null } = data
  const { hidden, seed, ...options } = picked(config, [...namesOf('model', 'loss'), 'seed'])
  const outputs = outputsFor(options.loss, data)
  return {
    ...options,
    layers: [cols, ...hiddenSizes(hidden), outputs],
    seed,
    inputScale: scale,
    inputKind: kind,
    classNames: namesFrom(data, nameCount(options.loss, outputs)),
    ...(transform !== null && { table: transform }),
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT naming a hyper-parameter that is missing or wrong */
function checkValues(config: Config, names: readonly Name[]): void {
  if (!isObject(config)) throw invalidArgument('config', 'an object of hyper-parameters', config)
  checking('config', () => {
    for (const name of names) {
      const isMissing = config[name] === undefined && rowOf(name).default !== undefined
      if (!isMissing) checkValue(name, `config.${name}`, config[name])
    }
  })
}

/** @throws NativeMlpError INVALID_ARGUMENT for a hyper-parameter that its optimiser does not use and that has not its default */
export function optimizerOf(config: Config): Optimizer {
  const { optimizer: name, ...values } = picked(config, namesOf('optimizer'))
  const { make } = OPTIMIZERS[name]
  const isUsed = (option: string) => usesOption(name, option)
  const unused = Object.entries(values).filter(([key, value]) => !isUsed(key) && value !== rowOf(key as Name).default)
  if (unused.length > 0) {
    const defaults = unused.map(([key]) => `${key} ${rowOf(key as Name).default}`).join(', ')
    const given = unused.map(([key, value]) => `${key} ${value}`).join(', ')
    throw new NativeMlpError('INVALID_ARGUMENT', `optimizer: '${name}' does not use ${given}; expected ${defaults}`)
  }
  return make(Object.fromEntries(Object.entries(values).filter(([key]) => isUsed(key))) as typeof values)
}

/** The options of `fit` for a config, without the sets. A hyper-parameter that is missing has its default. */
export function fitOptionsOf(config: Config): { readonly optimizer: Optimizer } & Pick<FitOptions, NameOf<'fit'>> {
  checkValues(config, namesOf('optimizer', 'fit'))
  return { optimizer: optimizerOf(config), ...picked(config, namesOf('fit')) }
}
