import {
  checkingAsync,
  finiteInRange,
  integerInRange,
  knownOptions,
  listOf,
  oneOf,
  textOrNone,
} from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { isFloat32Array, isUint8Array } from '../../core/typed-arrays.js'
import { greyPixels, type Ink, pixelRange } from '../marks/grey-pixels.js'
import { drawImageGrid } from '../marks/image-grid.js'
import type { Figure } from '../page/figure.js'
import { composePage, textAt } from '../page/page.js'
import { checkImageShape, type ImageShape, loadPngEncoder } from '../page/pixels.js'
import { formatCount, textWidth } from '../page/text.js'
import { FONT_SIZE, PAGE } from '../page/theme.js'

/** Rows with their labels and a model's predictions; correctly classified rows are not shown. */
export interface Misclassified {
  /** [rows][height x width], one grey value a pixel */
  readonly images: Uint8Array | Float32Array
  /** [rows], the true classes */
  readonly labels: ArrayLike<number>
  /** [rows], the predicted classes */
  readonly predictions: ArrayLike<number>
  /** [rows], the probability of the predicted class, 0..1 */
  readonly probabilities?: ArrayLike<number>
}

export interface MisclassifiedOptions {
  readonly title?: string
  readonly subtitle?: string
  readonly imageShape: ImageShape
  /** 1 to 100 images (default 40) */
  readonly limit?: number
  /** 'probability' (the most confident errors first, the default with probabilities) or 'row' */
  readonly order?: 'probability' | 'row'
  /** names for the class numbers */
  readonly classNames?: readonly string[]
  /** 'dark' (the default) draws high values dark on white, as ink on paper; 'light' draws them light on black */
  readonly ink?: Ink
}

const OPTIONS = ['title', 'subtitle', 'imageShape', 'limit', 'order', 'classNames', 'ink']
const COLUMNS = 8
const CAPTION_SIZE = 10.5

/**
 * Misclassified rows as images, each with "true → predicted" and the probability of the predicted class.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when lengths disagree, a shown pixel is not finite or there are no rows
 */
export async function misclassifiedFigure(data: Misclassified, options: MisclassifiedOptions): Promise<Figure> {
  return await checkingAsync('misclassifiedFigure', () => draw(data, options))
}

async function draw(data: Misclassified, options: MisclassifiedOptions): Promise<Figure> {
  knownOptions('options', options ?? null, OPTIONS)
  const rows = checkData(data, options)
  const limit = integerInRange('options.limit', options.limit ?? 40, 1, 100)
  const ink = oneOf('options.ink', options.ink ?? 'dark', ['dark', 'light'])
  const order = oneOf('options.order', options.order ?? (data.probabilities ? 'probability' : 'row'), ORDERS)
  if (order === 'probability' && !data.probabilities) {
    throw invalidArgument('options.order', "'row' when no probabilities are given", order)
  }
  checkNames(options.classNames)
  const wrong = wrongRows(data, rows, order)
  const title = options.title ?? 'Misclassified rows'
  if (wrong.length === 0) return emptyFigure(title, rows)
  const shown = wrong.slice(0, limit)
  const encode = await loadPngEncoder()
  const range = pixelRange(data.images, shown, options.imageShape)
  const images = shown.map((row) => ({
    src: encode(greyPixels(data.images, row, options.imageShape, range, ink), options.imageShape),
    captions: captions(data, row, options.classNames),
  }))
  const widest = Math.max(...images.flatMap(({ captions }) => captions.map((c) => textWidth(c, CAPTION_SIZE))))
  const gap = Math.max(14, Math.min(90, Math.ceil(widest) + 8 - SIDE))
  const columns = Math.max(1, Math.min(COLUMNS, Math.floor((PAGE.width + gap) / (SIDE + gap))))
  const layout = { columns, shape: options.imageShape, side: SIDE, gap, captionSize: CAPTION_SIZE }
  const grid = await drawImageGrid(images, layout)
  return composePage({
    title,
    subtitle: options.subtitle ?? subtitle(shown.length, wrong.length, rows, order),
    notes: [
      `Below each image: true class → predicted class${data.probabilities ? ', p = probability of the predicted class' : ''}.`,
    ],
    body: `<g transform="translate(${gap / 2},0)">${grid.body}</g>`,
    bodyWidth: grid.width + gap,
    bodyHeight: grid.height,
  })
}

const ORDERS = ['probability', 'row'] as const
const SIDE = 68

function checkData(data: Misclassified, options: MisclassifiedOptions): number {
  const rows = integerInRange('data.labels.length', data?.labels?.length, 1)
  if (!(isUint8Array(data.images) || isFloat32Array(data.images))) {
    throw invalidArgument('data.images', 'a Uint8Array or Float32Array', data.images)
  }
  if (data.images.length === 0 || data.images.length % rows !== 0) {
    throw invalidArgument('data.images', `${rows} rows of equal length, one for each label`, data.images)
  }
  checkImageShape('options.imageShape', options?.imageShape, data.images.length / rows)
  if (data.predictions?.length !== rows) throw invalidArgument('data.predictions', `${rows} values`, data.predictions)
  if (data.probabilities !== undefined && Object(data.probabilities).length !== rows) {
    throw invalidArgument('data.probabilities', `${rows} values`, data.probabilities)
  }
  for (let row = 0; row < rows; row++) {
    integerInRange(`data.labels[${row}]`, data.labels[row], 0)
    integerInRange(`data.predictions[${row}]`, data.predictions[row], 0)
    if (data.probabilities) finiteInRange(`data.probabilities[${row}]`, data.probabilities[row], 0, 1.0001)
  }
  return rows
}

function checkNames(names: readonly string[] | undefined): void {
  if (names === undefined) return
  listOf('options.classNames', names, 'names').forEach((name, i) => {
    textOrNone(`options.classNames[${i}]`, name)
  })
}

function wrongRows({ labels, predictions, probabilities }: Misclassified, rows: number, order: string): number[] {
  const wrong: number[] = []
  for (let row = 0; row < rows; row++) if (labels[row] !== predictions[row]) wrong.push(row)
  return order === 'row' ? wrong : wrong.sort((a, b) => probabilities![b] - probabilities![a] || a - b)
}

function emptyFigure(title: string, rows: number): Promise<Figure> | Figure {
  const text = `All ${formatCount(rows)} rows are classified correctly.`
  return composePage({ title, body: textAt(0, 16, text, { size: FONT_SIZE.label }), bodyWidth: 420, bodyHeight: 28 })
}

function captions({ labels, predictions, probabilities }: Misclassified, row: number, names?: readonly string[]) {
  const name = (label: number) => names?.[label] ?? String(label)
  const classes = `${name(labels[row])} → ${name(predictions[row])}`
  return probabilities ? [classes, `p = ${probabilities[row].toFixed(3)}`] : [classes]
}

function subtitle(shown: number, wrong: number, rows: number, order: string): string {
  const total = `${formatCount(wrong)} of ${formatCount(rows)} rows misclassified`
  if (shown === wrong) return total
  return `${total}; ${order === 'row' ? 'the first' : 'the most confident'} ${formatCount(shown)} are shown`
}
