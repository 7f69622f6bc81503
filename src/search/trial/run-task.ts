import { NativeMlpError, shortened } from '../../core/errors.js'
import type { Signal } from '../../core/platform.js'
import type { Collapse, HistoryEntry, SetMetrics } from '../../core/results.js'
import type { Samples } from '../../data/samples.js'
import { decodeCheckpoint, encodeCheckpoint } from '../../io/checkpoint-file.js'
import { encodeModel } from '../../io/model-bytes.js'
import { LONGEST_REASON } from '../../io/outcome-schema.js'
import { MLP } from '../../model/mlp.js'
import type { TrainingCheckpoint, TrainingSettings } from '../../train/checkpoint.js'
import { labelled, picked } from '../../train/config.js'
import type { FitOptions } from '../../train/fit-options.js'
import type { FitResult } from '../../train/fit-result.js'
import { fitOptionsOf, modelOptionsOf } from '../../train/from-config.js'
import { TrainingStack } from '../../train/stack.js'
import { TRIAL_NAMES, type TrialConfig } from '../space/parameters.js'
import type { TrialOutcome, TrialTask } from './task.js'

/** The sets of a study, or of one of its folds. */
export interface StudyData {
  readonly train: Samples
  readonly valid: Samples
  readonly test?: Samples
}

export interface RunTaskOptions {
  /** checkpoint to resume from, as passed to `onCheckpoint`; null: from the start */
  readonly checkpoint: Uint8Array | null
  /** trains in lock-step with the other tasks of this stack */
  readonly stack?: TrainingStack
  /** ends the task with an error of code ABORTED, after a last checkpoint */
  readonly signal?: Signal
  readonly onEvaluation?: (entry: HistoryEntry, share: number) => void
  readonly onCheckpoint?: (bytes: Uint8Array) => void | Promise<void>
}

/** Time between checkpoints in ms, and so approximately the most work lost when a process is killed. */
const CHECKPOINT_EVERY_MS = 750

/**
 * Trains one task on the data of its fold. An error in training gives an outcome with state 'failed'.
 *
 * @throws NativeMlpError ABORTED when the signal fires; INVALID_FILE or INVALID_ARGUMENT for a checkpoint that is damaged or
 *   of another task; and any error of `onCheckpoint`
 */
export async function runTask(
  { config, untilStep }: Pick<TrialTask, 'config' | 'untilStep'>,
  data: StudyData,
  { checkpoint, stack = new TrainingStack(), signal, onEvaluation, onCheckpoint }: RunTaskOptions,
): Promise<TrialOutcome> {
  const resume = checkpoint === null ? undefined : openCheckpoint(checkpoint, config, untilStep)
  const run = new TaskRun(resume, onEvaluation, onCheckpoint && ((each) => onCheckpoint(sealCheckpoint(each, config))))
  try {
    const model = new MLP(modelOptionsOf(config, data.train))
    const result = await stack.fit(model, data.train, {
      ...fitOptionsOf(config),
      valid: data.valid,
      test: data.test,
      resume,
      signal,
      untilStep: untilStep ?? undefined,
      checkpointEveryMs: CHECKPOINT_EVERY_MS,
      callbacks: run.callbacks,
    })
    return outcomeOf(model, result)
  } catch (error) {
    if (signal?.aborted || run.isOthersFault(error)) throw error
    return failedOutcome(reasonOf(error), run.history)
  }
}

/** Adds the config, because `fit` does not know the initializer: this detects the checkpoint of another trial. */
function sealCheckpoint(checkpoint: TrainingCheckpoint, config: TrialConfig): Uint8Array {
  return encodeCheckpoint({ ...checkpoint, settings: { ...checkpoint.settings, ...sealOf(config) } })
}

const SEAL = 'trial.'

function sealOf(config: TrialConfig): TrainingSettings {
  const whole = picked(config, TRIAL_NAMES)
  return Object.fromEntries(TRIAL_NAMES.map((name) => [`${SEAL}${name}`, labelled(name, whole[name])]))
}

/** Decodes a checkpoint of a task. @throws NativeMlpError INVALID_FILE or INVALID_ARGUMENT */
export function openCheckpoint(bytes: Uint8Array, config: TrialConfig, untilStep: number | null): TrainingCheckpoint {
  const checkpoint = decodeCheckpoint(bytes, 'the checkpoint of the task')
  for (const [key, own] of Object.entries(sealOf(config))) {
    const began = checkpoint.settings[key]
    if (began !== own) throw refused(`${key.slice(SEAL.length)} is ${began} there and ${own} here`)
  }
  // the pruner needs the metrics at the end of the rung, not later ones
  if (untilStep !== null && checkpoint.step > untilStep) {
    throw refused(`it is at step ${checkpoint.step}, after the pause at ${untilStep}`)
  }
  const settings = Object.entries(checkpoint.settings).filter(([key]) => !key.startsWith(SEAL))
  return { ...checkpoint, settings: Object.fromEntries(settings) }
}

function refused(problem: string): NativeMlpError {
  return new NativeMlpError('INVALID_ARGUMENT', `the checkpoint is not of this task: ${problem}`)
}

/** Tracks a run of `fit`. */
class TaskRun {
  readonly history: HistoryEntry[]
  readonly callbacks: FitOptions['callbacks']
  readonly #isResumed: boolean
  #totalSteps = 0
  #fault: { readonly error: unknown } | null = null

  constructor(
    resume: TrainingCheckpoint | undefined,
    onEvaluation: RunTaskOptions['onEvaluation'],
    onCheckpoint: ((checkpoint: TrainingCheckpoint) => void | Promise<void>) | undefined,
  ) {
    this.#isResumed = resume !== undefined
    this.history = [...(resume?.history ?? [])]
    this.callbacks = {
      onStart: ({ totalSteps }) => {
        this.#totalSteps = totalSteps
      },
      onEvaluation: ({ entry }) => {
        this.history.push(entry)
        onEvaluation?.(entry, (entry.step + 1) / this.#totalSteps)
      },
      ...(onCheckpoint && {
        onCheckpoint: async ({ checkpoint }: { checkpoint: TrainingCheckpoint }) => {
          try {
            await onCheckpoint(checkpoint)
          } catch (error) {
            this.#fault = { error }
            throw error
          }
        },
      }),
    }
  }

  /** Errors in writing a checkpoint, or in resuming from one (before `onStart`), do not fail the trial. */
  isOthersFault(error: unknown): boolean {
    return this.#fault?.error === error || (this.#isResumed && this.#totalSteps === 0)
  }
}

export function failedOutcome(reason: string, history: readonly HistoryEntry[] = []): TrialOutcome {
  return {
    state: 'failed',
    reason: shortened(reason, LONGEST_REASON),
    history,
    best: null,
    collapsed: null,
    steps: null,
    digest: null,
    timing: null,
    model: null,
  }
}

/** The metrics of an evaluation on the evaluated sets. */
export function metricsOf(entry: HistoryEntry | null): { readonly [set in 'train' | 'valid' | 'test']?: SetMetrics } {
  const { train, valid, test } = entry ?? ({} as Partial<HistoryEntry>)
  return { ...(train && { train }), ...(valid && { valid }), ...(test && { test }) }
}

function outcomeOf(model: MLP, { history, best, steps, stopped, collapsed, timing }: FitResult): TrialOutcome {
  const reason = collapsed && { reason: collapseReason(collapsed) }
  const common = { ...reason, history, best, collapsed, steps, timing }
  if (stopped === 'paused') return { ...common, state: 'paused', digest: null, model: null }
  return {
    ...common,
    state: collapsed ? 'collapsed' : 'completed',
    digest: model.parametersDigest(),
    model: encodeModel(model),
  }
}

/** Rounded down, so that 100 % means all units. */
function collapseReason({ step, deadShare }: Collapse): string {
  return `collapsed: ${Math.floor(deadShare * 100)} % of hidden units are dead since step ${step}`
}

function reasonOf(error: unknown): string {
  if (error instanceof NativeMlpError) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
