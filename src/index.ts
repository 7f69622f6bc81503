// The public interface, grouped as the README is. No logic here.
export * from './common.js'
export type { FilePath } from './core/platform.js'
export type { TrialSummary } from './core/results.js'
export { dataDigest } from './data/digest.js'
export type { Division, SetsRecipe } from './data/division.js'
export { type DataSchema, type LoadedData, loadData } from './data/load.js'
export { type Mnist, type MnistOptions, mnist } from './data/mnist.js'
export type { LoadDataOptions } from './data/sources/source.js'
export type { DataRecipe, DataSpec } from './data/spec.js'
export { importSklearn } from './exchange/import-sklearn.js'
export { saveOnnx } from './exchange/onnx-file.js'
export { writeFileAtomic } from './formats/atomic.js'
export { type IdxArray, readIdx } from './formats/idx.js'
export { encodeNpy, type NpyArray, readNpy } from './formats/npy.js'
export type { ReadProgress } from './formats/read-progress.js'
export { decodeCheckpoint, encodeCheckpoint } from './io/checkpoint-file.js'
export { type FolderFitOptions as FitOptions, fitInFolder as fit } from './io/fit-in-folder.js'
export { appendHistory, readHistory } from './io/history.js'
export { loadHomeworkWeights, saveHomeworkWeights } from './io/homework-weights.js'
export { loadModel, saveModel } from './io/model-file.js'
export { type RunEnd, RunFolder, type RunFolderOptions } from './io/run-folder.js'
export type { RunRecord, RunTimes, TrainingResults } from './io/run-record.js'
export { readTrainingCurve, writeTrainingCurve } from './io/training-curve.js'
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
export type { TpeOptions } from './search/space/tpe.js'
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
export { PRESETS, type PresetName } from './train/presets.js'
