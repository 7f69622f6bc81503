import { z } from 'zod'
import { invalidFile } from '../../core/errors.js'
import type { Evaluation, SetMetrics } from '../../core/results.js'
import { INPUT_SCALES } from '../../core/scale.js'
import type { DataSchema } from '../../data/load.js'
import type { DataRecipe } from '../../data/spec.js'
import { checkJson } from '../../formats/json.js'
import type { RunFolder } from '../../io/run-folder.js'
import type { RunRecord, TrainingResults } from '../../io/run-record.js'
import { labelled, picked, type TrainingConfig } from '../../train/config.js'
import type { RunOutputs, RunRequest, RunSets } from './training-setup.js'

/** run.json as `train` writes it. */
export interface TrainRecord extends RunRecord, AboutRun {
  readonly results: (TrainingResults & TestResults) | null
}

/** What `train` adds to the record of `fit`. */
export interface AboutRun {
  readonly preset: string
  readonly seed: number
  readonly config: Omit<TrainingConfig, 'seed'>
  readonly data: {
    /** loads the same rows again */
    readonly recipe: DataRecipe
    /** where they came from, for people */
    readonly source: string
    /** null for data without test rows */
    readonly rows: { readonly train: number; readonly valid: number; readonly test: number | null }
    readonly schema: DataSchema
  }
  /** what the run writes beside model and history when it is done */
  readonly outputs: RunOutputs
}

/** What `train` adds to the results of `fit`; null if the run did not get that far. */
export interface TestResults {
  /** of the best parameters on the test rows; also null for data without test rows */
  readonly test: (SetMetrics & { readonly correct: number; readonly count: number }) | null
  /** [actual][predicted] of the same */
  readonly confusion: readonly (readonly number[])[] | null
}

export function aboutRun(request: RunRequest, { train, valid, test, source, recipe, schema }: RunSets): AboutRun {
  const { preset, training, figures, trainingCurve, homeworkWeights } = request
  const { seed, ...config } = training
  return {
    preset,
    seed,
    config,
    data: {
      recipe,
      source,
      rows: { train: train.length, valid: valid.length, test: test?.length ?? null },
      schema,
    },
    outputs: { figures, trainingCurve, homeworkWeights },
  }
}

export function testResults(evaluation: Evaluation | null): TestResults {
  if (evaluation === null) return { test: null, confusion: null }
  const { confusion, perClass: _, ...test } = evaluation
  return { test, confusion }
}

const count = z.number().int().min(0)

/** What readers rely on; the rest passes as it is. */
const recordSchema = z.looseObject({
  seed: z.number(),
  config: z.looseObject({
    learningRate: z.number(),
    l2: z.number(),
    batchSize: z.number().nullable(),
    limitTest: count.nullable(),
  }),
  data: z.looseObject({
    recipe: z.looseObject({ scale: z.enum(INPUT_SCALES), digest: z.string() }),
    rows: z.looseObject({ train: count, valid: count, test: count.nullable() }),
    schema: z.looseObject({ imageShape: z.tuple([count, count]).nullable() }),
  }),
  outputs: z.looseObject({ figures: z.boolean(), trainingCurve: z.boolean(), homeworkWeights: z.boolean() }),
  results: z.looseObject({ confusion: z.array(z.array(count)).nullable() }).nullable(),
})

/** @throws NativeMlpError FILE_SYSTEM, or INVALID_FILE for what is no run.json, or none of the command line's */
export async function readTrainRecord(folder: RunFolder): Promise<TrainRecord> {
  const record = await folder.read()
  const file = folder.file('record')
  if (!('config' in record)) throw invalidFile(file, "no config: this run was not made by 'native-mlp train'")
  const error = (problem: string) => invalidFile(file, problem)
  return checkJson(recordSchema, record, { what: '', error }) as unknown as TrainRecord
}

/** The line under the titles of a run's figures. */
export function runSubtitle({ model, config, seed }: Pick<TrainRecord, 'model' | 'config' | 'seed'>): string {
  const { learningRate, l2 } = config
  const { optimizer } = picked(config, ['optimizer'])
  const batchSize = labelled('batchSize', config.batchSize)
  return `${model.layers.join('-')}${optimizer === 'sgd' ? '' : `, ${optimizer}`}, learning rate ${learningRate}, L2 ${l2}, batch ${batchSize}, seed ${seed}`
}
