import { join } from 'node:path'
import { throwIfAborted } from '../../core/event-loop.js'
import type { Collapse, HistoryEntry, LayerParameters, LearningRateRange } from '../../core/results.js'
import { isUint8Array } from '../../core/typed-arrays.js'
import type { Samples } from '../../data/samples.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { makeFolders } from '../../formats/folder.js'
import { RUN_FIGURES } from '../../io/run-folder.js'
import { classProbabilities } from '../../model/prediction.js'
import {
  type AugmentedImages,
  accuracyCurvesFigure,
  augmentedImagesFigure,
  calibrationFigure,
  confusionMatrixFigure,
  type DrawnTrial,
  type Figure,
  learningRateFigure,
  lossCurvesFigure,
  misclassifiedFigure,
  parameterHistogramsFigure,
  precisionRecallCurvesFigure,
  predictedActualFigure,
  renderFigure,
  rocCurvesFigure,
  type SearchFiguresOptions,
  searchFigures,
  weightImagesFigure,
} from '../../plot/index.js'
import { type PredictedRows, precisionRecallCurves, reliability, rocCurves, valueColumns } from './scored-figures.js'

type FigureName = (typeof RUN_FIGURES)[number]

/** The data of a run's figures; a figure is omitted if its data are missing. */
export interface FigureData {
  /** one line under each title */
  readonly subtitle: string
  readonly history?: readonly HistoryEntry[]
  readonly best?: HistoryEntry | null
  readonly collapsed?: Collapse | null
  readonly parameters?: readonly LayerParameters[]
  /** [height, width] where the inputs of the first layer are an image */
  readonly imageShape?: readonly [number, number] | null
  readonly confusion?: readonly (readonly number[])[]
  readonly predicted?: PredictedRows | undefined
  readonly augmented?: AugmentedImages | null
}

export interface DrawSearchOptions extends SearchFiguresOptions {
  readonly signal?: AbortSignal
}

/** Draws a run. @returns the paths of the files, in the order of RUN_FIGURES */
export function drawFigures(folder: string, data: FigureData, signal?: AbortSignal): Promise<string[]> {
  const drawings = RUN_FIGURES.map((name) => ({ name, draw: () => FIGURES[name](data) }))
  return writeFigures(folder, drawings, signal)
}

/** Draws a search. @returns the paths of the files; empty if no figure suits the trials */
export async function drawSearchFigures(
  folder: string,
  trials: readonly DrawnTrial[],
  { signal, ...options }: DrawSearchOptions = {},
): Promise<string[]> {
  const drawings = searchFigures(trials, options)
  return drawings.length > 0 ? await writeFigures(folder, drawings, signal) : []
}

/** Draws a learning-rate range test. @returns the paths of the files */
export function drawLearningRate(folder: string, range: LearningRateRange, subtitle: string): Promise<string[]> {
  return writeFigures(folder, [{ name: 'learning-rate', draw: () => learningRateFigure(range, { subtitle }) }])
}

interface Drawing {
  readonly name: string
  /** null if the data lack what the figure shows */
  readonly draw: () => Promise<Figure | null>
}

/** A regression has none. */
function hasAccuracy({ train, valid, test }: HistoryEntry): boolean {
  return [train, valid, test].some((set) => set !== undefined && Number.isFinite(set.accuracy))
}

/** Writes each figure as .svg and .png, each file atomically. The folder is made if it is missing. */
export async function writeFigures(
  folder: string,
  drawings: readonly Drawing[],
  signal?: AbortSignal,
): Promise<string[]> {
  await makeFolders(folder)
  const paths: string[] = []
  for (const { name, draw } of drawings) {
    throwIfAborted(signal, `figure ${name}`)
    const figure = await draw()
    if (figure === null) continue
    const { svg, png } = await renderFigure(figure)
    for (const [extension, contents] of Object.entries({ svg, png })) {
      const path = join(folder, `${name}.${extension}`)
      await writeFileAtomic(path, contents)
      paths.push(path)
    }
  }
  return paths
}

/** One line for the two files of a figure, in the notation of a shell. */
export function figureWords(paths: readonly string[]): string[] {
  return paths.flatMap((path) => (path.endsWith('.svg') ? path.replace(/svg$/, '{svg,png}') : []))
}

const FIGURES: Readonly<Record<FigureName, (data: FigureData) => Promise<Figure | null>>> = {
  'loss-curves': async (data) => (data.history?.length ? lossCurvesFigure(data.history, curveOptions(data)) : null),
  'accuracy-curves': async (data) =>
    data.history?.some(hasAccuracy) ? accuracyCurvesFigure(data.history, curveOptions(data)) : null,
  'parameter-histograms': async ({ parameters, subtitle }) =>
    parameters ? parameterHistogramsFigure(parameters, { subtitle: `${subtitle}; 50 equal bins each` }) : null,
  'first-layer-weights': async ({ parameters, imageShape }) =>
    parameters && imageShape ? weightImagesFigure(parameters[0], { imageShape }) : null,
  'confusion-matrix': async ({ confusion }) => (confusion?.length ? confusionMatrixFigure(confusion) : null),
  'roc-curves': async ({ predicted, subtitle }) => {
    const curves = predicted ? rocCurves(predicted) : []
    return curves.length > 0 ? rocCurvesFigure(curves, { subtitle }) : null
  },
  'precision-recall-curves': async ({ predicted, subtitle }) => {
    const curves = predicted ? precisionRecallCurves(predicted) : []
    return curves.length > 0 ? precisionRecallCurvesFigure(curves, { subtitle }) : null
  },
  calibration: async ({ predicted, subtitle }) => {
    const bins = predicted ? reliability(predicted) : null
    return bins ? calibrationFigure(bins, { subtitle }) : null
  },
  'predicted-actual': async ({ predicted, subtitle }) => {
    const columns = predicted ? valueColumns(predicted) : []
    return columns.length > 0 ? predictedActualFigure(columns, { subtitle }) : null
  },
  'augmented-images': async ({ augmented, imageShape, subtitle }) =>
    augmented && imageShape ? augmentedImagesFigure(augmented, { imageShape, subtitle }) : null,
  misclassified: async ({ predicted }) => (predicted?.rows.imageShape ? misclassified(predicted) : null),
}

function curveOptions({ subtitle, best, collapsed }: FigureData) {
  return { subtitle, best: best?.step, collapse: collapsed ?? undefined }
}

/** Null for a model that does not choose among classes. */
function misclassified({ rows, model, prediction }: PredictedRows): Promise<Figure> | null {
  const { classes } = prediction
  const known = classProbabilities(model, prediction)
  if (known === null) return null
  return misclassifiedFigure(
    {
      images: pixels(rows),
      labels: Int32Array.from(rows.rows, (row) => rows.labels![row]),
      predictions: classes,
      probabilities: Float32Array.from(classes, (c, i) => known.probabilities[i * known.classes + c]),
    },
    { imageShape: rows.imageShape! },
  )
}

/** [n][cols] values of the rows of the set. */
function pixels({ values, cols, rows }: Samples): Uint8Array | Float32Array {
  const chosen = isUint8Array(values) ? new Uint8Array(rows.length * cols) : new Float32Array(rows.length * cols)
  rows.forEach((row, i) => {
    chosen.set(values.subarray(row * cols, (row + 1) * cols), i * cols)
  })
  return chosen
}
