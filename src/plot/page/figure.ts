import { isCallable } from '../../core/callable.js'
import { checking, checkingAsync } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { rasterise } from './raster.js'
import { PNG_SCALE } from './theme.js'

/** A finished drawing. The same data and options give the same SVG bytes. */
export interface Figure {
  /** a complete SVG document with `xmlns`, no scripts, no ids, no outside references */
  readonly svg: string
  /** size in CSS pixels */
  readonly width: number
  readonly height: number
  /** The drawing as PNG bytes; `scale` is device pixels per CSS pixel, 0.05 to 8, default 2. */
  png(scale?: number): Promise<Uint8Array>
}

/** A figure as the contents of an .svg and a .png file. */
export interface RenderedFigure {
  readonly svg: string
  readonly png: Uint8Array
}

export function makeFigure(svg: string, width: number, height: number): Figure {
  return { svg, width, height, png: (scale = PNG_SCALE) => rasterise(svg, scale) }
}

/** Renders a figure to SVG and PNG; `scale` as in `Figure.png`. */
export async function renderFigure(figure: Figure, scale: number = PNG_SCALE): Promise<RenderedFigure> {
  const svg = checking('figure', () => {
    const { svg, png } = Object(figure) as Partial<Figure>
    if (typeof svg !== 'string' || !isCallable(png)) throw invalidArgument('figure', 'a figure', figure)
    return svg
  })
  return { svg, png: await checkingAsync('figure', () => figure.png(scale)) }
}
