import { existsSync } from 'node:fs'
import { invalidArgument, invalidFile, NativeMlpError } from '../../core/errors.js'
import { DEFAULT_MAX_BYTES, readFileBytes } from '../../formats/read-file.js'
import { decodeCheckpoint } from '../../io/checkpoint-file.js'
import type { MLP } from '../../model/mlp.js'
import type { TrainingCheckpoint } from '../../train/checkpoint.js'
import { planFit } from '../../train/fit-options.js'
import { recordedConfig } from '../config/config.js'
import { openRunFolder, type RunFolder } from './run-folder.js'
import type { RunRecord } from './run-record.js'
import { type FinishedRun, firstRecord, type RunContext, sayData, TrainingRun } from './training-run.js'
import { fitOptions, loadSets, makeModel, type RunRequest, type RunSets } from './training-setup.js'

/** What may be said about a run that goes on; all else stands in its run.json. */
export interface ResumeRequest {
  readonly folder: string
  /** where the data are now; undefined: where they were */
  readonly data: string | undefined
  readonly checkpointEveryMs: number
}

/**
 * Goes on with a run that was interrupted or killed, from its checkpoint; the folder ends up as if nothing had happened, but
 * for the times. A run without a checkpoint starts over. Until all is known to fit together, the folder is left as it is.
 *
 * @returns the record as it is for a run that is complete already
 * @throws NativeMlpError INVALID_FILE for a damaged run.json or checkpoint, INVALID_ARGUMENT when the data or the backend are
 *   not those of the run, and as `trainingRun`
 */
export async function resumedRun(asked: ResumeRequest, context: RunContext): Promise<FinishedRun> {
  const started = new Date().toISOString()
  const folder = await openRunFolder(asked.folder)
  try {
    const record = await folder.read()
    if (record.status === 'completed') {
      await folder.removeCheckpoint() // left where the process ended between its last two writes
      return { folder, record, figures: await folder.figures(), wasComplete: true }
    }
    const request = requestOf(record, asked, folder)
    const sets = await loadSets(request, context.signal)
    sayData(sets, context)
    checkData(record, sets)
    const model = makeModel(request, sets)
    const checkpoint = await readCheckpoint(folder, record)
    planFit(model, sets.train, { ...fitOptions(request, sets, context.signal), resume: checkpoint ?? undefined })
    context.say(checkpoint ? `${folder.path}: going on at step ${checkpoint.step}` : noCheckpoint(folder))
    await folder.rewind(checkpoint?.history ?? null, checkpoint && bestOf(model, checkpoint))
    const times = { started: record.times.started, resumed: [...(record.times.resumed ?? []), started] }
    const next = firstRecord(request, sets, model, times)
    await folder.write(next)
    return await new TrainingRun({ request, context, sets, model, folder, record: next, checkpoint }).run()
  } finally {
    await folder.release()
  }
}

function requestOf(record: RunRecord, { data, checkpointEveryMs }: ResumeRequest, folder: RunFolder): RunRequest {
  return {
    ...recordedConfig(record, folder.file('record')),
    data: data ?? record.data.folder ?? undefined,
    out: folder.path,
    overwrite: false,
    checkpointEveryMs,
    ...(record.outputs ?? { figures: true, trainingCurve: false, homeworkWeights: false }),
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT when these are not the data that the run has trained on */
function checkData({ data }: RunRecord, sets: RunSets): void {
  for (const name of ['train', 'valid', 'test'] as const) {
    const { length } = sets[name]
    if (length !== data.rows[name]) throw invalidArgument(`data: ${name} rows`, `${data.rows[name]} as before`, length)
  }
  if (data.digest === undefined || data.digest === sets.digest) return
  throw invalidArgument('data: SHA-256', `${data.digest}, the data the run began with`, sets.digest)
}

/** @throws NativeMlpError INVALID_FILE when it is damaged, or gone although the run says that it wrote one; FILE_SYSTEM */
async function readCheckpoint(folder: RunFolder, { results }: RunRecord): Promise<TrainingCheckpoint | null> {
  const file = folder.file('checkpoint')
  try {
    if (existsSync(file)) {
      return decodeCheckpoint(await readFileBytes(file, { maxBytes: DEFAULT_MAX_BYTES, shared: false }), file)
    }
    const step = results?.checkpoint ?? null
    if (step !== null) throw invalidFile(file, `missing, although run.json says that it was written at step ${step}`)
    return null
  } catch (error) {
    if (!(error instanceof NativeMlpError) || error.code !== 'INVALID_FILE') throw error
    const hint = 'train --overwrite with the flags of run.json starts over'
    throw new NativeMlpError('INVALID_FILE', `${error.message}; ${hint}`, { cause: error })
  }
}

function noCheckpoint({ path }: RunFolder): string {
  return `${path}: ended before its first checkpoint, so it starts over`
}

function bestOf(model: MLP, { bestParameters }: TrainingCheckpoint): MLP | null {
  if (bestParameters === null) return null
  const best = model.clone()
  best.setParameters(bestParameters)
  return best
}
