/**
 * Raw columns of equal length, as read from a file or given by a program: nothing is scaled, encoded or left out yet. The
 * arrays must not change after the first use.
 */
export interface Table {
  /** in their order in the source, with different names */
  readonly columns: readonly Column[]
  /** rows */
  readonly length: number
  /** path of the file, or 'rows' */
  readonly source: string
  /** columns to predict, if the source says so */
  readonly target?: readonly string[]
  /** where a row (0-based) stands in the source, for messages: 'line 812346' or 'row 5' */
  place(row: number): string
}

export type Column = NumberColumn | TextColumn

export interface NumberColumn {
  readonly name: string
  readonly kind: 'number'
  /** [rows] finite numbers; NaN: missing */
  readonly values: Float64Array
}

export interface TextColumn {
  readonly name: string
  readonly kind: 'text'
  /** [rows] position in `levels`; -1: missing */
  readonly codes: Int32Array
  /** the different texts, in order of first occurrence */
  readonly levels: readonly string[]
}
