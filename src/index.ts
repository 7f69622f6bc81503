// The public interface, grouped as the README is. No logic here.
export type { Backend } from './backend/backend.js'
export { type BackendInfo, backendInfo, defaultBackend } from './backend/index.js'
export { createJsBackend } from './backend/js/index.js'
export { type ErrorCode, NativeMlpError } from './core/errors.js'
export type { MetricName, MetricValues, StandardMetric } from './core/metrics.js'
export type { FilePath } from './core/platform.js'
export type {
  ClassMetrics,
  Collapse,
  Evaluation,
  HistoryEntry,
  LayerParameters,
  PrecisionRecallCurve,
  ReliabilityBin,
  RocCurve,
  SetMetrics,
  TrialSummary,
} from './core/results.js'
export { INPUT_KINDS, INPUT_SCALES, type InputKind, type InputScale } from './core/scale.js'
export { ACTIVATIONS, type Activation, LOSSES, type Loss, type NumericFamily } from './core/types.js'
export { dataDigest } from './data/digest.js'
export type { Division, SetsRecipe } from './data/division.js'
export { type Fold, type FoldOptions, kFold } from './data/folds.js'
export { type DataSchema, type LoadedData, loadData } from './data/load.js'
export { type Mnist, type MnistOptions, mnist } from './data/mnist.js'
export { Samples, type SamplesOptions, type SplitOptions, samples } from './data/samples.js'
export type { LoadDataOptions } from './data/sources/source.js'
export type { DataRecipe, DataSpec } from './data/spec.js'
export { writeFileAtomic } from './formats/atomic.js'
export { type IdxArray, readIdx } from './formats/idx.js'
export { encodeNpy, type NpyArray, readNpy } from './formats/npy.js'
export { decodeCheckpoint, encodeCheckpoint } from './io/checkpoint-file.js'
export { type FolderFitOptions as FitOptions, fitInFolder as fit } from './io/fit-in-folder.js'
export { appendHistory, readHistory } from './io/history.js'
export { loadHomeworkWeights, saveHomeworkWeights } from './io/homework-weights.js'
export { decodeModel, encodeModel, type LoadOptions } from './io/model-bytes.js'
export { loadModel, saveModel } from './io/model-file.js'
export { type RunEnd, RunFolder, type RunFolderOptions } from './io/run-folder.js'
export type { RunRecord, RunTimes, TrainingResults } from './io/run-record.js'
export { readTrainingCurve, writeTrainingCurve } from './io/training-curve.js'
export type { Init } from './model/initializers.js'
export { MLP, type MLPOptions } from './model/mlp.js'
export type { PredictOptions } from './model/predict.js'
export type { Prediction } from './model/prediction.js'
export { Predictor, type PredictorOptions } from './model/predictor.js'
export * from './plot/index.js'
export * from './progress/index.js'
export type { GridSearchOptions, Objective, SearchOptions } from './search/options.js'
export { type OnQueueOptions, onQueue } from './search/queue/executor.js'
export { type QueueWorkerOptions, runQueueWorker } from './search/queue/worker.js'
export { gridSearch, search } from './search/search.js'
export { expandGrid, type GridOptions, type GridPoint, type SearchBase, type SearchGrid } from './search/space/grid.js'
export { type HalvingOptions, halvingRungs, type Rung, type RungResult, survivors } from './search/space/halving.js'
export type { TrialConfig, TrialParameters, TrialSettings } from './search/space/parameters.js'
export { SEARCH_PRESETS, type SearchPreset } from './search/space/presets.js'
export { type SampleOptions, sampleSpace } from './search/space/random.js'
export {
  type Categorical,
  type Choice,
  type ChoiceOptions,
  type Condition,
  categorical,
  type IntegerRange,
  integer,
  type LogUniform,
  logUniform,
  type SearchSpace,
  type Uniform,
  uniform,
} from './search/space/space.js'
export type { Strategy } from './search/space/strategy.js'
export { countStates, StudyFolder, type StudyFolderOptions } from './search/store/folder.js'
export { resultsCsv, timingsCsv } from './search/store/tables.js'
export { type Refit, type RefitOptions, refit } from './search/study/refit.js'
export { type LoadedStudy, loadStudy } from './search/study/sets.js'
export type {
  SearchCallbacks,
  Study,
  StudyHeader,
  TrialEndEvent,
  TrialPauseEvent,
  TrialProgressEvent,
  TrialStartEvent,
} from './search/study/study.js'
export type { StackOption } from './search/threads/stack.js'
export type { SelectBy, SelectionMetric } from './search/trial/ranking.js'
export {
  type ReproduceOptions,
  reproduceArguments,
  reproduceCommand,
  type StudySource,
} from './search/trial/reproduce.js'
export {
  type FoldResult,
  type FoldsSummary,
  summarizeFolds,
  type TableTrial,
  type TrialFold,
  type TrialResult,
} from './search/trial/result.js'
export type { Executor, TaskCallbacks, TrialOutcome, TrialTask } from './search/trial/task.js'
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
export { PRESETS, type PresetName } from './train/presets.js'
