import { join } from 'node:path'
import { throwIfAborted } from '../../core/event-loop.js'
import type { Collapse, HistoryEntry, LayerParameters } from '../../core/results.js'
import type { Samples } from '../../data/samples.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { makeFolders } from '../../formats/folder.js'
import { RUN_FIGURES } from '../../io/run-folder.js'
import type { Prediction } from '../../model/predict.js'
import {
  accuracyCurvesFigure,
  confusionMatrixFigure,
  type Figure,
  lossCurvesFigure,
  misclassifiedFigure,
  parameterHistogramsFigure,
  renderFigure,
  weightImagesFigure,
} from '../../plot/index.js'

export type FigureName = (typeof RUN_FIGURES)[number]

/** What figures are drawn from; each is drawn where what it shows is given. */
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
  /** rows with labels, and what the model says of them */
  readonly predicted?: { readonly rows: Samples; readonly prediction: Prediction }
}

/**
 * Draws into `folder`, which is made where it is missing, each figure as .svg and .png, each file atomically.
 *
 * @returns the paths of the files, in the order of RUN_FIGURES
 */
export async function drawFigures(folder: string, data: FigureData, signal?: AbortSignal): Promise<string[]> {
  await makeFolders(folder)
  const paths: string[] = []
  for (const name of RUN_FIGURES) {
    throwIfAborted(signal, `figure ${name}`)
    const figure = await FIGURES[name](data)
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

/** One line for the two forms of a figure, as a shell would write it. */
export function figureWords(paths: readonly string[]): string[] {
  return paths.flatMap((path) => (path.endsWith('.svg') ? path.replace(/svg$/, '{svg,png}') : []))
}

/** null where the data lack what the figure shows. */
const FIGURES: Readonly<Record<FigureName, (data: FigureData) => Promise<Figure | null>>> = {
  'loss-curves': async (data) => (data.history?.length ? lossCurvesFigure(data.history, curveOptions(data)) : null),
  'accuracy-curves': async (data) =>
    data.history?.length ? accuracyCurvesFigure(data.history, curveOptions(data)) : null,
  'parameter-histograms': async ({ parameters, subtitle }) =>
    parameters ? parameterHistogramsFigure(parameters, { subtitle: `${subtitle}; 50 equal bins each` }) : null,
  'first-layer-weights': async ({ parameters, imageShape }) =>
    parameters && imageShape ? weightImagesFigure(parameters[0], { imageShape }) : null,
  'confusion-matrix': async ({ confusion }) => (confusion?.length ? confusionMatrixFigure(confusion) : null),
  misclassified: async ({ predicted }) => (predicted?.rows.imageShape ? misclassified(predicted) : null),
}

function curveOptions({ subtitle, best, collapsed }: FigureData) {
  return { subtitle, best: best?.step, collapse: collapsed ?? undefined }
}

function misclassified({ rows, prediction }: NonNullable<FigureData['predicted']>): Promise<Figure> {
  const { classes, probabilities } = prediction
  const width = probabilities.length / classes.length
  return misclassifiedFigure(
    {
      images: pixels(rows),
      labels: Int32Array.from(rows.rows, (row) => rows.labels![row]),
      predictions: classes,
      probabilities: Float32Array.from(classes, (c, i) => probabilities[i * width + c]),
    },
    { imageShape: rows.imageShape! },
  )
}

/** [n][cols] values of the rows of the set. */
function pixels({ values, cols, rows }: Samples): Uint8Array | Float32Array {
  const chosen =
    values instanceof Uint8Array ? new Uint8Array(rows.length * cols) : new Float32Array(rows.length * cols)
  rows.forEach((row, i) => {
    chosen.set(values.subarray(row * cols, (row + 1) * cols), i * cols)
  })
  return chosen
}
