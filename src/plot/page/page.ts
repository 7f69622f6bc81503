import { invalidArgument } from '../../core/errors.js'
import { type Figure, makeFigure } from './figure.js'
import { cleanText, escapeXml, wrapText } from './text.js'
import { FONT_FAMILY, FONT_SIZE, INK, MUTED, PAGE } from './theme.js'

/** A drawing with the title, subtitle and explanatory notes around it. */
export interface Page {
  readonly title: string
  readonly subtitle?: string
  readonly notes?: readonly string[]
  /** SVG markup whose origin is the top left corner of the body */
  readonly body: string
  readonly bodyWidth: number
  readonly bodyHeight: number
}

const LINE_HEIGHT = 1.35
/** Narrower drawings leave this much room for the title. */
const MIN_WIDTH = 420

/** Sets title, subtitle, body and notes below each other on a white page. */
export function composePage(page: Page): Figure {
  for (const key of ['title', 'subtitle'] as const) {
    if (typeof (page[key] ?? '') !== 'string') throw invalidArgument(`options.${key}`, 'a string', page[key])
  }
  const inner = Math.max(MIN_WIDTH, Math.ceil(page.bodyWidth))
  const parts: string[] = []
  let y: number = PAGE.padding
  const block = (text: string, size: number, fill: string, bold = false) => {
    for (const line of wrapText(cleanText(text), inner, size, bold)) {
      parts.push(textAt(PAGE.padding, y + size, line, { size, fill, bold }))
      y += size * LINE_HEIGHT
    }
  }
  block(page.title, FONT_SIZE.title, INK, true)
  if (page.subtitle) block(page.subtitle, FONT_SIZE.subtitle, MUTED)
  y = Math.ceil(y + 8)
  parts.push(`<g transform="translate(${PAGE.padding},${y})">${page.body}</g>`)
  y += Math.ceil(page.bodyHeight)
  if (page.notes?.length) y += 8
  for (const note of page.notes ?? []) block(note, FONT_SIZE.note, MUTED)
  const width = inner + 2 * PAGE.padding
  const height = Math.ceil(y + PAGE.padding)
  return makeFigure(document(width, height, page.title, parts.join('')), width, height)
}

function document(width: number, height: number, title: string, content: string): string {
  const label = escapeXml(cleanText(title))
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `role="img" aria-label="${label}" font-family="${FONT_FAMILY}" font-size="${FONT_SIZE.tick}" fill="${INK}" ` +
    `color="${INK}"><rect width="${width}" height="${height}" fill="${PAGE.background}"/>${content}</svg>\n`
  )
}

/** Places a drawing of Plot at (x, y) of the body, without its style sheet, which rasterisers and old viewers do not support. */
export function placePlot(plot: Element, x: number, y: number): string {
  for (const style of [...plot.querySelectorAll('style')]) style.remove()
  for (const name of ['class', 'font-family', 'font-size', 'fill']) plot.removeAttribute(name)
  plot.setAttribute('x', String(x))
  plot.setAttribute('y', String(y))
  plot.setAttribute('overflow', 'visible')
  return plot.outerHTML
}

export interface TextStyle {
  readonly size?: number
  readonly fill?: string
  readonly bold?: boolean
  readonly anchor?: 'start' | 'middle' | 'end'
}

/** One line of text with its baseline at y. */
export function textAt(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = FONT_SIZE.tick, fill = INK, bold = false, anchor = 'start' } = style
  const weight = bold ? ' font-weight="bold"' : ''
  return (
    `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}"${weight}>` +
    `${escapeXml(cleanText(text))}</text>`
  )
}

/** Hundredths of a pixel are enough and keep files small. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}
