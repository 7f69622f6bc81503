import { checking, finiteInRange, isObject, oneOf, trueOrFalse } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import {
  type InputColumn,
  type Label,
  NUMERIC_SCALES,
  TASKS,
  type TableTransform,
  type TargetTransform,
} from './transform.js'

/** A copy of what a program or a model file gives as a transform. @throws NativeMlpError INVALID_ARGUMENT naming what is wrong */
export function checkTransform(name: string, value: unknown): TableTransform {
  return checking(name, () => {
    if (!isObject(value)) throw invalidArgument(name, 'a transform from learnTable, or null', value)
    const { columns, inputs, target } = value
    if (!Array.isArray(inputs) || inputs.length === 0)
      throw invalidArgument(`${name}.inputs`, 'a list of inputs', inputs)
    return Object.freeze({
      columns: texts(`${name}.columns`, columns),
      inputs: Object.freeze(inputs.map((input, i) => checkInput(`${name}.inputs[${i}]`, input))),
      target: checkTarget(`${name}.target`, target),
    })
  })
}

function checkInput(name: string, input: unknown): InputColumn {
  if (!isObject(input)) throw invalidArgument(name, 'an object', input)
  const column = text(`${name}.column`, input.column)
  const kind = oneOf(`${name}.kind`, input.kind, ['numeric', 'categorical'])
  if (kind === 'categorical') {
    const [levels, rare] = [texts(`${name}.levels`, input.levels), texts(`${name}.rare`, input.rare)]
    if (levels.length === 0) throw invalidArgument(`${name}.levels`, 'at least one level', levels)
    return Object.freeze({ column, kind, levels, rare })
  }
  const [knots, scores] = [ascending(`${name}.knots`, input.knots), numbers(`${name}.scores`, input.scores)]
  const scale = oneOf(`${name}.scale`, input.scale, NUMERIC_SCALES)
  if (knots.length !== scores.length || (scale === 'quantile' && knots.length === 0)) {
    throw invalidArgument(`${name}.scores`, `one number for each of ${knots.length || 'at least one'} knots`, scores)
  }
  return Object.freeze({
    ...{ column, kind, scale, knots, scores },
    isDate: trueOrFalse(`${name}.isDate`, input.isDate),
    center: number(`${name}.center`, input.center),
    factor: number(`${name}.factor`, input.factor),
    edges: ascending(`${name}.edges`, input.edges),
    fill: number(`${name}.fill`, input.fill),
    hasFlag: trueOrFalse(`${name}.hasFlag`, input.hasFlag),
  })
}

function checkTarget(name: string, target: unknown): TargetTransform {
  if (!isObject(target)) throw invalidArgument(name, 'an object', target)
  const task = oneOf(`${name}.task`, target.task, TASKS)
  const columns = texts(`${name}.columns`, target.columns)
  if (columns.length === 0) throw invalidArgument(`${name}.columns`, 'at least one name', columns)
  if (task === 'classes') {
    return Object.freeze({ task, columns: [columns[0]] as const, classes: labels(`${name}.classes`, target.classes) })
  }
  if (task === 'multiLabel') return Object.freeze({ task, columns })
  const [means, sds] = [numbers(`${name}.means`, target.means), numbers(`${name}.sds`, target.sds)]
  if (means.length !== columns.length) throw invalidArgument(`${name}.means`, `${columns.length} numbers`, means)
  if (sds.length !== columns.length || !sds.every((sd) => sd > 0)) {
    throw invalidArgument(`${name}.sds`, `${columns.length} numbers > 0`, sds)
  }
  return Object.freeze({ task, columns, means, sds })
}

function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgument(name, 'a text', value)
  return value
}

function texts(name: string, values: unknown): readonly string[] {
  if (!Array.isArray(values)) throw invalidArgument(name, 'a list of texts', values)
  return Object.freeze(Array.from(values, (value, i) => text(`${name}[${i}]`, value)))
}

function number(name: string, value: unknown): number {
  return finiteInRange(name, value, -Number.MAX_VALUE)
}

function numbers(name: string, values: unknown): readonly number[] {
  if (!Array.isArray(values)) throw invalidArgument(name, 'a list of numbers', values)
  return Object.freeze(Array.from(values, (value, i) => number(`${name}[${i}]`, value)))
}

function ascending(name: string, values: unknown): readonly number[] {
  const list = numbers(name, values)
  const wrong = list.findIndex((value, i) => i > 0 && !(value > list[i - 1]))
  if (wrong >= 0) throw invalidArgument(`${name}[${wrong}]`, 'ascending numbers', list[wrong])
  return list
}

function labels(name: string, values: unknown): readonly Label[] {
  if (!Array.isArray(values) || values.length < 2) throw invalidArgument(name, 'a list of at least two classes', values)
  const wrong = Array.from(values).findIndex((value) => !['string', 'number', 'boolean'].includes(typeof value))
  if (wrong >= 0) throw invalidArgument(`${name}[${wrong}]`, 'a text, a number or a boolean', values[wrong])
  return Object.freeze([...values]) as readonly Label[]
}
