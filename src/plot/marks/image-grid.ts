import { loadDrawing } from '../page/libraries.js'
import { placePlot, round } from '../page/page.js'
import type { ImageShape } from '../page/pixels.js'
import { cleanText, fitText } from '../page/text.js'
import { FRAME, INK, MUTED } from '../page/theme.js'

export interface GridImage {
  /** data URI of a PNG */
  readonly src: string
  /** lines of text below the image, the first one dark, the others muted */
  readonly captions: readonly string[]
}

export interface GridLayout {
  readonly columns: number
  readonly shape: ImageShape
  /** pixels of the longer side of an image */
  readonly side: number
  /** pixels between two columns */
  readonly gap: number
  readonly captionSize: number
}

export interface DrawnGrid {
  readonly body: string
  readonly width: number
  readonly height: number
}

/** Images in rows with captions below, without smoothing. */
export async function drawImageGrid(images: readonly GridImage[], layout: GridLayout): Promise<DrawnGrid> {
  const { Plot, document } = await loadDrawing()
  const { columns, gap, captionSize } = layout
  const [imageHeight, imageWidth] = imageSize(layout)
  const captionLines = Math.max(0, ...images.map((image) => image.captions.length))
  const stepX = imageWidth + gap
  const stepY = imageHeight + captionLines * captionSize * 1.25 + 12
  const width = Math.min(columns, images.length) * stepX - gap
  const height = Math.ceil(images.length / columns) * stepY - 8
  const placed = images.map((image, i) => ({
    ...image,
    left: (i % columns) * stepX + 0.5,
    top: Math.floor(i / columns) * stepY + 0.5,
  }))
  type Placed = (typeof placed)[number]
  const caption = (line: number) =>
    Plot.text(placed, {
      x: (image: Placed) => round(image.left + imageWidth / 2),
      y: (image: Placed) => round(image.top + imageHeight + captionSize * (0.95 + line * 1.25)),
      text: (image: Placed) => fitText(cleanText(image.captions[line] ?? ''), stepX - 4, captionSize),
      fontSize: captionSize,
      fill: line === 0 ? INK : MUTED,
    })
  const plot = Plot.plot({
    document,
    width,
    height,
    margin: 0,
    axis: null,
    x: { type: 'identity' },
    y: { type: 'identity' },
    marks: [
      Plot.image(placed, {
        x: (image: Placed) => image.left + imageWidth / 2,
        y: (image: Placed) => image.top + imageHeight / 2,
        width: imageWidth,
        height: imageHeight,
        src: 'src',
        preserveAspectRatio: 'none',
        imageRendering: 'pixelated',
      }),
      Plot.rect(placed, {
        x1: 'left',
        y1: 'top',
        x2: (image: Placed) => image.left + imageWidth,
        y2: (image: Placed) => image.top + imageHeight,
        fill: 'none',
        stroke: FRAME,
      }),
      ...Array.from({ length: captionLines }, (_, line) => caption(line)),
    ],
  })
  return { body: placePlot(plot, 0, 0), width, height }
}

/** The longer side is `side`; the aspect ratio is kept. */
function imageSize({ shape: [height, width], side }: GridLayout): [height: number, width: number] {
  const scale = side / Math.max(height, width)
  return [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))]
}
