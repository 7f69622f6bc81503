import { z } from 'zod'
import { describe, invalidFile, shortened } from '../core/errors.js'
import type { Collapse, HistoryEntry } from '../core/results.js'
import { packageVersion } from '../core/version.js'
import { checkJson, parseJson } from '../formats/json.js'
import type { JsonPlace } from '../formats/json-place.js'
import { readTextFile } from '../formats/text-file.js'
import type { MLP } from '../model/mlp.js'

const RUN_FORMAT = 'native-mlp run'
/** Rises with every change of what a member means. */
const RUN_VERSION = 2

const STATUSES = ['running', 'completed', 'interrupted', 'failed'] as const

/** run.json: everything about a run but its history and its parameters. */
export interface RunRecord {
  readonly format: typeof RUN_FORMAT
  readonly formatVersion: typeof RUN_VERSION
  /** of this package */
  readonly version: string
  /** 'running' also if the process was killed */
  readonly status: (typeof STATUSES)[number]
  /** why a run failed */
  readonly reason?: string
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
  readonly times: RunTimes
  /** null while it runs */
  readonly results: TrainingResults | null
}

/** With `backend` and the machine all in which two equal runs differ; seconds, `started` and `resumed` in UTC. */
export interface RunTimes {
  readonly started: string
  /** each time an interrupted run was resumed; all durations are of the last time */
  readonly resumed?: readonly string[]
  readonly total?: number
  readonly fit?: number
  readonly training?: number
  readonly evaluation?: number
  /** training rows per second of training */
  readonly samplesPerSecond?: number
}

export interface TrainingResults {
  steps: number
  /** step of the checkpoint in the folder; null for none */
  checkpoint: number | null
  evaluations: number
  /** why training ended; null if it did not reach its end */
  stopped: string | null
  best: HistoryEntry | null
  collapsed: Collapse | null
}

export const NOTHING_DONE: Readonly<TrainingResults> = {
  ...{ steps: 0, checkpoint: null, evaluations: 0 },
  ...{ stopped: null, best: null, collapsed: null },
}

/**
 * The record of a run that begins now, or continues.
 *
 * @param about what else is to stand in it
 * @param earlier the record of the run that continues
 */
export function newRunRecord(
  model: MLP,
  about: Readonly<Record<string, unknown>>,
  earlier: RunRecord | null,
): RunRecord {
  const { name, isa, threads, family } = model.backend
  const now = new Date().toISOString()
  return {
    format: RUN_FORMAT,
    formatVersion: RUN_VERSION,
    version: packageVersion,
    status: 'running',
    ...about,
    model: { layers: model.layerSizes, parameters: model.parameterCount },
    backend: { name, isa, threads, contract: family.contract },
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    times: earlier
      ? { started: earlier.times.started, resumed: [...(earlier.times.resumed ?? []), now] }
      : { started: now },
    results: null,
  }
}

const count = z.number().int().min(0)

/** What readers rely on; the rest passes as it is. */
const recordSchema = z.looseObject({
  format: z.literal(RUN_FORMAT),
  formatVersion: z.literal(RUN_VERSION),
  status: z.enum(STATUSES),
  model: z.looseObject({ layers: z.array(count) }),
  times: z.looseObject({ started: z.string(), resumed: z.array(z.string()).optional() }),
  results: z
    .looseObject({
      checkpoint: count.nullish(),
      best: z.looseObject({ step: count }).nullable(),
      collapsed: z.looseObject({ step: count, deadShare: z.number() }).nullable(),
    })
    .nullable(),
})

/**
 * Reads run.json.
 *
 * @throws NativeMlpError FILE_SYSTEM, or INVALID_FILE naming the key that is missing or wrong, or the format of another version
 */
export async function readRunRecord(file: string): Promise<RunRecord> {
  const value = await readRecord(file)
  if (isOtherVersion(value)) {
    const { formatVersion, version } = value
    const writer = `written by native-mlp ${typeof version === 'string' ? shortened(version) : describe(version)}`
    throw invalidFile(file, `format version ${formatVersion}, ${writer}; this version knows only ${RUN_VERSION}`)
  }
  return checkJson(recordSchema, value, placeOf(file)) as unknown as RunRecord
}

/** Whether a run.json is one of another version of this package. @throws NativeMlpError INVALID_FILE, FILE_SYSTEM */
export async function isOtherRunRecord(file: string): Promise<boolean> {
  return isOtherVersion(await readRecord(file))
}

function isOtherVersion(value: unknown): value is { readonly formatVersion: number; readonly version: unknown } {
  const { format, formatVersion } = Object(value) as Partial<RunRecord>
  return format === RUN_FORMAT && typeof formatVersion === 'number' && formatVersion !== RUN_VERSION
}

/** Larger ones are not by this package. */
const MAX_BYTES = 1 << 24

async function readRecord(file: string): Promise<unknown> {
  return parseJson(await readTextFile(file, MAX_BYTES), placeOf(file))
}

function placeOf(file: string): JsonPlace {
  return { what: '', error: (problem) => invalidFile(file, problem) }
}
