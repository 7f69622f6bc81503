import { NativeMlpError } from '../../core/errors.js'
import { isOnRequest } from '../../core/metrics.js'
import type { Evaluation } from '../../core/results.js'
import type { Samples } from '../../data/samples.js'
import { fitInFolder as fit } from '../../io/fit-in-folder.js'
import { saveHomeworkWeights } from '../../io/homework-weights.js'
import { RunFolder } from '../../io/run-folder.js'
import { writeTrainingCurve } from '../../io/training-curve.js'
import type { MLP } from '../../model/mlp.js'
import type { Progress } from '../../progress/index.js'
import type { StartEvent } from '../../train/callbacks.js'
import { evaluate } from '../../train/evaluate.js'
import { planFit } from '../../train/fit-options.js'
import type { FitResult } from '../../train/fit-result.js'
import { undefinedForRows } from '../../train/metrics/measure.js'
import { recordedConfig } from '../config/config.js'
import { sameData } from '../config/data-flag.js'
import { augmentedImages } from './augmented-images.js'
import { drawFigures } from './figures.js'
import { makeNumbered } from './out-folder.js'
import { aboutRun, readTrainRecord, runSubtitle, type TrainRecord, testResults } from './train-record.js'
import { fitOptions, loadRunSets, makeModel, type RunRequest, type RunSets } from './training-setup.js'
import { unitWords } from './units.js'

/** What a run needs from its caller. */
export interface RunContext {
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly say: (line: string) => void
}

/** How a run ended, and what is in its folder. */
export interface FinishedRun {
  readonly folder: RunFolder
  readonly record: TrainRecord
  readonly figures: readonly string[]
  /** errors of a regression in the units of its targets, on the test rows, else on the validation rows */
  readonly units?: string | null
  /** nothing was left to do */
  readonly wasComplete?: boolean
}

/** The options of a resumed run; the others are in its run.json. */
export interface ResumeRequest {
  readonly folder: string
  /** where the data are now; undefined: where they were */
  readonly data: string | undefined
  readonly checkpointEveryMs: number
}

/** A run that is about to train. */
interface ReadyRun {
  readonly request: RunRequest
  readonly context: RunContext
  readonly sets: RunSets
  readonly model: MLP
  readonly folder: RunFolder
}

/**
 * Trains and fills a run folder, which is made once the configuration is known to be valid.
 *
 * @returns also for an interrupted run, with status 'interrupted'
 * @throws NativeMlpError for a run that fails; its status is 'failed'
 */
export async function trainingRun(asked: RunRequest, context: RunContext): Promise<FinishedRun> {
  const sets = await loadRunSets(asked, context.signal)
  const request = { ...asked, training: { ...sets.training, ...sets.limits } }
  sayData(sets, context)
  const model = makeModel(request, sets)
  planFit(model, sets.train, fitOptions(request, sets, context.signal))
  const path = request.out ?? (await makeNumbered(request.preset))
  const folder = new RunFolder(path, { overwrite: request.overwrite, about: { ...aboutRun(request, sets) } })
  return await complete({ request, context, sets, model, folder })
}

/**
 * Continues a run that was interrupted or killed from its checkpoint; the folder ends up as that of an uninterrupted run, but
 * for the times. A run that is refused leaves the folder as it was.
 *
 * @returns the record as it is for a run that is complete already
 * @throws NativeMlpError INVALID_FILE for a damaged run.json or checkpoint, INVALID_ARGUMENT if the data or the backend are
 *   not those of the run, and as `trainingRun`
 */
export async function resumedRun(asked: ResumeRequest, context: RunContext): Promise<FinishedRun> {
  const folder = new RunFolder(asked.folder, { resume: true })
  if ((await folder.check()) === 'new') {
    const problem = `holds no run; start it again with --out ${asked.folder}`
    throw new NativeMlpError('INVALID_ARGUMENT', `--resume ${asked.folder}: ${problem}`)
  }
  await folder.open()
  try {
    const record = await readTrainRecord(folder)
    if (record.status === 'completed') {
      await folder.removeCheckpoint() // left if the process ended between its last two writes
      return { folder, record, figures: folder.figures(), wasComplete: true }
    }
    const request = await requestOf(record, asked, folder)
    const sets = await loadRunSets(request, context.signal)
    sayData(sets, context)
    const model = makeModel(request, sets)
    folder.about = { ...aboutRun(request, sets) }
    return await complete({ request, context, sets, model, folder }, sayStart(folder, context))
  } finally {
    await folder.end()
  }
}

function sayData({ train, valid, test, source, notes }: RunSets, { say }: RunContext): void {
  say(`data: ${source}: ${train.length} train, ${valid.length} validation, ${test?.length ?? 'no'} test rows`)
  for (const note of notes) say(`      ${note}`)
}

function sayStart({ path }: RunFolder, { say }: RunContext) {
  return ({ step }: StartEvent) =>
    say(step > 0 ? `${path}: resuming at step ${step}` : `${path}: no checkpoint yet, so the run starts over`)
}

async function requestOf(
  record: TrainRecord,
  { data, checkpointEveryMs }: ResumeRequest,
  folder: RunFolder,
): Promise<RunRequest> {
  return {
    ...recordedConfig(record, folder.file('record')),
    data: await sameData(record.data.recipe, data),
    out: folder.path,
    overwrite: false,
    checkpointEveryMs,
    ...record.outputs,
  }
}

/** Trains, evaluates the best parameters on the test rows, and writes the other outputs. */
async function complete(run: ReadyRun, onStart?: (event: StartEvent) => void): Promise<FinishedRun> {
  const { sets, folder } = run
  let evaluation: Evaluation | null = null
  let figures: readonly string[] = []
  try {
    const fitted = await train(run, onStart)
    evaluation = sets.test ? await measure(run, sets.test) : null
    await writeExtras(run, fitted)
    figures = await draw(run, fitted, evaluation)
    const record = await folder.end({ results: { ...testResults(evaluation) }, keepCheckpoint: false })
    const units = await unitWords(run.model, sets.test ?? sets.valid, sets.test ? 'test' : 'validation')
    return { folder, record: record as TrainRecord, figures, units }
  } catch (error) {
    const end = folder.end({ error, results: { ...testResults(evaluation) } })
    const isAborted = error instanceof NativeMlpError && error.code === 'ABORTED'
    // if a failure cannot be written, the error that caused it matters more
    const record = await (isAborted ? end : end.catch(() => null))
    if (isAborted && record !== null) return { folder, record: record as TrainRecord, figures }
    throw error
  }
}

/** With the metric that selects the best, if the rows define it. */
async function measure({ request, context, model }: ReadyRun, rows: Samples): Promise<Evaluation> {
  const { selectBy } = request.training
  const metrics = isOnRequest(selectBy) && undefinedForRows(selectBy, model, rows) === null ? [selectBy] : []
  return await evaluate(model, rows, { signal: context.signal, metrics })
}

async function train(run: ReadyRun, onStart?: (event: StartEvent) => void): Promise<FitResult> {
  const { request, context, sets, model, folder } = run
  const { progress, signal } = context
  const callbacks = {
    ...progress.callbacks,
    onStart: async (event: StartEvent) => {
      onStart?.(event)
      await progress.callbacks.onStart?.(event)
    },
  }
  const { checkpointEveryMs } = request
  const options = { ...fitOptions(request, sets, signal), callbacks, checkpointEveryMs, folder }
  return await fit(model, sets.train, options).finally(progress.stop)
}

async function writeExtras({ request, folder, model }: ReadyRun, { history }: FitResult): Promise<void> {
  if (request.trainingCurve) await writeTrainingCurve(folder.file('curve'), history)
  if (request.homeworkWeights) await saveHomeworkWeights(folder.file('homework'), model)
}

async function draw(run: ReadyRun, fitted: FitResult, evaluation: Evaluation | null): Promise<readonly string[]> {
  const { request, context, sets, model, folder } = run
  if (!request.figures) return []
  const { signal } = context
  const rows = sets.test
  const { seed, ...config } = request.training
  const data = {
    subtitle: runSubtitle({ model: { layers: model.layerSizes, parameters: model.parameterCount }, config, seed }),
    history: fitted.history,
    best: fitted.best,
    collapsed: fitted.collapsed,
    parameters: model.getParameters(),
    imageShape: sets.schema.imageShape,
    confusion: evaluation?.confusion,
    augmented: augmentedImages(model.backend, sets.train, request.training),
    predicted: rows && { rows, model, prediction: await model.predict(rows, { signal }) },
  }
  return await drawFigures(folder.file('figures'), data, signal)
}
