import { isFloat32Array, isFloat64Array, isInt32Array } from '../core/typed-arrays.js'
import { encodeElements } from '../formats/elements.js'
import {
  ATTRIBUTE,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxType,
  type OnnxValue,
  TYPE,
} from './onnx-messages.js'

type Numbers = Float32Array | Float64Array | BigInt64Array | Int32Array
type AttributeValue =
  | { float: number }
  | { int: number }
  | { ints: number[] }
  | { floats: number[] }
  | { texts: string[] }

export const ML = 'ai.onnx.ml'

/** A graph under construction. Values are known by their names, which no two of them share. */
export class GraphBuilder {
  readonly #names = new Set<string>()
  readonly #nodes: OnnxNode[] = []
  readonly #initializers: OnnxTensor[] = []
  readonly #inputs: OnnxValue[] = []
  readonly #outputs: OnnxValue[] = []

  /** Takes a name, with a number behind it if it is taken. */
  #fresh(base: string): string {
    let name = base
    for (let i = 2; this.#names.has(name); i++) name = `${base}_${i}`
    this.#names.add(name)
    return name
  }

  /** Before all nodes and constants, so that inputs keep their names. @param shape numbers, or names of any size */
  input(name: string, type: OnnxType, shape: readonly (number | string)[]): string {
    const own = this.#fresh(name)
    this.#inputs.push(valueInfo(own, type, shape))
    return own
  }

  /** A node with one output. */
  node(op: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}, domain = ''): string {
    const output = this.#fresh(op.toLowerCase())
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value))
    this.#nodes.push({ name: output, opType: op, domain, input: inputs, output: [output], attribute })
    return output
  }

  /** A graph output that repeats a value under a name of its own. */
  output(name: string, value: string, type: OnnxType, shape: readonly (number | string)[]): void {
    const own = this.#fresh(name)
    this.#nodes.push({ name: own, opType: 'Identity', domain: '', input: [value], output: [own], attribute: [] })
    this.#outputs.push(valueInfo(own, type, shape))
  }

  constant(name: string, data: Numbers, shape: readonly number[] = [data.length]): string {
    const rawData = new Uint8Array(data.byteLength)
    encodeElements(data, rawData, 0)
    return this.#add({ name: this.#fresh(name), dims: shape.map(BigInt), dataType: typeOf(data), rawData })
  }

  texts(name: string, values: readonly string[]): string {
    const stringData = values.map((value) => new TextEncoder().encode(value))
    return this.#add({ name: this.#fresh(name), dims: [BigInt(values.length)], dataType: TYPE.string, stringData })
  }

  flags(name: string, values: readonly boolean[]): string {
    const rawData = Uint8Array.from(values, Number)
    return this.#add({ name: this.#fresh(name), dims: [BigInt(values.length)], dataType: TYPE.bool, rawData })
  }

  #add(tensor: OnnxTensor): string {
    this.#initializers.push(tensor)
    return tensor.name
  }

  build(name: string): OnnxGraph {
    return { name, node: this.#nodes, initializer: this.#initializers, input: this.#inputs, output: this.#outputs }
  }
}

function typeOf(data: Numbers): number {
  if (isFloat32Array(data)) return TYPE.float
  if (isFloat64Array(data)) return TYPE.double
  return isInt32Array(data) ? TYPE.int32 : TYPE.int64
}

function valueInfo(name: string, type: OnnxType, shape: readonly (number | string)[]): OnnxValue {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: BigInt(size) } : { dimParam: size }))
  return { name, type: { tensorType: { elemType: TYPE[type], shape: { dim } } } }
}

function attributeOf(name: string, value: AttributeValue): OnnxAttribute {
  if ('float' in value) return { name, type: ATTRIBUTE.float, f: value.float }
  if ('int' in value) return { name, type: ATTRIBUTE.int, i: BigInt(value.int) }
  if ('ints' in value) return { name, type: ATTRIBUTE.ints, ints: value.ints.map(BigInt) }
  if ('floats' in value) return { name, type: ATTRIBUTE.floats, floats: value.floats }
  const encoder = new TextEncoder()
  return { name, type: ATTRIBUTE.strings, strings: value.texts.map((text) => encoder.encode(text)) }
}
