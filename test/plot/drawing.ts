import { parseHTML } from 'linkedom'
import { PNG } from 'pngjs'
import { expect } from 'vitest'
import { type Figure, renderFigure } from '../../src/plot/index.js'
import { textWidth } from '../../src/plot/page/text.js'

/** Checks that a figure is self-contained XML of the declared size with this title, and returns its decoded PNG. */
export async function checkFigure(figure: Figure, title: string): Promise<PNG> {
  expect(figure.svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+" viewBox="0 0 /)
  expect(figure.svg).not.toMatch(/<style|<script|\sid=|url\(|NaN|undefined|Infinity/)
  expect(texts(figure)[0]).toBe(title)
  const { svg, png } = await renderFigure(figure, 1)
  expect(svg).toBe(figure.svg)
  const image = PNG.sync.read(Buffer.from(png))
  expect([image.width, image.height]).toEqual([figure.width, figure.height])
  expect(ink(image, 16, 14, 120, 20), 'title ink').toBeGreaterThan(50)
  expect(ink(image, 0, 0, image.width, 6), 'top margin').toBe(0)
  expect(ink(image, 0, image.height - 5, image.width, 5), 'bottom margin').toBe(0)
  expect(ink(image, image.width - 5, 0, 5, image.height), 'right margin').toBe(0)
  expect(ink(image, 0, 0, 5, image.height), 'left margin').toBe(0)
  return image
}

/** Number of pixels of a rectangle that are clearly not white. */
export function ink(image: PNG, left: number, top: number, width: number, height: number): number {
  let count = 0
  for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) if (dark(image, x, y)) count++
  return count
}

/** The last column of a band of rows that has ink. */
export function lastInk(image: PNG, top: number, height: number): number {
  for (let x = image.width - 1; x >= 0; x--) if (ink(image, x, top, 1, height) > 0) return x
  return -1
}

function dark(image: PNG, x: number, y: number): boolean {
  const at = 4 * (y * image.width + x)
  return image.data[at] + image.data[at + 1] + image.data[at + 2] < 3 * 200
}

/** All texts of a figure in document order, but for empty ones. */
export function texts({ svg }: Figure): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]+)(?=<)/g)].map((match) => unescapeXml(match[1]))
}

export function count({ svg }: Figure, pattern: RegExp): number {
  return [...svg.matchAll(new RegExp(pattern, 'g'))].length
}

/** The elements that a selector finds. */
export function elements({ svg }: Figure, selector: string): Element[] {
  return [...parseHTML(`<!doctype html><html><body>${svg}</body></html>`).document.querySelectorAll(selector)]
}

/** The PNGs inside a figure, decoded. */
export function innerImages({ svg }: Figure): PNG[] {
  const uris = svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)
  return [...uris].map((uri) => PNG.sync.read(Buffer.from(uri[1], 'base64')))
}

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

interface Box {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Pairs of texts that cover each other, and texts that leave the page; texts on their side are not looked at. */
export function overlaps(figure: Figure): string[] {
  const boxes = textBoxes(figure)
  expect(boxes.length).toBeGreaterThan(1)
  const problems = boxes
    .filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > figure.width || bottom > figure.height)
    .map(({ text }) => `'${text}' leaves the page`)
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) {
      const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
      if (!apart) problems.push(`'${a.text}' covers '${b.text}'`)
    }
  })
  return problems
}

/** Without the line's spare height above small letters and below the baseline. */
function textBoxes({ svg }: Figure): Box[] {
  const { document } = parseHTML(`<!doctype html><html><body>${svg}</body></html>`)
  const boxes: Box[] = []
  for (const element of document.querySelectorAll('text')) {
    const chain: Element[] = []
    for (let at: Element | null = element; at && at.tagName !== 'BODY'; at = at.parentElement) chain.push(at)
    if (chain.some((at) => at.getAttribute('transform')?.includes('rotate'))) continue
    const inherited = (name: string) => chain.map((at) => at.getAttribute(name)).find((value) => value != null)
    const size = Number.parseFloat(inherited('font-size') ?? '11')
    const [x, y] = [0, 1].map((axis) => chain.reduce((sum, at) => sum + offset(at, axis, size), 0))
    const width = textWidth(element.textContent ?? '', size, inherited('font-weight') === 'bold') * 0.97
    const anchor = inherited('text-anchor') ?? 'start'
    const left = x - (anchor === 'middle' ? width / 2 : anchor === 'end' ? width : 0)
    const baseline = y + pixels(element.getAttribute('dy') ?? '0', size)
    const text = element.textContent ?? ''
    boxes.push({ text, left, right: left + width, top: baseline - 0.74 * size, bottom: baseline + 0.05 * size })
  }
  return boxes.filter(({ text }) => text.trim() !== '')
}

function offset(element: Element, axis: number, size: number): number {
  const [, ...shift] = element.getAttribute('transform')?.match(/translate\(([-\d.]+)[ ,]+([-\d.]+)\)/) ?? []
  const own = element.tagName.toLowerCase() === 'text' || element.tagName.toLowerCase() === 'svg'
  return Number(shift[axis] ?? 0) + (own ? pixels(element.getAttribute('xy'[axis]) ?? '0', size) : 0)
}

function pixels(length: string, size: number): number {
  return Number.parseFloat(length) * (length.endsWith('em') ? size : 1)
}
