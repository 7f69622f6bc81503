// Prediction alone, for pages and small services: no training, no files, no addon. No logic here.
export { type ErrorCode, NativeMlpError } from '../core/errors.js'
export type { RowPrediction } from '../model/raw-rows.js'
export type { Rows, TableCell, TableOptions } from '../table/rows.js'
export { table } from '../table/rows.js'
export type { Label, TableTransform } from '../table/transform.js'
export { decodeTrainedModel as decodeModel, type TrainedModel } from './trained-model.js'
