export type { DrawnTrial } from './data/drawn-trial.js'
export type { SearchMetric } from './data/trial-metric.js'
export { type AccuracyCurvesOptions, accuracyCurvesFigure } from './figures/accuracy-curves.js'
export { type CalibrationOptions, calibrationFigure } from './figures/calibration.js'
export { type ConfusionMatrixOptions, confusionMatrixFigure } from './figures/confusion-matrix.js'
export type { CurveOptions } from './figures/curves.js'
export { type LossCurvesOptions, lossCurvesFigure } from './figures/loss-curves.js'
export { type Misclassified, type MisclassifiedOptions, misclassifiedFigure } from './figures/misclassified.js'
export { type ParallelCoordinatesOptions, parallelCoordinatesFigure } from './figures/parallel-coordinates.js'
export { type ParameterHistogramsOptions, parameterHistogramsFigure } from './figures/parameter-histograms.js'
export { type NamedPrecisionRecallCurve, precisionRecallCurvesFigure } from './figures/precision-recall-curves.js'
export {
  type PredictedActualOptions,
  type PredictedColumn,
  predictedActualFigure,
} from './figures/predicted-actual.js'
export { type NamedRocCurve, rocCurvesFigure } from './figures/roc-curves.js'
export { type SearchFigure, type SearchFiguresOptions, searchFigures } from './figures/search-figures.js'
export { type SearchHeatmapOptions, searchHeatmapFigure } from './figures/search-heatmap.js'
export type { ShareCurvesOptions } from './figures/share-curves.js'
export { type TrialCurvesOptions, trialCurvesFigure } from './figures/trial-curves.js'
export { type WeightImagesOptions, weightImagesFigure } from './figures/weight-images.js'
export { type Figure, type RenderedFigure, renderFigure } from './page/figure.js'
export type { ImageShape } from './page/pixels.js'
