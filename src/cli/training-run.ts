import { resolve } from 'node:path'
import { backendInfo } from '../backend/index.js'
import { NativeMlpError } from '../core/errors.js'
import type { Evaluation, HistoryEntry } from '../core/results.js'
import { appendHistory } from '../io/history.js'
import { saveHomeworkWeights } from '../io/homework-weights.js'
import { saveModel } from '../io/model-file.js'
import { writeTrainingCurve } from '../io/training-curve.js'
import type { MLP } from '../model/mlp.js'
import type { Progress } from '../progress/index.js'
import type { EvaluationEvent, FitCallbacks } from '../train/callbacks.js'
import { evaluate } from '../train/evaluate.js'
import { fit } from '../train/fit.js'
import { planFit } from '../train/fit-options.js'
import type { FitResult } from '../train/fit-result.js'
import { drawFigures } from './run-figures.js'
import { makeRunFolder, type RunFolder } from './run-folder.js'
import { RUN_FORMAT, type RunRecord, type RunResults, runSubtitle } from './run-record.js'
import { fitOptions, loadSets, makeModel, type RunRequest, type RunSets } from './training-setup.js'
import { packageVersion } from './version.js'

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
}

/**
 * Trains on MNIST and fills a run folder. The folder is made once all that is asked for is known to fit together; from then
 * on it is consistent at any moment: run.json says how the run stands, best.safetensors holds the best so far.
 *
 * An interrupted run returns with status 'interrupted'; one that fails throws and leaves status 'failed'.
 */
export async function trainingRun(request: RunRequest, context: RunContext): Promise<FinishedRun> {
  const started = new Date()
  const sets = await loadSets(request, context.signal)
  const rows = { train: sets.train.length, valid: sets.valid.length, test: sets.test.length }
  context.say(`data: ${sets.source}: ${rows.train} train, ${rows.valid} validation, ${rows.test} test rows`)
  const model = makeModel(request, sets)
  planFit(model, sets.train, fitOptions(request, sets, context.signal))
  const folder = await makeRunFolder(request.out, request.preset, request.overwrite)
  try {
    const record = firstRecord(request, sets, model, started)
    await folder.write(record)
    return await new TrainingRun(request, context, sets, model, folder, record).run()
  } finally {
    await folder.release()
  }
}

class TrainingRun {
  readonly #request: RunRequest
  readonly #context: RunContext
  readonly #sets: RunSets
  readonly #model: MLP
  readonly #folder: RunFolder
  readonly #first: RunRecord
  readonly #start = performance.now()
  readonly #history: HistoryEntry[] = []
  #best: HistoryEntry | null = null
  #steps = 0
  #rows = 0
  #fitted: FitResult | null = null
  #evaluation: Evaluation | null = null
  #figures: readonly string[] = []

  constructor(
    request: RunRequest,
    context: RunContext,
    sets: RunSets,
    model: MLP,
    folder: RunFolder,
    first: RunRecord,
  ) {
    this.#request = request
    this.#context = context
    this.#sets = sets
    this.#model = model
    this.#folder = folder
    this.#first = first
  }

  async run(): Promise<FinishedRun> {
    try {
      await this.#train()
      this.#evaluation = await evaluate(this.#model, this.#sets.test, { signal: this.#context.signal })
      await this.#writeExtras()
      await this.#draw()
      return await this.#end('completed')
    } catch (error) {
      if (error instanceof NativeMlpError && error.code === 'ABORTED') return this.#end('interrupted')
      // where not even this can be written, the error at hand says more
      await this.#end('failed', (error as Error).message).catch(() => undefined)
      throw error
    }
  }

  async #train(): Promise<void> {
    const { progress, signal } = this.#context
    const callbacks = inOrder(progress.callbacks, {
      onStep: ({ rows }) => {
        this.#steps++
        this.#rows += rows
      },
      onEvaluation: (event) => this.#keep(event),
    })
    const options = { ...fitOptions(this.#request, this.#sets, signal), callbacks }
    this.#fitted = await fit(this.#model, this.#sets.train, options).finally(progress.stop)
  }

  async #keep({ entry, isBest }: EvaluationEvent): Promise<void> {
    this.#history.push(entry)
    await appendHistory(this.#folder.file('history'), entry)
    if (!isBest) return
    await saveModel(this.#folder.file('model'), this.#model)
    this.#best = entry
  }

  async #writeExtras(): Promise<void> {
    if (this.#request.trainingCurve) await writeTrainingCurve(this.#folder.file('curve'), this.#history)
    if (this.#request.homeworkWeights) await saveHomeworkWeights(this.#folder.file('homework'), this.#model)
  }

  async #draw(): Promise<void> {
    if (!this.#request.figures) return
    const { signal } = this.#context
    const rows = this.#sets.test
    const data = {
      subtitle: runSubtitle(this.#first),
      history: this.#history,
      best: this.#best,
      collapsed: this.#fitted?.collapsed,
      parameters: this.#model.getParameters(),
      imageShape: rows.imageShape,
      confusion: this.#evaluation?.confusion,
      predicted: { rows, prediction: await this.#model.predict(rows, { signal }) },
    }
    this.#figures = await drawFigures(this.#folder.file('figures'), data, signal)
  }

  async #end(status: RunRecord['status'], reason?: string): Promise<FinishedRun> {
    const timing = this.#fitted?.timing
    const times = {
      ...this.#first.times,
      total: (performance.now() - this.#start) / 1000,
      ...(timing && { fit: timing.total, training: timing.training, evaluation: timing.evaluation }),
      ...(timing && { samplesPerSecond: this.#rows / timing.training }),
    }
    const why = reason === undefined ? {} : { reason }
    const record: RunRecord = { ...this.#first, status, ...why, times, results: this.#results() }
    await this.#folder.write(record)
    return { folder: this.#folder, record, figures: this.#figures }
  }

  #results(): RunResults {
    const { loss, accuracy, correct, count, confusion } = this.#evaluation ?? {}
    return {
      steps: this.#steps,
      evaluations: this.#history.length,
      stopped: this.#fitted?.stopped ?? null,
      best: this.#best,
      collapsed: this.#fitted?.collapsed ?? null,
      test: loss === undefined ? null : { loss, accuracy: accuracy!, correct: correct!, count: count! },
      confusion: confusion ?? null,
    }
  }
}

function firstRecord(request: RunRequest, sets: RunSets, model: MLP, started: Date): RunRecord {
  const { backend, isa, threads } = backendInfo()
  const { train, valid, test, source } = sets
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
      imageShape: test.imageShape,
    },
    model: { layers: model.layerSizes, parameters: model.parameterCount },
    backend: { name: backend, isa, threads, contract: model.family.contract },
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    times: { started: started.toISOString() },
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
    onEnd: a.onEnd,
  }
}
