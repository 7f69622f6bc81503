import { cleanText } from './text.js'

export function svgElement(
  document: Document,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name) as SVGElement
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  if (text !== undefined) element.textContent = cleanText(text)
  return element
}

/** Attributes that keep text readable across lines. */
export function halo(colour: string) {
  return { stroke: colour, 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke' }
}
