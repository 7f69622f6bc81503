// The part of the public interface that both entries have, Node's and the browser's: what touches no files. No logic here.
export type { Backend } from './backend/backend.js'
export { type BackendInfo, backendInfo, defaultBackend } from './backend/index.js'
export { createJsBackend } from './backend/js/index.js'
export { type ErrorCode, NativeMlpError } from './core/errors.js'
export type { MetricName, MetricValues, StandardMetric } from './core/metrics.js'
export type {
  ClassMetrics,
  Collapse,
  Evaluation,
  HistoryEntry,
  LayerParameters,
  LearningRateRange,
  LearningRateStep,
  PrecisionRecallCurve,
  ReliabilityBin,
  RocCurve,
  SetMetrics,
} from './core/results.js'
export { INPUT_KINDS, INPUT_SCALES, type InputKind, type InputScale } from './core/scale.js'
export { ACTIVATIONS, type Activation, LOSSES, type Loss, type NumericFamily } from './core/types.js'
export { encodeTable } from './data/encode-table.js'
export { type Fold, type FoldOptions, kFold } from './data/folds.js'
export { Samples, type SamplesOptions, type SplitOptions, samples } from './data/samples.js'
export { MLPClassifier } from './estimators/classifier.js'
export type { EstimatorFitOptions } from './estimators/estimator.js'
export type { RawRows, TargetOf, TargetValues } from './estimators/features.js'
export type { EstimatorOptions } from './estimators/options.js'
export { MLPRegressor } from './estimators/regressor.js'
export { exportOnnx, type OnnxOptions } from './exchange/export-onnx.js'
export type { ImportOptions, WeightsOptions } from './exchange/foreign-model.js'
export { importOnnx } from './exchange/import-onnx.js'
export { importTorch, type TorchOptions } from './exchange/import-torch.js'
export { exportJson, importJson } from './exchange/model-json.js'
export { decodeModel, encodeModel, type LoadOptions } from './io/model-bytes.js'
export type { Init } from './model/initializers.js'
export { MLP, type MLPOptions } from './model/mlp.js'
export type { PredictOptions } from './model/predict.js'
export type { Prediction } from './model/prediction.js'
export { Predictor, type PredictorOptions } from './model/predictor.js'
export type { RowPrediction } from './model/raw-rows.js'
export { type LearnOptions, type LearntTable, learnTable, type TableSchema } from './table/learn.js'
export { type NumberMatrix, type Rows, type TableCell, type TableOptions, table } from './table/rows.js'
export type { ColumnSchema, ColumnType } from './table/schema.js'
export type { Column, NumberColumn, Table, TextColumn } from './table/table.js'
export type {
  CategoricalInput,
  InputColumn,
  Label,
  NumericInput,
  NumericScale,
  TableTransform,
  TargetTask,
  TargetTransform,
} from './table/transform.js'
export type {
  CheckpointEvent,
  EpochEvent,
  EvaluationEvent,
  FitCallbacks,
  StartEvent,
  StepEvent,
} from './train/callbacks.js'
export type { LayerArrays, TrainingCheckpoint, TrainingSettings } from './train/checkpoint.js'
export type { TrainingConfig } from './train/config.js'
export { type EvaluateOptions, evaluate } from './train/evaluate.js'
export { type FindLearningRateOptions, findLearningRate } from './train/find-learning-rate.js'
export type { FitResult } from './train/fit-result.js'
export { fitOptionsOf, modelOptionsOf } from './train/from-config.js'
export { reliabilityBins } from './train/metrics/calibration.js'
export { precisionRecallCurve, rocCurve } from './train/metrics/curves.js'
export {
  type AdamOptions,
  type AdamWOptions,
  adam,
  adamW,
  type MomentumOptions,
  momentum,
  type Optimizer,
  type OptimizerConfig,
  type RmsPropOptions,
  rmsProp,
  type SgdOptions,
  sgd,
} from './train/optimizers.js'
