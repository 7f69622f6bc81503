import { evaluationProgram } from '../backend/program.js'
import { memoryError } from '../core/errors.js'
import { throwIfAborted } from '../core/event-loop.js'
import type { Signal } from '../core/platform.js'
import type { InputKind } from '../core/scale.js'
import { copyOf } from '../core/typed-arrays.js'
import { measuredDataset, preparedDataset } from './datasets.js'
import { asInputRows, type InputRows } from './inputs.js'
import { type PredictingModel, type Prediction, predictionInSlices } from './prediction.js'
import { Predictor, predictSet } from './predictor.js'
import { firstPace, runInSlices } from './slices.js'

export interface PredictOptions {
  /** aborts the prediction with an error of code ABORTED */
  readonly signal?: Signal
  /** 'bytes': plain float32 rows are bytes scaled by the model's scale; default 'floats' */
  readonly kind?: InputKind
}

/** Up to this many rows are predicted in one call, in memory that is reused. */
const FEW_ROWS = 32
const kept = new WeakMap<PredictingModel, Predictor>()

/** See `MLP.predict`. */
export async function predict(
  model: PredictingModel,
  inputs: InputRows | Float32Array | Uint8Array,
  { signal, kind }: PredictOptions,
): Promise<Prediction> {
  try {
    return await predictRows(model, inputs, signal, kind)
  } catch (error) {
    throw memoryError(error, 'predict', () => needWords(model, inputs))
  }
}

function needWords({ inputs, outputs }: PredictingModel, rows: InputRows | Float32Array | Uint8Array): string {
  const count = 'rows' in rows ? rows.rows.length : rows.length / inputs
  return `${count} rows of ${inputs} inputs and ${outputs} outputs`
}

async function predictRows(
  model: PredictingModel,
  inputs: InputRows | Float32Array | Uint8Array,
  signal: Signal | undefined,
  kind: InputKind | undefined,
): Promise<Prediction> {
  const rows = asInputRows(inputs, model, kind)
  const n = rows.rows.length
  if (n <= FEW_ROWS) {
    throwIfAborted(signal, 'predict')
    return predictSet(predictorOf(model), rows)
  }
  const { backend, layers, loss, parameters } = model
  const options = { signal, what: 'predict' }
  // the caller may reuse a plain array before the last slice is computed
  const dataset =
    rows === inputs
      ? await preparedDataset(backend, rows, 'inputs', options)
      : await measuredDataset(backend, { ...rows, values: copyOf(rows.values) }, 'inputs', options)
  const program = backend.compile(evaluationProgram(dataset, n, layers, loss))
  const outputs = new Float32Array(n * model.outputs)
  const arenas = { parameters, slots: null, truth: null, rowLosses: null, predicted: null, outputs }
  await runInSlices(backend, program, rows.rows, arenas, { signal, pace: firstPace(layers), what: 'predict' })
  return await predictionInSlices(model, outputs, n, { signal, what: 'predict' })
}

function predictorOf(model: PredictingModel): Predictor {
  let predictor = kept.get(model)
  if (predictor === undefined) {
    predictor = new Predictor(model, { capacity: FEW_ROWS })
    kept.set(model, predictor)
  }
  return predictor
}
