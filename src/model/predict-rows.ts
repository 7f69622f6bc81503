import type { Signal } from '../core/platform.js'
import { encodeInputs } from '../table/encode-inputs.js'
import type { Rows } from '../table/rows.js'
import type { Table } from '../table/table.js'
import { predict } from './predict.js'
import type { PredictingModel } from './prediction.js'
import { type RowPrediction, rawRows, rowPredictions } from './raw-rows.js'

/** Rows encoded and predicted in one go. */
const FEW_ROWS = 4096

/** See `MLP.predictRows`. */
export async function predictRows(
  model: PredictingModel,
  rows: Rows | Table,
  { signal }: { readonly signal?: Signal },
): Promise<RowPrediction[]> {
  const { transform, raw } = rawRows(model, rows)
  const predictions: RowPrediction[] = []
  for (let from = 0; from < raw.length; from += FEW_ROWS) {
    const part = Int32Array.from({ length: Math.min(FEW_ROWS, raw.length - from) }, (_, i) => from + i)
    const prediction = await predict(model, encodeInputs(transform.inputs, raw, part), signal ? { signal } : {})
    for (const row of rowPredictions(model, transform, prediction, part.length)) predictions.push(row)
  }
  return predictions
}
