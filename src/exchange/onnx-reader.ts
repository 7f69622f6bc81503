import { invalidFile, shortened } from '../core/errors.js'
import { decodeElements, type ElementType } from '../formats/elements.js'
import { shapeWords } from '../formats/safetensors.js'
import { type ForeignLayer, floatsOf, transposed } from './foreign-model.js'
import { expressionOf, numberText, PASSING } from './onnx-expressions.js'
import { type OnnxGraph, type OnnxNode, type OnnxTensor, TYPE } from './onnx-messages.js'

/** What a value is computed from: the outputs z of a layer, or the inputs of the network. */
export interface Expression {
  /** index of the layer; -1: the inputs */
  readonly layer: number
  /** e.g. 'Relu(z)' */
  readonly text: string
  /** the node that computes it */
  readonly node: string
}

export interface OnnxLayer extends ForeignLayer {
  /** what the next layer takes; 'z' of the last one */
  readonly next: Expression
}

interface Matrix {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** The layers of a graph in their order, and its outputs. @throws NativeMlpError INVALID_FILE naming the node that does not fit */
export function readGraph(graph: OnnxGraph, file: string): { layers: OnnxLayer[]; outputs: Expression[] } {
  return new GraphReader(graph, file).read()
}

class GraphReader {
  readonly #graph: OnnxGraph
  readonly #file: string
  readonly #constants = new Map<string, OnnxTensor>()
  readonly #values = new Map<string, Expression>()
  readonly #layers: { -readonly [K in keyof OnnxLayer]: OnnxLayer[K] }[] = []

  constructor(graph: OnnxGraph, file: string) {
    this.#graph = graph
    this.#file = file
    for (const tensor of graph.initializer) this.#constants.set(tensor.name, tensor)
  }

  read(): { layers: OnnxLayer[]; outputs: Expression[] } {
    const inputs = this.#graph.input.filter(({ name }) => !this.#constants.has(name))
    if (inputs.length !== 1 || inputs[0].type?.tensorType?.elemType !== TYPE.float) {
      const names = inputs.map(({ name }) => `'${shortened(name)}'`).join(', ')
      throw invalidFile(this.#file, `expected one input of floats [rows][inputs], its inputs are ${names || 'none'}`)
    }
    this.#values.set(inputs[0].name, { layer: -1, text: 'z', node: inputs[0].name })
    for (const node of this.#graph.node) this.#add(node)
    if (this.#layers.length === 0)
      throw invalidFile(this.#file, 'it has no Gemm and no MatMul with a matrix of weights')
    const last = this.#layers.length - 1
    const outputs = this.#graph.output.flatMap(({ name }) => this.#values.get(name) ?? [])
    const ends = outputs.filter(({ layer }) => layer === last)
    if (ends.length === 0) throw invalidFile(this.#file, 'none of its outputs is computed from the last layer')
    return { layers: this.#layers, outputs: ends }
  }

  #add(node: OnnxNode): void {
    const [output] = node.output
    const constant = this.#constantOf(node)
    if (constant) {
      this.#constants.set(output, { ...constant, name: output })
      return
    }
    const values = node.input.map((name) => this.#values.get(name))
    const known = values.find((value) => value !== undefined)
    if (known === undefined) {
      throw this.#refuse(node, 'is not computed from the input')
    }
    if (node.opType === 'Gemm' && values[0]) this.#addGemm(node, values[0])
    else if (node.opType === 'MatMul' && values[0]) this.#addLayer(node, values[0], false, undefined)
    else this.#addOther(node, values, known)
  }

  #addOther(node: OnnxNode, values: readonly (Expression | undefined)[], known: Expression): void {
    const [output] = node.output
    const last = this.#layers.at(-1)
    const isBias =
      node.opType === 'Add' && known.text === 'z' && last !== undefined && known.layer === this.#layers.length - 1
    if (isBias && this.#addBias(node, known)) return
    if (PASSING.includes(node.opType) && values[0]) {
      this.#values.set(output, values[0])
      return
    }
    if (values.some((value) => value !== undefined && value.layer !== known.layer)) {
      throw this.#refuse(node, 'joins values of different layers')
    }
    const args = node.input.map((name, i) => values[i]?.text ?? this.#constantText(name))
    const text = expressionOf(node.opType, args, (name) => attributeOf(node, name))
    this.#values.set(output, { layer: known.layer, text: shortened(text, 400), node: nameOf(node) })
  }

  /** Of nodes without computed inputs. */
  #constantOf(node: OnnxNode): OnnxTensor | undefined {
    if (node.opType === 'Constant') return node.attribute.find(({ name }) => name === 'value')?.t
    const tensor = this.#constants.get(node.input[0])
    if (tensor === undefined || node.input.length !== 1) return undefined
    if (node.opType === 'Identity') return tensor
    if (node.opType !== 'Transpose' || tensor.dims.length !== 2) return undefined
    const { shape, values } = this.#matrix(node, tensor, 2)
    const floatData = Array.from(transposed(values, shape[0], shape[1]))
    return { name: '', dims: [...tensor.dims].reverse(), dataType: TYPE.float, floatData }
  }

  #constantText(name: string): string {
    const tensor = this.#constants.get(name)
    if (tensor === undefined) return '?'
    const count = tensor.dims.reduce((product, size) => product * size, 1n)
    if (count !== 1n || tensor.dataType !== TYPE.float) return 'constant'
    return numberText(valuesOf(tensor)?.[0] ?? Number.NaN)
  }

  #addGemm(node: OnnxNode, from: Expression): void {
    const [alpha, beta] = ['alpha', 'beta'].map((name) => attributeOf(node, name) ?? 1)
    if (attributeOf(node, 'transA') || alpha !== 1 || beta !== 1) {
      throw this.#refuse(node, 'has transA, alpha or beta, expected weights and biases as they are')
    }
    this.#addLayer(node, from, Boolean(attributeOf(node, 'transB')), node.input[2])
  }

  #addLayer(node: OnnxNode, from: Expression, isTransposed: boolean, bias: string | undefined): void {
    if (from.layer !== this.#layers.length - 1)
      throw this.#refuse(node, 'does not take the values of the layer before it')
    if (from.layer < 0 && from.text !== 'z') {
      throw this.#refuse(
        node,
        `takes ${shortened(from.text)} of the inputs z, computed by node '${shortened(from.node)}'`,
      )
    }
    const { shape, values } = this.#constant(node, node.input[1], 2)
    const [inputs, outputs] = isTransposed ? [shape[1], shape[0]] : shape
    const weights = isTransposed ? transposed(values, shape[0], shape[1]) : values
    if (from.layer >= 0) this.#layers[from.layer].next = from
    const own: Expression = { layer: this.#layers.length, text: 'z', node: nameOf(node) }
    const biases = bias ? this.#biases(node, bias, outputs) : new Float32Array(outputs)
    this.#layers.push({ name: node.input[1], weights, biases, inputs, outputs, next: own })
    this.#values.set(node.output[0], own)
  }

  /** False where the summand is not a vector of biases. */
  #addBias(node: OnnxNode, from: Expression): boolean {
    const layer = this.#layers[from.layer]
    const name = node.input.find((input) => this.#constants.has(input))
    if (name === undefined) return false
    const more = this.#biases(node, name, layer.outputs)
    layer.biases = layer.biases.map((bias, i) => bias + more[i])
    this.#values.set(node.output[0], from)
    return true
  }

  #biases(node: OnnxNode, name: string, outputs: number): Float32Array {
    const { shape, values } = this.#constant(node, name, null)
    if (values.length === outputs) return values
    throw this.#refuse(node, `adds '${shortened(name)}' of shape ${shapeWords(shape)}, expected ${outputs} biases`)
  }

  #constant(node: OnnxNode, name: string, dims: number | null): Matrix {
    const tensor = this.#constants.get(name)
    if (tensor === undefined) throw this.#refuse(node, `takes '${shortened(name)}', expected a constant tensor`)
    return this.#matrix(node, tensor, dims)
  }

  #matrix(node: OnnxNode, tensor: OnnxTensor, dims: number | null): Matrix {
    const shape = tensor.dims.map(Number)
    const data = valuesOf(tensor)
    const count = shape.reduce((product, size) => product * size, 1)
    if (data === undefined || data.length !== count) {
      const problem = `takes tensor '${shortened(tensor.name)}' of shape ${shapeWords(shape)}`
      throw this.#refuse(node, `${problem}, expected float or double numbers in the file itself`)
    }
    return { shape, values: floatsOf(this.#file, tensor.name, { shape, data }, dims ?? shape.length) }
  }

  #refuse(node: OnnxNode, problem: string): Error {
    return invalidFile(this.#file, `node '${shortened(nameOf(node))}' (${shortened(node.opType)}) ${problem}`)
  }
}

function nameOf({ name, output }: OnnxNode): string {
  return name || output[0] || ''
}

function attributeOf({ attribute }: OnnxNode, name: string): number | string | undefined {
  const found = attribute.find((candidate) => candidate.name === name)
  if (found === undefined) return undefined
  if (found.type === 1) return found.f
  if (found.type === 3) return new TextDecoder().decode(found.s)
  return found.i === undefined ? undefined : Number(found.i)
}

/** Undefined for other types than float and double, for data in other files and for incomplete ones. */
function valuesOf({
  dataType,
  rawData,
  floatData,
  doubleData,
  dataLocation,
}: OnnxTensor): Float32Array | Float64Array | undefined {
  const type: ElementType | undefined =
    dataType === TYPE.float ? 'float32' : dataType === TYPE.double ? 'float64' : undefined
  if (type === undefined || dataLocation === 1) return undefined
  if (rawData !== undefined && rawData.length > 0) {
    const count = rawData.length / (type === 'float32' ? 4 : 8)
    return Number.isInteger(count)
      ? (decodeElements(rawData, 0, count, type, true) as Float32Array | Float64Array)
      : undefined
  }
  return type === 'float32' ? Float32Array.from(floatData ?? []) : Float64Array.from(doubleData ?? [])
}
