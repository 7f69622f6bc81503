import { describe, NativeMlpError } from '../core/errors.js'
import { type CategoricalInput, type InputColumn, isSign, type NumericInput, widthOf } from '../table/transform.js'
import { type GraphBuilder, ML } from './onnx-graph.js'
import { TYPE } from './onnx-messages.js'

/** Element type of numbers that enter and leave a graph. */
export type NumberType = 'float' | 'double'

/** A column with the position of its first input of the network. */
interface Placed<T extends InputColumn> {
  readonly input: T
  readonly at: number
}

/** Inputs of the network, [rows][at.length], and their positions. */
interface Part {
  readonly value: string
  readonly at: readonly number[]
}

/**
 * Adds what the columns of raw rows mean: one graph input [rows][1] a column, numbers (NaN: missing) or texts (empty: missing).
 *
 * @returns the inputs of the network, [rows][inputs] float
 * @throws NativeMlpError INVALID_ARGUMENT for dates, and for a column that is both a number and a category
 */
export function addTable(graph: GraphBuilder, inputs: readonly InputColumn[], type: NumberType): string {
  const [numeric, categorical] = place(inputs)
  const values = declareColumns(graph, inputs, type)
  const parts = [
    ...(numeric.length > 0 ? numberParts(graph, numeric, values, type) : []),
    ...categorical.map((placed) => categoryPart(graph, placed, values.get(placed.input.column)!)),
  ]
  const at = parts.flatMap((part) => part.at)
  const all = joined(
    graph,
    parts.map(({ value }) => value),
  )
  if (at.every((position, i) => position === i)) return all
  const order = new BigInt64Array(at.length)
  at.forEach((position, i) => {
    order[position] = BigInt(i)
  })
  return graph.node('Gather', [all, graph.constant('input_order', order)], { axis: { int: 1 } })
}

function place(inputs: readonly InputColumn[]): [Placed<NumericInput>[], Placed<CategoricalInput>[]] {
  const numeric: Placed<NumericInput>[] = []
  const categorical: Placed<CategoricalInput>[] = []
  let at = 0
  for (const input of inputs) {
    if (input.kind === 'numeric') numeric.push({ input, at })
    else categorical.push({ input, at })
    at += widthOf(input)
  }
  return [numeric, categorical]
}

function declareColumns(
  graph: GraphBuilder,
  inputs: readonly InputColumn[],
  type: NumberType,
): ReadonlyMap<string, string> {
  const kinds = new Map<string, string>()
  const values = new Map<string, string>()
  const refuse = (column: string, problem: string): never => {
    throw new NativeMlpError('INVALID_ARGUMENT', `exportOnnx: column ${describe(column)} ${problem}`)
  }
  for (const input of inputs) {
    const { column, kind } = input
    if (column === '') refuse(column, 'has no name, which an input of an ONNX graph needs')
    if (kind === 'numeric' && input.isDate) {
      refuse(column, 'holds dates, which ONNX does not support: train on numbers, e.g. milliseconds since 1970')
    }
    if (kinds.has(column) && kinds.get(column) !== kind) refuse(column, 'is used both as a number and as a category')
    if (kinds.has(column)) continue
    kinds.set(column, kind)
    values.set(column, graph.input(column, kind === 'numeric' ? type : 'string', ['rows', 1]))
  }
  return values
}

function joined(graph: GraphBuilder, values: readonly string[]): string {
  return values.length === 1 ? values[0] : graph.node('Concat', values, { axis: { int: 1 } })
}

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)

/** All columns of numbers at once: scaled, in bins, and whether they are missing. In double, as `encodeInputs`. */
function numberParts(
  graph: GraphBuilder,
  columns: readonly Placed<NumericInput>[],
  values: ReadonlyMap<string, string>,
  type: NumberType,
): Part[] {
  const raw = joined(
    graph,
    columns.map(({ input }) => values.get(input.column)!),
  )
  const numbers = type === 'double' ? raw : graph.node('Cast', [raw], { to: { int: TYPE.double } })
  const missing = graph.node('IsNaN', [numbers])
  const fill = graph.constant(
    'fill',
    Float64Array.from(columns, ({ input }) => input.fill),
  )
  const filled = graph.node('Where', [missing, fill, numbers])
  const of = (test: (input: NumericInput) => boolean) => range(columns.length).filter((c) => test(columns[c].input))
  const parts: Part[] = []
  const add = (value: string, at: readonly number[]) => {
    parts.push({ value: graph.node('Cast', [value], { to: { int: TYPE.float } }), at })
  }
  const first = (c: number) => columns[c].at
  const linear = of(({ scale }) => scale !== 'robust' && scale !== 'quantile')
  const robust = of(({ scale }) => scale === 'robust')
  if (linear.length > 0) add(scaledColumns(graph, columns, filled, linear), linear.map(first))
  if (robust.length > 0) add(clipped(graph, scaledColumns(graph, columns, filled, robust)), robust.map(first))
  for (const c of of(({ scale }) => scale === 'quantile'))
    add(quantiles(graph, columns[c].input, filled, c), [first(c)])
  const binned = of(({ edges }) => edges.length > 1)
  if (binned.length > 0) {
    const columnsOf = binned.flatMap((c) => range(columns[c].input.edges.length - 1).map(() => c))
    const edges = binned.map((c) => columns[c].input.edges)
    const at = binned.flatMap((c) => range(columns[c].input.edges.length - 1, first(c) + 1))
    add(ramps(graph, pick(graph, filled, columnsOf), edges), at)
  }
  const flagged = of(({ hasFlag }) => hasFlag)
  if (flagged.length > 0) {
    const last = flagged.map((c) => first(c) + widthOf(columns[c].input) - 1)
    add(flagged.length === columns.length ? missing : pick(graph, missing, flagged), last)
  }
  return parts
}

/** Columns of a matrix. */
function pick(graph: GraphBuilder, value: string, columns: readonly number[]): string {
  const positions = graph.constant('columns', BigInt64Array.from(columns, BigInt))
  return graph.node('Gather', [value, positions], { axis: { int: 1 } })
}

/** (x - center) factor */
function scaledColumns(
  graph: GraphBuilder,
  columns: readonly Placed<NumericInput>[],
  filled: string,
  chosen: readonly number[],
): string {
  const values = chosen.length === columns.length ? filled : pick(graph, filled, chosen)
  const center = Float64Array.from(chosen, (c) => columns[c].input.center)
  const factor = Float64Array.from(chosen, (c) => columns[c].input.factor)
  const centered = graph.node('Sub', [values, graph.constant('center', center)])
  return graph.node('Mul', [centered, graph.constant('factor', factor)])
}

/** z = s / 3, then 3 z / sqrt(1 + z^2); numbers whose square overflows get the limit */
function clipped(graph: GraphBuilder, scaled: string): string {
  const scalar = (name: string, value: number) => graph.constant(name, Float64Array.of(value), [])
  const three = scalar('three', 3)
  const bounds = [scalar('lowest', -1e150), scalar('highest', 1e150)]
  const z = graph.node('Clip', [graph.node('Div', [scaled, three]), ...bounds])
  const root = graph.node('Sqrt', [graph.node('Add', [graph.node('Mul', [z, z]), scalar('one', 1)])])
  return graph.node('Div', [graph.node('Mul', [z, three]), root])
}

/** clip((x - e_i) / (e_(i+1) - e_i), 0, 1) for each bin of each list of edges */
function ramps(graph: GraphBuilder, values: string, lists: readonly (readonly number[])[]): string {
  const lower = Float64Array.from(lists.flatMap((edges) => edges.slice(0, -1)))
  const width = Float64Array.from(lists.flatMap((edges) => edges.slice(1).map((edge, i) => edge - edges[i])))
  const from = graph.node('Sub', [values, graph.constant('edges', lower)])
  const share = graph.node('Div', [from, graph.constant('widths', width)])
  const [zero, one] = [0, 1].map((value) => graph.constant('bound', Float64Array.of(value), []))
  return graph.node('Clip', [share, zero, one])
}

/** Linear between the knots, constant beyond: the first score, and of each bin its share of the step to the next. */
function quantiles(graph: GraphBuilder, { knots, scores }: NumericInput, filled: string, column: number): string {
  const value = pick(graph, filled, [column])
  const first = graph.constant('score', Float64Array.of(scores[0]))
  if (knots.length === 1) {
    const zero = graph.constant('zero', Float64Array.of(0))
    return graph.node('Add', [graph.node('Mul', [value, zero]), first])
  }
  const steps = Float64Array.from(scores.slice(1), (score, i) => score - scores[i])
  const weights = graph.constant('score_steps', steps, [steps.length, 1])
  return graph.node('Add', [graph.node('MatMul', [ramps(graph, value, [knots]), weights]), first])
}

/** A level has a position; others, and the empty text of a missing one, have none. */
function categoryPart(graph: GraphBuilder, { input, at }: Placed<CategoricalInput>, value: string): Part {
  const { levels, rare } = input
  const keys = { keys_strings: { texts: [...levels, ...rare] } }
  if (isSign(input)) {
    const values = { values_floats: { floats: [-1, 1] }, default_float: { float: 0 } }
    return { value: graph.node('LabelEncoder', [value], { ...keys, ...values }, ML), at: [at] }
  }
  const width = widthOf(input)
  const codes = [...range(levels.length), ...rare.map(() => levels.length)]
  const values = { values_int64s: { ints: codes }, default_int64: { int: -1 } }
  const code = graph.node('LabelEncoder', [value], { ...keys, ...values }, ML)
  const positions = graph.constant('levels', BigInt64Array.from(range(width), BigInt))
  const isLevel = graph.node('Equal', [code, positions])
  return { value: graph.node('Cast', [isLevel], { to: { int: TYPE.float } }), at: range(width, at) }
}
