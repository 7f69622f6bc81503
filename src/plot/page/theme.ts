/** The look of every figure: sizes in CSS pixels, colours as #rrggbb. One place, so that figures match each other. */

/** Verdana has nearly the metrics of DejaVu Sans, for readers whose machine lacks the latter. */
export const FONT_FAMILY = 'DejaVu Sans, Verdana, sans-serif'

export const FONT_SIZE = { title: 16, subtitle: 12, panel: 12, label: 12, tick: 11, note: 11, cell: 11 } as const

export const PAGE = { width: 720, padding: 16, background: '#ffffff' } as const

/** Device pixels of a PNG per CSS pixel. */
export const PNG_SCALE = 2

export const INK = '#222222'
export const MUTED = '#5f5f5f'
export const GRID = '#e4e4e4'
export const FRAME = '#cccccc'

/** The colour-blind-safe palette of Okabe and Ito, "Color Universal Design" (2008). */
export const OKABE_ITO = {
  orange: '#e69f00',
  skyBlue: '#56b4e9',
  green: '#009e73',
  yellow: '#f0e442',
  blue: '#0072b2',
  vermillion: '#d55e00',
  purple: '#cc79a7',
} as const

/** For collapsed runs and trials: a purple that, unlike the palette's, also reads as text. */
export const COLLAPSED = '#aa3377'

/** For the best trials of a search, in their order; each reads as text. */
export const RANKS = [OKABE_ITO.vermillion, OKABE_ITO.blue, '#00805d', '#8a4fa8', INK] as const

/** For what is there to be compared with, and for what does not compete. */
export const FAINT = '#7b94ab'
export const GREY = '#8c8c8c'

export type SetName = 'train' | 'valid' | 'test'

/** The order is the drawing order: the training curve lies below the two that judge it. */
export const SETS: readonly { readonly key: SetName; readonly label: string; readonly colour: string }[] = [
  { key: 'train', label: 'train', colour: OKABE_ITO.blue },
  { key: 'valid', label: 'validation', colour: OKABE_ITO.vermillion },
  { key: 'test', label: 'test', colour: OKABE_ITO.green },
]
