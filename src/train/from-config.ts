import type { Samples } from '../data/samples.js'
import type { MLPOptions } from '../model/mlp.js'
import { type NameOf, type Needed, namesOf, picked, type TrainingConfig } from './config.js'
import type { FitOptions } from './fit-options.js'
import { hiddenSizes } from './hyper-parameters.js'
import { type Optimizer, sgd } from './optimizers.js'

type Config = Partial<TrainingConfig> & Needed

/**
 * The options of `MLP` for a config, with as many inputs and outputs as the training rows have. A hyper-parameter that is
 * missing has its default.
 */
export function modelOptionsOf(config: Config, { cols, classes, targetCols, classNames, scale }: Samples): MLPOptions {
  const { hidden, seed, ...options } = picked(config, [...namesOf('model', 'loss'), 'seed'])
  return {
    ...options,
    layers: [cols, ...hiddenSizes(hidden), classes || targetCols],
    seed,
    inputScale: scale,
    // a model knows its outputs by number anyway
    classNames: classNames.every((name, i) => name === String(i)) ? null : classNames,
  }
}

export function optimizerOf(config: Config): Optimizer {
  return sgd(picked(config, namesOf('optimizer')))
}

/** The options of `fit` for a config, without the sets. A hyper-parameter that is missing has its default. */
export function fitOptionsOf(config: Config): Pick<FitOptions, 'optimizer' | NameOf<'fit'>> {
  return { optimizer: optimizerOf(config), ...picked(config, namesOf('fit')) }
}
