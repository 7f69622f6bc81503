import { resolve } from 'node:path'
import { backendInfo } from '../../backend/index.js'
import { NativeMlpError } from '../../core/errors.js'
import type { Evaluation, HistoryEntry } from '../../core/results.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { encodeCheckpoint } from '../../io/checkpoint-file.js'
import { appendHistory } from '../../io/history.js'
import { saveHomeworkWeights } from '../../io/homework-weights.js'
import { saveModel } from '../../io/model-file.js'
import { writeTrainingCurve } from '../../io/training-curve.js'
import type { MLP } from '../../model/mlp.js'
import type { Progress } from '../../progress/index.js'
import type { CheckpointEvent, EvaluationEvent, FitCallbacks } from '../../train/callbacks.js'
import type { TrainingCheckpoint } from '../../train/checkpoint.js'
import { evaluate } from '../../train/evaluate.js'
import { fit } from '../../train/fit.js'
import { planFit } from '../../train/fit-options.js'
import type { FitResult } from '../../train/fit-result.js'
import { packageVersion } from '../version.js'
import { drawFigures } from './run-figures.js'
import { makeRunFolder, type RunFolder } from './run-folder.js'
import { RUN_FORMAT, type RunRecord, type RunResults, runSubtitle } from './run-record.js'
import { fitOptions, loadSets, makeModel, type RunRequest, type RunSets } from './training-setup.js'

/** What a run needs from whom it runs for. */
export interface RunContext {
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly say: (line: string) => void
}

/** How a run went, and what stands in its folder. */
export interface FinishedRun {
  readonly folder: RunFolder
  readonly record: RunRecord
  readonly figures: readonly string[]
  /** nothing was left to do */
  readonly wasComplete?: boolean
}

/** What a run begins with. */
export interface RunStart {
  readonly request: RunRequest
  readonly context: RunContext
  readonly sets: RunSets
  readonly model: MLP
  readonly folder: RunFolder
  /** as it stands in the folder */
  readonly record: RunRecord
  /** where to go on; null: at the beginning */
  readonly checkpoint: TrainingCheckpoint | null
}

/**
 * Trains on MNIST and fills a run folder. The folder is made once all that is asked for is known to fit together; from then
 * on it is consistent at any moment: run.json says how the run stands, best.safetensors holds the best so far, and with
 * `checkpoint` another process can go on.
 *
 * An interrupted run returns with status 'interrupted'; one that fails throws and leaves status 'failed'.
 */
export async function trainingRun(request: RunRequest, context: RunContext): Promise<FinishedRun> {
  const started = new Date()
  const sets = await loadSets(request, context.signal)
  sayData(sets, context)
  const model = makeModel(request, sets)
  planFit(model, sets.train, fitOptions(request, sets, context.signal))
  const folder = await makeRunFolder(request.out, request.preset, request.overwrite)
  try {
    const record = firstRecord(request, sets, model, { started: started.toISOString() })
    await folder.write(record)
    return await new TrainingRun({ request, context, sets, model, folder, record, checkpoint: null }).run()
  } finally {
    await folder.release()
  }
}

export function sayData({ train, valid, test, source }: RunSets, { say }: RunContext): void {
  say(`data: ${source}: ${train.length} train, ${valid.length} validation, ${test.length} test rows`)
}

export class TrainingRun {
  readonly #start: RunStart
  readonly #startMs = performance.now()
  readonly #history: HistoryEntry[]
  #best: HistoryEntry | null
  #steps: number
  /** step of the checkpoint in the folder */
  #saved: number | null
  /** trained on by this process */
  #rows = 0
  #fitted: FitResult | null = null
  #evaluation: Evaluation | null = null
  #figures: readonly string[] = []

  constructor(start: RunStart) {
    const { history, best, step } = start.checkpoint ?? { history: [], best: null, step: null }
    this.#start = start
    this.#history = [...history]
    this.#best = best === null ? null : history[best]
    this.#steps = step ?? 0
    this.#saved = step
  }

  async run(): Promise<FinishedRun> {
    try {
      await this.#train()
      const { model, sets, context, folder } = this.#start
      this.#evaluation = await evaluate(model, sets.test, { signal: context.signal })
      await this.#writeExtras()
      await this.#draw()
      this.#saved = null
      const finished = await this.#end('completed')
      await folder.removeCheckpoint()
      return finished
    } catch (error) {
      if (error instanceof NativeMlpError && error.code === 'ABORTED') return this.#end('interrupted')
      // where not even this can be written, the error at hand says more
      await this.#end('failed', (error as Error).message).catch(() => undefined)
      throw error
    }
  }

  async #train(): Promise<void> {
    const { request, context, sets, model, checkpoint } = this.#start
    const { progress, signal } = context
    const callbacks = inOrder(progress.callbacks, {
      onStep: ({ rows }) => {
        this.#steps++
        this.#rows += rows
      },
      onEvaluation: (event) => this.#keep(event),
      onCheckpoint: (event) => this.#save(event),
    })
    const { checkpointEveryMs } = request
    const options = { ...fitOptions(request, sets, signal), callbacks, checkpointEveryMs }
    const resume = checkpoint ?? undefined
    this.#fitted = await fit(model, sets.train, { ...options, resume }).finally(progress.stop)
  }

  async #keep({ entry, isBest }: EvaluationEvent): Promise<void> {
    const { folder, model } = this.#start
    this.#history.push(entry)
    await appendHistory(folder.file('history'), entry)
    if (!isBest) return
    await saveModel(folder.file('model'), model)
    this.#best = entry
  }

  async #save({ checkpoint }: CheckpointEvent): Promise<void> {
    await writeFileAtomic(this.#start.folder.file('checkpoint'), encodeCheckpoint(checkpoint))
    this.#saved = checkpoint.step
  }

  async #writeExtras(): Promise<void> {
    const { request, folder, model } = this.#start
    if (request.trainingCurve) await writeTrainingCurve(folder.file('curve'), this.#history)
    if (request.homeworkWeights) await saveHomeworkWeights(folder.file('homework'), model)
  }

  async #draw(): Promise<void> {
    const { request, context, sets, model, folder, record } = this.#start
    if (!request.figures) return
    const { signal } = context
    const rows = sets.test
    const data = {
      subtitle: runSubtitle(record),
      history: this.#history,
      best: this.#best,
      collapsed: this.#fitted?.collapsed,
      parameters: model.getParameters(),
      imageShape: rows.imageShape,
      confusion: this.#evaluation?.confusion,
      predicted: { rows, prediction: await model.predict(rows, { signal }) },
    }
    this.#figures = await drawFigures(folder.file('figures'), data, signal)
  }

  async #end(status: RunRecord['status'], reason?: string): Promise<FinishedRun> {
    const { folder, record: first } = this.#start
    const timing = this.#fitted?.timing
    const times = {
      ...first.times,
      total: (performance.now() - this.#startMs) / 1000,
      ...(timing && { fit: timing.total, training: timing.training, evaluation: timing.evaluation }),
      ...(timing && { samplesPerSecond: this.#rows / timing.training }),
    }
    const why = reason === undefined ? {} : { reason }
    const record: RunRecord = { ...first, status, ...why, times, results: this.#results() }
    await folder.write(record)
    return { folder, record, figures: this.#figures }
  }

  #results(): RunResults {
    const { loss, accuracy, correct, count, confusion } = this.#evaluation ?? {}
    return {
      steps: this.#steps,
      checkpoint: this.#saved,
      evaluations: this.#history.length,
      stopped: this.#fitted?.stopped ?? null,
      best: this.#best,
      collapsed: this.#fitted?.collapsed ?? null,
      test: loss === undefined ? null : { loss, accuracy: accuracy!, correct: correct!, count: count! },
      confusion: confusion ?? null,
    }
  }
}

/** The record of a run that begins, or goes on, here and now. */
export function firstRecord(request: RunRequest, sets: RunSets, model: MLP, times: RunRecord['times']): RunRecord {
  const { backend, isa, threads } = backendInfo()
  const { train, valid, test, source, digest } = sets
  const { figures, trainingCurve, homeworkWeights } = request
  return {
    format: RUN_FORMAT,
    formatVersion: 1,
    version: packageVersion,
    status: 'running',
    preset: request.preset,
    seed: request.seed,
    config: request.training,
    data: {
      folder: request.data === undefined ? null : resolve(request.data),
      source,
      rows: { train: train.length, valid: valid.length, test: test.length },
      digest,
      imageShape: test.imageShape,
    },
    outputs: { figures, trainingCurve, homeworkWeights },
    model: { layers: model.layerSizes, parameters: model.parameterCount },
    backend: { name: backend, isa, threads, contract: model.family.contract },
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    times,
    results: null,
  }
}

/** Both callbacks of each kind, the first one's first. */
function inOrder(a: FitCallbacks, b: FitCallbacks): FitCallbacks {
  return {
    onStart: a.onStart,
    onStep: (event) => {
      a.onStep?.(event)
      b.onStep?.(event)
    },
    onEvaluation: async (event) => {
      await a.onEvaluation?.(event)
      await b.onEvaluation?.(event)
    },
    onEpoch: a.onEpoch,
    onCheckpoint: b.onCheckpoint,
    onEnd: a.onEnd,
  }
}
