import { createHash } from 'node:crypto'
import { integerInRange } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import { kFold } from '../../data/folds.js'
import { mnist } from '../../data/mnist.js'
import type { Samples } from '../../data/samples.js'
import { MLP } from '../../model/mlp.js'
import type { TrainingConfig } from '../../train/config.js'
import { flagArguments } from '../../train/config-flags.js'
import type { FitOptions } from '../../train/fit-options.js'
import { fitOptionsOf, modelOptionsOf } from '../../train/from-config.js'
import { hiddenSizes } from '../../train/hyper-parameters.js'
import type { RunConfig } from '../config/config.js'

/** What a run writes besides its model and its history. */
export interface RunOutputs {
  readonly figures: boolean
  readonly trainingCurve: boolean
  readonly homeworkWeights: boolean
}

/** A training run as the command line asks for it. */
export interface RunRequest extends RunConfig, RunOutputs {
  /** folder of the data; undefined: wherever `mnist` finds them */
  readonly data: string | undefined
  /** undefined: runs/<preset>, or the first such name that is free */
  readonly out: string | undefined
  readonly overwrite: boolean
  /** milliseconds between two checkpoints */
  readonly checkpointEveryMs: number
}

export interface RunSets {
  readonly train: Samples
  readonly valid: Samples
  readonly test: Samples
  /** where they came from, for people */
  readonly source: string
  /** SHA-256 of all images and labels, those left out included */
  readonly digest: string
}

/** @throws NativeMlpError INVALID_ARGUMENT for a file that the run could not write when it is done */
export function checkOutputs({ training, trainingCurve, homeworkWeights }: RunRequest): void {
  if (trainingCurve && (training.evaluateOn?.length ?? 2) < 3) {
    throw new NativeMlpError('INVALID_ARGUMENT', '--training-curve: needs --evaluate-on train,valid,test')
  }
  const { hidden, activation, scale } = training
  if (homeworkWeights && (hiddenSizes(hidden).length !== 1 || activation !== 'relu' || scale !== 'raw')) {
    const needed = 'one hidden layer, --activation relu and --scale raw'
    throw new NativeMlpError('INVALID_ARGUMENT', `--homework-weights: the folder of .npy files needs ${needed}`)
  }
}

export async function loadSets({ training, data }: RunRequest, signal: AbortSignal): Promise<RunSets> {
  const { scale, limitTrain, limitTest } = training
  const { train, test, source } = await mnist({ dir: data, scale, signal })
  return {
    ...divided(first(train, limitTrain, '--limit-train'), training),
    test: first(test, limitTest, '--limit-test'),
    source,
    digest: digestOf([train, test]),
  }
}

function digestOf(sets: readonly Samples[]): string {
  const hash = createHash('sha256')
  for (const { values, labels } of sets) hash.update(values).update(labels!)
  return hash.digest('hex')
}

/** What a run trains on and what chooses its best: a share of the rows for validation, or a fold of them. */
function divided(rows: Samples, { validFraction, splitSeed, stratified, fold, ...training }: TrainingConfig) {
  const seed = splitSeed ?? training.seed
  if (fold === null) return rows.split({ valid: validFraction, seed, stratified })
  const [index, folds] = fold
  return kFold(rows, { folds, seed, stratified })[index]
}

function first(set: Samples, limit: number | null, name: string): Samples {
  return limit === null ? set : set.take(integerInRange(name, limit, 1, set.length))
}

/** @throws NativeMlpError INVALID_ARGUMENT when the network does not fit into memory */
export function makeModel({ training }: RunConfig, { train }: RunSets): MLP {
  try {
    return new MLP(modelOptionsOf(training, train))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const message = `${flagArguments('hidden', training.hidden).join(' ')}: too large for the memory of this machine: ${error.message}`
    throw new NativeMlpError('INVALID_ARGUMENT', message, { cause: error })
  }
}

export function fitOptions({ training }: RunConfig, { valid, test }: RunSets, signal: AbortSignal): FitOptions {
  return { ...fitOptionsOf(training), valid, test, signal }
}
