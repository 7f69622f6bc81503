/**
 * What the columns of a table mean to a network, learnt on its training rows: plain JSON, saved in the model file.
 */
export interface TableTransform {
  /** all columns of the training table without the target: what the cells of a row without names are */
  readonly columns: readonly string[]
  /** in the order of the network's inputs */
  readonly inputs: readonly InputColumn[]
  readonly target: TargetTransform
}

export type InputColumn = NumericInput | CategoricalInput

export const NUMERIC_SCALES = ['robust', 'standard', 'minMax', 'quantile', 'none'] as const
/**
 * How numbers become inputs:
 * - `'robust'` (default): z = (x - median) / (upper - lower quartile), then z / sqrt(1 + (z / 3)^2), which stays within +-3
 *   (RealMLP; Holzmueller et al., 2024)
 * - `'standard'`: mean 0, standard deviation 1
 * - `'minMax'`: the range of the training rows becomes -1 to 1
 * - `'quantile'`: the quantiles of the training rows become those of the normal distribution
 * - `'none'`: as they are
 */
export type NumericScale = (typeof NUMERIC_SCALES)[number]

/** One input for the scaled number, one for each bin, one that says whether it is missing. */
export interface NumericInput {
  readonly column: string
  readonly kind: 'numeric'
  /** whether texts are dates, as milliseconds since 1970 */
  readonly isDate: boolean
  readonly scale: NumericScale
  /** subtracted first; unused by 'quantile' */
  readonly center: number
  /** then multiplied */
  readonly factor: number
  /** of 'quantile': ascending numbers and the inputs they become; linear between them */
  readonly knots: readonly number[]
  readonly scores: readonly number[]
  /** piecewise-linear encoding: ascending edges, one fewer inputs, `clip((x - e_i) / (e_(i+1) - e_i), 0, 1)` each; or none */
  readonly edges: readonly number[]
  /** stands for a missing number */
  readonly fill: number
  /** whether an input tells that the number is missing */
  readonly hasFlag: boolean
}

/**
 * Two levels are one input, -1 and 1; more are one input each, 1 for the level, and one for the `rare` ones together. A
 * missing cell and a level that no training row has are zeros.
 */
export interface CategoricalInput {
  readonly column: string
  readonly kind: 'categorical'
  /** the most frequent first */
  readonly levels: readonly string[]
  /** levels of the training rows beyond the limit */
  readonly rare: readonly string[]
}

export const TASKS = ['classes', 'regression', 'multiLabel'] as const
/** One of several classes; numbers; or any of several labels. */
export type TargetTask = (typeof TASKS)[number]

export type Label = string | number | boolean

export type TargetTransform = ClassesTarget | LabelsTarget | ValuesTarget

export interface ClassesTarget {
  readonly task: 'classes'
  readonly columns: readonly [string]
  /** what class c is called in the data */
  readonly classes: readonly Label[]
}

/** Columns of 0 and 1, or false and true. */
export interface LabelsTarget {
  readonly task: 'multiLabel'
  readonly columns: readonly string[]
}

/** Outputs are (value - mean) / sd. */
export interface ValuesTarget {
  readonly task: 'regression'
  readonly columns: readonly string[]
  readonly means: readonly number[]
  /** > 0 */
  readonly sds: readonly number[]
}

/** Inputs of a network for one column. */
export function widthOf(input: InputColumn): number {
  if (input.kind === 'numeric') return 1 + Math.max(0, input.edges.length - 1) + (input.hasFlag ? 1 : 0)
  if (isSign(input)) return 1
  return input.levels.length + (input.rare.length > 0 ? 1 : 0)
}

/** Whether two levels share one input. */
export function isSign({ levels, rare }: CategoricalInput): boolean {
  return levels.length === 2 && rare.length === 0
}

/** Inputs of the network. */
export function inputsOf({ inputs }: Pick<TableTransform, 'inputs'>): number {
  return inputs.reduce((sum, input) => sum + widthOf(input), 0)
}

/** Outputs of the network; one for each class. */
export function outputsOf({ target }: Pick<TableTransform, 'target'>): number {
  return target.task === 'classes' ? target.classes.length : target.columns.length
}

/** Names of the classes, or of the outputs. */
export function targetNames({ target }: Pick<TableTransform, 'target'>): readonly string[] {
  return target.task === 'classes' ? target.classes.map(String) : target.columns
}
