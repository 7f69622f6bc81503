import { checkingAsync, integerInRange, knownOptions, listOf, oneOf, textOrNone } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { isFloat32Array, isUint8Array } from '../../core/typed-arrays.js'
import { greyPixels, type Ink, pixelRange } from '../marks/grey-pixels.js'
import { drawImageGrid } from '../marks/image-grid.js'
import type { Figure } from '../page/figure.js'
import { composePage } from '../page/page.js'
import { checkImageShape, type ImageShape, loadPngEncoder } from '../page/pixels.js'

/** Images, each with augmented copies of it. */
export interface AugmentedImages {
  /** [images][1 + copies][height x width], one grey value a pixel: the image itself, then its copies */
  readonly images: Uint8Array | Float32Array
  /** [images], their classes */
  readonly labels: ArrayLike<number>
  /** of each image, 1 to 20 */
  readonly copies: number
}

export interface AugmentedImagesOptions {
  readonly title?: string
  readonly subtitle?: string
  readonly imageShape: ImageShape
  /** names for the class numbers */
  readonly classNames?: readonly string[]
  /** 'dark' (the default) draws high values dark on white, as ink on paper; 'light' draws them light on black */
  readonly ink?: Ink
}

const OPTIONS = ['title', 'subtitle', 'imageShape', 'classNames', 'ink']
const SIDE = 56
const GAP = 8
const CAPTION_SIZE = 10.5

/**
 * A contact sheet: in each line an image and its augmented copies.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` when lengths disagree, a pixel is not finite or there are no images
 */
export async function augmentedImagesFigure(data: AugmentedImages, options: AugmentedImagesOptions): Promise<Figure> {
  return await checkingAsync('augmentedImagesFigure', () => draw(data, options))
}

async function draw(data: AugmentedImages, options: AugmentedImagesOptions): Promise<Figure> {
  knownOptions('options', options ?? null, OPTIONS)
  if (options.classNames !== undefined) {
    listOf('options.classNames', options.classNames, 'names').forEach((name, i) => {
      textOrNone(`options.classNames[${i}]`, name)
    })
  }
  const { images, labels, copies } = data ?? {}
  const { imageShape, classNames } = options
  const count = integerInRange('data.labels.length', labels?.length, 1)
  const columns = 1 + integerInRange('data.copies', copies, 1, 20)
  if (!(isUint8Array(images) || isFloat32Array(images)) || images.length % (count * columns) !== 0) {
    throw invalidArgument('data.images', `a Uint8Array or Float32Array of ${count} x ${columns} images`, images)
  }
  checkImageShape('options.imageShape', imageShape, images.length / (count * columns))
  const ink = oneOf('options.ink', options.ink ?? 'dark', ['dark', 'light'])
  const all = Array.from({ length: count * columns }, (_, i) => i)
  const range = pixelRange(images, all, imageShape)
  const encode = await loadPngEncoder()
  const name = (label: number) => classNames?.[label] ?? String(label)
  const drawn = all.map((i) => ({
    src: encode(greyPixels(images, i, imageShape, range, ink), imageShape),
    captions: i % columns === 0 ? [name(labels[i / columns])] : [''],
  }))
  const grid = await drawImageGrid(drawn, {
    columns,
    shape: imageShape,
    side: SIDE,
    gap: GAP,
    captionSize: CAPTION_SIZE,
  })
  return composePage({
    title: options.title ?? 'Augmented images',
    subtitle: options.subtitle,
    notes: ['Left: the image and its class; beside it copies as training sees them, one an epoch.'],
    body: grid.body,
    bodyWidth: grid.width,
    bodyHeight: grid.height,
  })
}
