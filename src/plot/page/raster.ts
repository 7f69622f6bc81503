import { finiteInRange } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import { requireDependency } from '../../package/files.js'
import { withReadableFonts } from './fonts.js'
import { load } from './libraries.js'
import { PAGE } from './theme.js'

const OPTIMIZE_SPEED = 1

/**
 * Draws an SVG as PNG with the fonts of the npm package dejavu-fonts-ttf only, so that text looks the same on every machine,
 * including one without fonts. `scale` is device pixels per CSS pixel, above 0 and at most 8.
 *
 * @throws NativeMlpError INVALID_ARGUMENT; BACKEND_UNAVAILABLE if a library or a font cannot be loaded
 */
export async function rasterise(svg: string, scale: number): Promise<Uint8Array> {
  finiteInRange('scale', scale, 0.05, 8)
  const { Resvg } = await load('@resvg/resvg-js', async () =>
    requireDependency<typeof import('@resvg/resvg-js')>('@resvg/resvg-js'),
  )
  return await withReadableFonts(Resvg, (fontFiles) => {
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
  })
}
