import { rasterise } from './raster.js'
import { PNG_SCALE } from './theme.js'

/** A finished drawing. The same data and options give the same SVG bytes. */
export interface Figure {
  /** a complete SVG document with `xmlns`, no scripts, no ids, no outside references */
  readonly svg: string
  /** size in CSS pixels */
  readonly width: number
  readonly height: number
  /** The drawing as PNG bytes; `scale` is device pixels per CSS pixel, up to 8, 2 unless told. */
  png(scale?: number): Promise<Uint8Array>
}

/** A figure as the two files a caller writes. */
export interface RenderedFigure {
  readonly svg: string
  readonly png: Uint8Array
}

export function makeFigure(svg: string, width: number, height: number): Figure {
  return { svg, width, height, png: (scale = PNG_SCALE) => rasterise(svg, scale) }
}

/** Both forms of a figure, for a caller that writes files. */
export async function renderFigure(figure: Figure, scale: number = PNG_SCALE): Promise<RenderedFigure> {
  return { svg: figure.svg, png: await figure.png(scale) }
}
