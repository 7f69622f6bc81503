import { checking, isOptions } from '../core/checks.js'
import { NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import type { Samples } from '../data/samples.js'
import type { MLP } from '../model/mlp.js'
import type { FitCallbacks } from '../train/callbacks.js'
import type { TrainingCheckpoint } from '../train/checkpoint.js'
import { learnMeaning } from '../train/class-names.js'
import { firstCheckpoint } from '../train/first-checkpoint.js'
import { fit } from '../train/fit.js'
import { type FitOptions, planFit } from '../train/fit-options.js'
import type { FitPlan } from '../train/fit-plan.js'
import type { FitResult } from '../train/fit-result.js'
import { isRunFolder, RunFolder } from './run-folder.js'

export interface FolderFitOptions extends Omit<FitOptions, 'resume'> {
  /**
   * keep the run in this folder while it trains: run.json, history.jsonl, best.safetensors, and a checkpoint every
   * `checkpointEveryMs`; it must be new or empty, unless `resume` or `overwrite` is set
   */
  readonly folder?: FilePath | RunFolder
  /** replace an earlier run in `folder`; default false */
  readonly overwrite?: boolean
  /**
   * true: continue the run in `folder` from its last checkpoint, or begin it if there is none. A checkpoint: continue from it;
   * the model's own parameters are replaced. All that decides the result must be as it was in that run, only `epochs` may
   * differ: the outcome is that of an uninterrupted run with the options given here. Callbacks are not called again for what
   * was done before.
   */
  readonly resume?: boolean | TrainingCheckpoint
}

/**
 * Trains a model on a set by mini-batches. The event loop stays free: the run pauses every `yieldEveryMs`, also within long
 * steps; until it ends the model and the arrays of the sets must not be written to or transferred. At the end the
 * model holds the parameters of the best validation (see `selectBy`: by default the highest accuracy, of equal ones the
 * lowest loss), or the last ones without `valid` or with `keepBest: false`.
 *
 * The same model, data, options and numeric family give the same bits. With `folder` and `resume: true` that holds for a run
 * that was interrupted or killed and called again, too:
 *
 *     await fit(model, train, { optimizer, valid, folder: 'runs/mine', resume: true })
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION before anything is computed, also for a folder that holds another
 *   run, naming what differs, or that another process has locked; NOT_FINITE when a loss or parameter is no longer finite;
 *   ABORTED when the signal fires: the model then keeps what the last whole step left; INVALID_FILE for a damaged run.json or
 *   checkpoint in the folder; FILE_SYSTEM
 */
export async function fitInFolder(model: MLP, train: Samples, options: FolderFitOptions): Promise<FitResult> {
  // a map or a list would lose its type below
  if (!checking('fit', () => isOptions(options))) return await fit(model, train, options as FitOptions)
  const { folder, overwrite, resume, ...rest } = checking('fit', () => ({ ...options }))
  const given = typeof resume === 'boolean' ? undefined : resume
  if (folder === undefined) {
    checkNoFolder(resume, overwrite)
    return await fit(model, train, { ...rest, resume: given })
  }
  planFit(model, train, { ...rest, resume: given }) // validates before the folder is made
  if (isRunFolder(folder)) {
    checkOpenFolder(resume, overwrite)
    return await fitInto(folder, model, train, rest)
  }
  const run = new RunFolder(folder, { overwrite, resume: resume === true })
  try {
    const result = await fitInto(run, model, train, rest, given)
    await run.end()
    return result
  } catch (error) {
    // if this cannot be written, the error that ended the run matters more
    await run.end({ error }).catch(() => undefined)
    throw error
  }
}

async function fitInto(
  run: RunFolder,
  model: MLP,
  train: Samples,
  options: FitOptions,
  given?: TrainingCheckpoint,
): Promise<FitResult> {
  await run.open()
  const resume = (await run.readCheckpoint()) ?? given
  const plan = checkedPlan(run, model, train, { ...options, resume })
  learnMeaning(model, train) // stands in the files that are written first
  await run.begin(resume ?? firstCheckpoint(model, plan), model)
  const callbacks = inOrder(run.callbacks(model), options.callbacks ?? {})
  return await fit(model, train, { ...options, callbacks, resume })
}

/** @throws NativeMlpError INVALID_ARGUMENT naming what the run in the folder has other than this one */
function checkedPlan(run: RunFolder, model: MLP, train: Samples, options: FitOptions): FitPlan {
  try {
    return planFit(model, train, options)
  } catch (error) {
    if (!(error instanceof NativeMlpError) || options.resume === undefined) throw error
    const difference = error.message.replace(/^resume: /, '')
    throw new NativeMlpError(error.code, `${run.path}: holds another run: ${difference}`, { cause: error })
  }
}

function checkNoFolder(resume: FolderFitOptions['resume'], overwrite: boolean | undefined): void {
  if (overwrite !== undefined) throw new NativeMlpError('INVALID_ARGUMENT', 'overwrite: needs a folder')
  if (resume === true) throw new NativeMlpError('INVALID_ARGUMENT', 'resume: true needs a folder')
}

function checkOpenFolder(resume: FolderFitOptions['resume'], overwrite: boolean | undefined): void {
  if (resume === undefined && overwrite === undefined) return
  const name = resume === undefined ? 'overwrite' : 'resume'
  throw new NativeMlpError('INVALID_ARGUMENT', `${name}: pass it to the RunFolder instead`)
}

/** Calls both callbacks of each kind: files first, so that a callback finds on disk what it is called for. */
function inOrder(files: ReturnType<RunFolder['callbacks']>, own: FitCallbacks): FitCallbacks {
  return {
    ...own,
    onStep: (event) => {
      files.onStep(event)
      return own.onStep?.(event)
    },
    onEvaluation: async (event) => {
      await files.onEvaluation(event)
      await own.onEvaluation?.(event)
    },
    onCheckpoint: async (event) => {
      await files.onCheckpoint(event)
      await own.onCheckpoint?.(event)
    },
    onEnd: async (result) => {
      await files.onEnd(result)
      await own.onEnd?.(result)
    },
  }
}
