import { checkingAsync, integerInRange, knownOptions, oneOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { LayerParameters } from '../../core/results.js'
import { checkLayer } from '../data/layer.js'
import { colourBar, colourBarWidth } from '../marks/colour-bar.js'
import { drawImageGrid } from '../marks/image-grid.js'
import { diverging, rgb } from '../page/colour.js'
import type { Figure } from '../page/figure.js'
import { composePage } from '../page/page.js'
import { checkImageShape, type ImageShape, loadPngEncoder } from '../page/pixels.js'
import { formatCount, formatValue } from '../page/text.js'

export interface WeightImagesOptions {
  readonly title?: string
  readonly subtitle?: string
  /** [height, width] of the input; their product is the number of inputs */
  readonly imageShape: ImageShape
  /** which outputs (hidden units) to show, in this order (default the first 64) */
  readonly units?: readonly number[]
  /**
   * 'shared' (the default): one colour scale for all images, clamped at the 99.5th percentile of |weight|;
   * 'each': a scale for each image, up to its largest |weight|
   */
  readonly scale?: 'shared' | 'each'
}

const MAX_UNITS = 64
const COLUMNS = 8
const CLAMP_PERCENTILE = 0.995

/**
 * The weights into each unit of a layer drawn as an image of the input: blue negative, white zero, red positive.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when the image shape does not match the inputs, a unit does not exist, more
 * than 64 are requested or a shown weight is not finite
 */
export async function weightImagesFigure(layer: LayerParameters, options: WeightImagesOptions): Promise<Figure> {
  return await checkingAsync('weightImagesFigure', () => draw(layer, options))
}

async function draw(layer: LayerParameters, options: WeightImagesOptions): Promise<Figure> {
  knownOptions('options', options ?? null, ['title', 'subtitle', 'imageShape', 'units', 'scale'])
  checkLayer(layer, 'layer')
  checkImageShape('options.imageShape', options?.imageShape, layer.inputs)
  const scale = oneOf('options.scale', options.scale ?? 'shared', ['shared', 'each'])
  const units = chooseUnits(layer, options.units)
  const columns = units.map((unit) => weightsInto(layer, unit))
  const shared = sharedLimit(columns)
  const limits = columns.map((weights) => (scale === 'shared' ? shared : largest(weights)))
  const encode = await loadPngEncoder()
  const images = columns.map((weights, i) => ({
    src: encode(colourPixels(weights, limits[i]), options.imageShape),
    captions: [`unit ${units[i]}`],
  }))
  const layout = { columns: COLUMNS, shape: options.imageShape, side: 64, gap: 10, captionSize: 10 }
  const grid = await drawImageGrid(images, layout)
  const bar = weightBar(scale, shared, grid.height)
  return composePage({
    title: options.title ?? `Weights of ${layer.name} as ${options.imageShape.join(' × ')} images`,
    subtitle: options.subtitle ?? whichUnits(options.units, units.length, layer.outputs),
    notes: [scaleNote(scale)],
    body: grid.body + colourBar(bar, grid.width + 22, 20),
    bodyWidth: grid.width + 22 + colourBarWidth(bar),
    bodyHeight: Math.max(grid.height, bar.height + 30),
  })
}

function chooseUnits({ outputs }: LayerParameters, wanted: readonly number[] | undefined): readonly number[] {
  if (wanted === undefined) return Array.from({ length: Math.min(MAX_UNITS, outputs) }, (_, unit) => unit)
  if (!Array.isArray(wanted) || wanted.length === 0 || wanted.length > MAX_UNITS) {
    throw invalidArgument('options.units', `1 to ${MAX_UNITS} unit numbers`, wanted)
  }
  return wanted.map((unit, i) => integerInRange(`options.units[${i}]`, unit, 0, outputs - 1))
}

function whichUnits(wanted: readonly number[] | undefined, shown: number, outputs: number): string {
  if (shown === outputs) return `all ${formatCount(outputs)} units`
  return `${wanted ? '' : 'the first '}${shown} of ${formatCount(outputs)} units`
}

/** Column `unit` of the row-major weights. */
function weightsInto({ name, weights, inputs, outputs }: LayerParameters, unit: number): Float32Array {
  const column = new Float32Array(inputs)
  for (let k = 0; k < inputs; k++) {
    const weight = weights[k * outputs + unit]
    if (!Number.isFinite(weight)) throw invalidArgument(`${name}: weight [${k}][${unit}]`, 'a finite number', weight)
    column[k] = weight
  }
  return column
}

/** The limit excludes outliers, which would make all other images pale. */
function sharedLimit(columns: readonly Float32Array[]): number {
  const all = new Float32Array(columns.reduce((sum, column) => sum + column.length, 0))
  columns.forEach((column, i) => {
    all.set(column.map(Math.abs), i * column.length)
  })
  all.sort()
  return all[Math.ceil(CLAMP_PERCENTILE * all.length) - 1] || all[all.length - 1] || 1
}

function largest(weights: Float32Array): number {
  return weights.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0) || 1
}

function colourPixels(weights: Float32Array, limit: number): Uint8Array {
  const pixels = new Uint8Array(weights.length * 3)
  weights.forEach((weight, k) => {
    pixels.set(rgb(diverging(0.5 + weight / (2 * limit))), k * 3)
  })
  return pixels
}

function weightBar(scale: 'shared' | 'each', limit: number, gridHeight: number) {
  const ends = scale === 'shared' ? [`≤ ${formatValue(-limit)}`, `≥ ${formatValue(limit)}`] : ['−max', '+max']
  return {
    height: Math.round(Math.min(220, Math.max(80, gridHeight - 24))),
    colour: diverging,
    ticks: [
      { at: 0, label: ends[0] },
      { at: 0.5, label: '0' },
      { at: 1, label: ends[1] },
    ],
    title: 'weight',
  }
}

function scaleNote(scale: 'shared' | 'each'): string {
  return scale === 'shared'
    ? 'One colour scale for all images; the 0.5 % of weights largest in magnitude are clamped.'
    : 'Each image has its own colour scale, up to the largest |weight| of its unit.'
}
