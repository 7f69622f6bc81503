import type { Ramp } from '../page/colour.js'
import { round, textAt } from '../page/page.js'
import { fitText, textWidth } from '../page/text.js'
import { FONT_SIZE, FRAME, INK, MUTED } from '../page/theme.js'

export interface ColourBar {
  readonly height: number
  /** colour at the share 0 (bottom) .. 1 (top) of the height */
  readonly colour: Ramp
  /** labels at shares of the height */
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
  readonly title: string
}

const CELLS = 64
const BAR_WIDTH = 14

/** Width in pixels of a bar with its labels and the title above it. */
export function colourBarWidth(bar: ColourBar): number {
  const labels = bar.ticks.map((tick) => BAR_WIDTH + 8 + textWidth(tick.label, FONT_SIZE.tick))
  return Math.ceil(Math.max(textWidth(bar.title, FONT_SIZE.tick), ...labels))
}

/** A vertical ramp of plain cells (Plot's own legend would need a canvas) with its top left corner at (x, y). */
export function colourBar(bar: ColourBar, x: number, y: number): string {
  const step = bar.height / CELLS
  // cells overlap, which avoids seams at fractional scales
  const cells = Array.from({ length: CELLS }, (_, i) => {
    const top = Math.round(y + i * step)
    const bottom = Math.round(y + (i + 1) * step)
    const fill = bar.colour((CELLS - 1 - i) / (CELLS - 1))
    return `<rect x="${x}" y="${top}" width="${BAR_WIDTH}" height="${bottom - top + (i < CELLS - 1 ? 1 : 0)}" fill="${fill}"/>`
  })
  const ticks = bar.ticks.map(({ at, label }) => {
    const tickY = round(y + (1 - at) * bar.height)
    const line = `<path d="M${x + BAR_WIDTH},${tickY}h4" stroke="${INK}"/>`
    return line + textAt(x + BAR_WIDTH + 7, tickY + FONT_SIZE.tick * 0.36, label)
  })
  const frame = `<rect x="${x}" y="${y}" width="${BAR_WIDTH}" height="${bar.height}" fill="none" stroke="${FRAME}"/>`
  const title = textAt(x, y - 10, fitText(bar.title, 200, FONT_SIZE.tick), { fill: MUTED })
  return `<g aria-label="colour ramp">${cells.join('')}${frame}${ticks.join('')}${title}</g>`
}
