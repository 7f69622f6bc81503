import { INK } from './theme.js'

/** A colour ramp: 0..1 to #rrggbb; values outside are clamped. */
export type Ramp = (t: number) => string

type Rgb = readonly [number, number, number]

/** Blue - white - red, blue for negative; distinguishable with every common colour blindness. Zero is exactly white. */
export const diverging: Ramp = ramp([
  [5, 48, 97],
  [33, 102, 172],
  [67, 147, 195],
  [146, 197, 222],
  [209, 229, 240],
  [255, 255, 255],
  [253, 219, 199],
  [244, 165, 130],
  [214, 96, 77],
  [178, 24, 43],
  [103, 0, 31],
])

/** Near-white to dark blue; prints well in grey. */
export const sequential: Ramp = ramp([
  [247, 251, 255],
  [222, 235, 247],
  [198, 219, 239],
  [158, 202, 225],
  [107, 174, 214],
  [66, 146, 198],
  [33, 113, 181],
  [8, 81, 156],
  [8, 48, 107],
])

/** Interpolates linearly in sRGB between evenly spaced stops. */
function ramp(stops: readonly Rgb[]): Ramp {
  return (t) => {
    const position = Math.min(1, Math.max(0, t)) * (stops.length - 1)
    const i = Math.min(stops.length - 2, Math.floor(position))
    const part = position - i
    return `#${[0, 1, 2].map((c) => hexByte(stops[i][c] + part * (stops[i + 1][c] - stops[i][c]))).join('')}`
  }
}

function hexByte(value: number): string {
  return Math.round(value).toString(16).padStart(2, '0')
}

export function rgb(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** Text colour that is readable on a fill: dark ink on light, white on dark. */
export function readableOn(fill: string): string {
  const [r, g, b] = rgb(fill)
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? INK : '#ffffff'
}
