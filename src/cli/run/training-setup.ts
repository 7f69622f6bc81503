import { NativeMlpError } from '../../core/errors.js'
import { divide } from '../../data/division.js'
import { type LoadedData, loadData } from '../../data/load.js'
import type { Samples } from '../../data/samples.js'
import type { DataRecipe, DataSpec } from '../../data/spec.js'
import { withoutRaw } from '../../data/table-samples.js'
import { MLP } from '../../model/mlp.js'
import type { TrainingConfig } from '../../train/config.js'
import { flagArguments } from '../../train/config-flags.js'
import type { FitOptions } from '../../train/fit-options.js'
import { fitOptionsOf, modelOptionsOf } from '../../train/from-config.js'
import { hiddenSizes } from '../../train/hyper-parameter-kinds.js'
import type { RunConfig } from '../config/config.js'
import { limitsFor } from '../config/preset-values.js'
import { valuesForTask } from '../config/task-values.js'
import { readingProgress } from './reading.js'

/** What a run writes besides its model and its history. */
export interface RunOutputs {
  readonly figures: boolean
  readonly trainingCurve: boolean
  readonly homeworkWeights: boolean
}

/** A training run as the command line asks for it. */
export interface RunRequest extends RunConfig, RunOutputs {
  /** with a digest, data of another one are refused */
  readonly data: DataSpec | DataRecipe
  /** undefined: runs/<preset>, or the first such name that is free */
  readonly out: string | undefined
  readonly overwrite: boolean
  /** milliseconds between two checkpoints */
  readonly checkpointEveryMs: number
}

export interface RunSets extends Pick<LoadedData, 'source' | 'recipe' | 'schema' | 'notes'> {
  /** with the values that follow from the rows */
  readonly training: TrainingConfig
  /** in effect for these rows */
  readonly limits: Pick<TrainingConfig, 'limitTrain' | 'limitTest'>
  readonly train: Samples
  readonly valid: Samples
  readonly test?: Samples | undefined
}

/** @throws NativeMlpError INVALID_ARGUMENT for a file that the run could not write when it is done */
export function checkOutputs({ training, trainingCurve, homeworkWeights }: RunRequest): void {
  if (trainingCurve && (training.evaluateOn?.length ?? 2) < 3) {
    throw new NativeMlpError('INVALID_ARGUMENT', '--training-curve: needs --evaluate-on train,valid,test')
  }
  const { hidden, activation, loss, scale } = training
  const fits =
    hiddenSizes(hidden).length === 1 && activation === 'relu' && loss === 'softmaxCrossEntropy' && scale === 'raw'
  if (homeworkWeights && !fits) {
    const needed = 'one hidden layer, --activation relu, --loss softmaxCrossEntropy and --scale raw'
    throw new NativeMlpError('INVALID_ARGUMENT', `--homework-weights: the folder of .npy files needs ${needed}`)
  }
}

/** @throws NativeMlpError as `loadData` and `divide`; INVALID_ARGUMENT for an output that needs test rows where there are none */
export async function loadRunSets(request: RunRequest, signal: AbortSignal): Promise<RunSets> {
  const { atMost, data, trainingCurve } = request
  const reading = readingProgress()
  const options = { signal, onProgress: reading.onProgress }
  const { source, recipe, schema, notes, ...loaded } = await loadData(
    { ...data, scale: request.training.scale },
    options,
  ).finally(reading.stop)
  const training = valuesForTask(request, loaded.train)
  const { validFraction, stratified } = training
  const [index, folds] = training.fold ?? [0, 1]
  const splitSeed = training.splitSeed ?? training.seed
  const limits = limitsFor(training, atMost, loaded)
  const sets = divide(loaded, { ...limits, validFraction, splitSeed, stratified, folds })
  // of a table encoded as the training rows of this fold are
  const fold = sets.folds[index]
  const [train, valid, test] = [withoutRaw(fold.train), withoutRaw(fold.valid), fold.test && withoutRaw(fold.test)]
  if (trainingCurve && test === undefined) {
    throw new NativeMlpError('INVALID_ARGUMENT', `--training-curve: needs test rows, ${source} has none`)
  }
  return { train, valid, test, source, recipe, schema, notes, limits, training }
}

/** @throws NativeMlpError INVALID_ARGUMENT when the network does not fit into memory */
export function makeModel({ training }: RunConfig, { train }: RunSets): MLP {
  try {
    return new MLP(modelOptionsOf(training, train))
  } catch (error) {
    if (!(error instanceof NativeMlpError) || error.code !== 'OUT_OF_MEMORY') throw error
    const message = `${flagArguments('hidden', training.hidden).join(' ')}: too large for the memory of this machine: ${error.message}`
    throw new NativeMlpError('INVALID_ARGUMENT', message, { cause: error })
  }
}

export function fitOptions({ training }: RunConfig, { valid, test }: RunSets, signal: AbortSignal): FitOptions {
  const evaluateOn = training.evaluateOn?.filter((name) => name !== 'test' || test !== undefined) ?? null
  return { ...fitOptionsOf({ ...training, evaluateOn }), valid, test, signal }
}
