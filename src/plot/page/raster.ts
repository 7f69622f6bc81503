import { finiteInRange } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import { load } from './libraries.js'
import { PAGE } from './theme.js'

const FONT_FILES = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']
const OPTIMIZE_SPEED = 1

/**
 * Draws an SVG as PNG with the fonts of the npm package dejavu-fonts-ttf only, so that text looks the same on every machine,
 * including one without fonts. `scale` is device pixels per CSS pixel, above 0 and at most 8.
 */
export async function rasterise(svg: string, scale: number): Promise<Uint8Array> {
  finiteInRange('scale', scale, 0.05, 8)
  const { Resvg } = await load('@resvg/resvg-js', () => import('@resvg/resvg-js'))
  const fontFiles = await findFonts()
  try {
    const image = new Resvg(svg, {
      fitTo: { mode: 'zoom', value: scale },
      background: PAGE.background,
      // resvg does not support "pixelated"; optimizeSpeed has the same effect
      imageRendering: OPTIMIZE_SPEED,
      font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
    })
    return new Uint8Array(image.render().asPng())
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new NativeMlpError('INVALID_ARGUMENT', `svg: cannot be drawn as PNG: ${reason}`, { cause })
  }
}

async function findFonts(): Promise<string[]> {
  const { createRequire } = await import('node:module')
  const require = createRequire(import.meta.url)
  return load('dejavu-fonts-ttf', async () => FONT_FILES.map((file) => require.resolve(`dejavu-fonts-ttf/ttf/${file}`)))
}
