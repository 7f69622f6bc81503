export { type AccuracyCurvesOptions, accuracyCurvesFigure } from './accuracy-curves.js'
export { type ConfusionMatrixOptions, confusionMatrixFigure } from './confusion-matrix.js'
export type { CurveOptions } from './curves.js'
export type { DrawnTrial } from './drawn-trial.js'
export { type Figure, type RenderedFigure, renderFigure } from './figure.js'
export { type LossCurvesOptions, lossCurvesFigure } from './loss-curves.js'
export { type Misclassified, type MisclassifiedOptions, misclassifiedFigure } from './misclassified.js'
export { type ParallelCoordinatesOptions, parallelCoordinatesFigure } from './parallel-coordinates.js'
export { type ParameterHistogramsOptions, parameterHistogramsFigure } from './parameter-histograms.js'
export type { ImageShape } from './pixels.js'
export {
  type HeatmapAxes,
  heatmapAxes,
  type SearchFigure,
  type SearchFiguresOptions,
  searchFigures,
} from './search-figures.js'
export { type SearchHeatmapOptions, type SearchMetric, searchHeatmapFigure } from './search-heatmap.js'
export { type TrialCurvesOptions, trialCurvesFigure } from './trial-curves.js'
export { type WeightImagesOptions, weightImagesFigure } from './weight-images.js'
