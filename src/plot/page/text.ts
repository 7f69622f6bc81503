/** Advance widths of DejaVu Sans for U+0020..U+007E, in thousandths of the font size. */
const ADVANCE = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
  636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
  748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
  615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
  337, 636, 838,
]
const OTHER_ADVANCE = 850
const BOLD_FACTOR = 1.13

/** Width of a line of text in pixels: exact for ASCII in DejaVu Sans, overestimated for other characters. */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let thousandths = 0
  for (const character of text) thousandths += ADVANCE[character.codePointAt(0)! - 32] ?? OTHER_ADVANCE
  return (thousandths * fontSize * (bold ? BOLD_FACTOR : 1)) / 1000
}

/** Breaks text at spaces into lines of at most `width` pixels; a longer single word is shortened on a line of its own. */
export function wrapText(text: string, width: number, fontSize: number, bold = false): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && textWidth(longer, fontSize, bold) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  lines.push(line)
  return lines.map((l) => fitText(l, width, fontSize, bold))
}

/** Shortens text with an ellipsis so that it is at most `width` pixels wide. */
export function fitText(text: string, width: number, fontSize: number, bold = false): string {
  if (textWidth(text, fontSize, bold) <= width) return text
  let shown = ''
  let taken = textWidth('…', fontSize, bold)
  for (const character of text) {
    taken += textWidth(character, fontSize, bold)
    if (taken > width && shown !== '') break
    shown += character
  }
  return `${shown}…`
}

/** Replaces what XML 1.0 does not allow (control characters, lone surrogates) by U+FFFD, and line breaks by spaces. */
export function cleanText(text: string): string {
  let clean = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    if (code === 9 || code === 10 || code === 13) clean += ' '
    else if (code < 32 || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xdfff)) clean += '\ufffd'
    else clean += code === 0xfffe || code === 0xffff ? '\ufffd' : character
  }
  return clean
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** 12345 as "12,345", the same in every locale. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A measured value with at least `digits` significant digits, plain where that is short: 0.0120, 1234, 1.23e−7. */
export function formatValue(value: number, digits = 3): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size < 1e-4 || size >= 1e6)
    return value
      .toExponential(digits - 1)
      .replace('+', '')
      .replaceAll('-', '−')
  return (size >= 1000 ? value.toFixed(0) : value.toPrecision(digits)).replace('-', '−')
}

/** A whole number, or one of at most three digits, exactly; others with three digits: 512, 0.001, 5e−6, 0.00484. */
export function formatShort(value: number): string {
  const isExact = Number.isInteger(value) ? Math.abs(value) < 1e9 : Number(value.toPrecision(3)) === value
  if (!isExact) return formatValue(value)
  const isTiny = value !== 0 && Math.abs(value) < 1e-4
  return (isTiny ? value.toExponential() : String(value)).replaceAll('-', '−')
}

/** A share in 0..1 with four decimals, as accuracies are printed everywhere in this package. */
export function formatShare(value: number): string {
  return value.toFixed(4)
}

/** "learningRate" as "learning rate", for a parameter without an entry in LABELS. */
export function humanise(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`).replaceAll('_', ' ')
}

const LABELS: Readonly<Record<string, string>> = {
  l2: 'L2',
  l1: 'L1',
  hidden: 'hidden units',
  l2Biases: 'L2 on biases',
}

/** The name of a parameter as a figure shows it. */
export function labelOf(key: string): string {
  return Object.hasOwn(LABELS, key) ? LABELS[key] : humanise(key)
}

export function capitalise(text: string): string {
  return text === '' ? '' : text[0].toUpperCase() + text.slice(1)
}
