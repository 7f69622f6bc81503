import { NativeMlpError } from '../core/errors.js'
import type { Collapse, HistoryEntry, SetMetrics } from '../core/results.js'
import type { Samples } from '../data/samples.js'
import { encodeModel } from '../io/model-file.js'
import { MLP } from '../model/mlp.js'
import { fit } from '../train/fit.js'
import type { FitOptions } from '../train/fit-options.js'
import type { FitResult } from '../train/fit-result.js'
import { sgd } from '../train/optimizers.js'
import type { TrialResult } from './study.js'
import { hiddenSizes, type TrialConfig } from './trial-config.js'

export interface StudyData {
  readonly train: Samples
  readonly valid: Samples
  readonly test?: Samples
}

/** What a trial gives, as data that can be posted between threads. */
export interface TrialOutcome
  extends Pick<TrialResult, 'state' | 'reason' | 'history' | 'collapsed' | 'steps' | 'digest' | 'timing'> {
  readonly best: HistoryEntry | null
  /** the checkpoint as `saveModel` writes it; null where the trial failed */
  readonly model: Uint8Array | null
}

/** Trains one point of a grid. What goes wrong while it trains becomes a failed trial, not an error. */
export async function runTrial(
  config: TrialConfig,
  data: StudyData,
  onEvaluation: (entry: HistoryEntry, share: number) => void,
): Promise<TrialOutcome> {
  const history: HistoryEntry[] = []
  let totalSteps = 1
  try {
    const model = new MLP(modelOptions(config, data.train))
    const result = await fit(model, data.train, {
      ...fitOptions(config, data),
      callbacks: {
        onStart: (event) => {
          totalSteps = event.totalSteps
        },
        onEvaluation: ({ entry }) => {
          history.push(entry)
          onEvaluation(entry, (entry.step + 1) / totalSteps)
        },
      },
    })
    return outcomeOf(model, result)
  } catch (error) {
    return failedOutcome(reasonOf(error), history)
  }
}

/** The network of a trial: as many inputs and outputs as the data has. */
export function modelOptions(config: TrialConfig, { cols, classes, targetCols, classNames, scale }: Samples) {
  const { hidden, activation, outputActivation, loss, init, seed } = config
  return {
    layers: [cols, ...hiddenSizes(hidden), classes || targetCols],
    activation,
    outputActivation,
    loss,
    init,
    seed,
    inputScale: scale,
    // a model knows its outputs by number anyway
    classNames: classNames.every((name, i) => name === String(i)) ? null : classNames,
  }
}

export function fitOptions(config: TrialConfig, { valid, test }: Omit<StudyData, 'train'>): FitOptions {
  const { learningRate, l2, l2Biases, epochs, batchSize, stepsPerEpoch, sampling, seed } = config
  const { evaluateEvery, evaluateOn, earlyStopping, stopOnCollapse } = config
  return {
    optimizer: sgd({ learningRate, l2, l2Biases }),
    valid,
    test,
    epochs,
    batchSize,
    stepsPerEpoch,
    sampling,
    seed,
    evaluateEvery,
    evaluateOn,
    earlyStopping,
    stopOnCollapse,
  }
}

export function failedOutcome(reason: string, history: readonly HistoryEntry[] = []): TrialOutcome {
  return {
    state: 'failed',
    reason,
    history,
    collapsed: null,
    steps: null,
    digest: null,
    timing: null,
    best: null,
    model: null,
  }
}

/** The metrics of an evaluation, without the sets it left out. */
export function metricsOf(entry: HistoryEntry | null): { readonly [set in 'train' | 'valid' | 'test']?: SetMetrics } {
  const { train, valid, test } = entry ?? ({} as Partial<HistoryEntry>)
  return { ...(train && { train }), ...(valid && { valid }), ...(test && { test }) }
}

function outcomeOf(model: MLP, { history, best, steps, collapsed, timing }: FitResult): TrialOutcome {
  return {
    state: collapsed ? 'collapsed' : 'completed',
    ...(collapsed && { reason: collapseReason(collapsed) }),
    history,
    collapsed,
    steps,
    digest: model.parametersDigest(),
    timing,
    best,
    model: encodeModel(model),
  }
}

/** Rounded down, so that it says 100 % only where no unit is left. */
function collapseReason({ step, deadShare }: Collapse): string {
  return `collapsed: ${Math.floor(deadShare * 100)} % of hidden units are dead since step ${step}`
}

function reasonOf(error: unknown): string {
  if (error instanceof NativeMlpError) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
