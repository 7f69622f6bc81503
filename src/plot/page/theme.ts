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

/** Collapsed runs and trials: a purple dark enough for text, which the palette's is not. */
export const COLLAPSED = '#aa3377'

/** The best trials of a search by rank; each is dark enough for text. */
export const RANKS = [OKABE_ITO.vermillion, OKABE_ITO.blue, '#00805d', '#8a4fa8', INK] as const

/** Curves of the other trials, and trials without a score. */
export const FAINT = '#7b94ab'
export const GREY = '#8c8c8c'

/** In drawing order: the training curve lies below the others. */
export const SETS: readonly {
  readonly key: 'train' | 'valid' | 'test'
  readonly label: string
  readonly colour: string
}[] = [
  { key: 'train', label: 'train', colour: OKABE_ITO.blue },
  { key: 'valid', label: 'validation', colour: OKABE_ITO.vermillion },
  { key: 'test', label: 'test', colour: OKABE_ITO.green },
]
