import { z } from 'zod'
import type { Collapse, HistoryEntry, SetMetrics } from '../../core/results.js'
import type { TrainingConfig } from '../../train/presets.js'

export const RUN_FORMAT = 'native-mlp run'

const STATUSES = ['running', 'completed', 'interrupted', 'failed'] as const

/** run.json: everything about a run but its curve and its parameters. */
export interface RunRecord {
  readonly format: typeof RUN_FORMAT
  readonly formatVersion: 1
  /** of this package */
  readonly version: string
  /** 'running' also where the process ended without a chance to say more */
  readonly status: (typeof STATUSES)[number]
  /** why a run failed */
  readonly reason?: string
  readonly preset: string
  readonly seed: number
  readonly config: TrainingConfig
  readonly data: {
    /** the folder that was named; null where the data were found without */
    readonly folder: string | null
    readonly source: string
    readonly rows: { readonly train: number; readonly valid: number; readonly test: number }
    /** SHA-256 of all images and labels; missing in records of older versions */
    readonly digest?: string
    /** [height, width] of a row */
    readonly imageShape: readonly [number, number] | null
  }
  /** what the run writes beside model and curve when it is done; missing in records of older versions */
  readonly outputs?: RunOutputs
  readonly model: { readonly layers: readonly number[]; readonly parameters: number }
  readonly backend: {
    readonly name: string
    readonly isa: string
    readonly threads: number
    /** version of the numeric contract */
    readonly contract: number
  }
  readonly node: string
  readonly platform: string
  /** the one part, with `backend` and the machine, in which two equal runs differ; seconds, `started` in UTC */
  readonly times: {
    readonly started: string
    /** when an interrupted run went on, each time; all durations are of the last time */
    readonly resumed?: readonly string[]
    readonly total?: number
    readonly fit?: number
    readonly training?: number
    readonly evaluation?: number
    /** training rows per second of training */
    readonly samplesPerSecond?: number
  }
  /** null while it runs */
  readonly results: RunResults | null
}

export interface RunOutputs {
  readonly figures: boolean
  readonly trainingCurve: boolean
  readonly homeworkWeights: boolean
}

export interface RunResults {
  readonly steps: number
  /** step of the checkpoint that is kept to go on from; null for none */
  readonly checkpoint: number | null
  readonly evaluations: number
  /** why training ended; null where it did not come to its end */
  readonly stopped: string | null
  readonly best: HistoryEntry | null
  readonly collapsed: Collapse | null
  /** of the best parameters on the test rows */
  readonly test: (SetMetrics & { readonly correct: number; readonly count: number }) | null
  /** [actual][predicted] of the same */
  readonly confusion: readonly (readonly number[])[] | null
}

const count = z.number().int().min(0)

/** What readers rely on; the rest passes as it is. */
export const recordSchema = z.looseObject({
  format: z.literal(RUN_FORMAT),
  formatVersion: z.literal(1),
  status: z.enum(STATUSES),
  seed: z.number(),
  config: z.looseObject({
    learningRate: z.number(),
    l2: z.number(),
    batchSize: z.number(),
    limitTest: count.nullable(),
  }),
  data: z.looseObject({
    folder: z.string().nullable(),
    rows: z.looseObject({ train: count, valid: count, test: count }),
    digest: z.string().optional(),
    imageShape: z.tuple([count, count]).nullable(),
  }),
  outputs: z.looseObject({ figures: z.boolean(), trainingCurve: z.boolean(), homeworkWeights: z.boolean() }).optional(),
  model: z.looseObject({ layers: z.array(count) }),
  times: z.looseObject({ started: z.string(), resumed: z.array(z.string()).optional() }),
  results: z
    .looseObject({
      checkpoint: count.nullish(),
      best: z.looseObject({ step: count }).nullable(),
      collapsed: z.looseObject({ step: count, deadShare: z.number() }).nullable(),
      confusion: z.array(z.array(count)).nullable(),
    })
    .nullable(),
})

/** The line under the titles of a run's figures. */
export function runSubtitle({ model, config, seed }: Pick<RunRecord, 'model' | 'config' | 'seed'>): string {
  const { learningRate, l2, batchSize } = config
  return `${model.layers.join('-')}, learning rate ${learningRate}, L2 ${l2}, batch ${batchSize}, seed ${seed}`
}
