import type { Activation, Loss } from '../core/types.js'

/** What `Expression.text` looks like for each activation of a layer z, also as other programs write it. */
export const ACTIVATION_OF: ReadonlyMap<string, Activation> = new Map([
  ['z', 'identity'],
  ['Relu(z)', 'relu'],
  ['LeakyRelu[0.01](z)', 'leakyRelu'],
  ['Tanh(z)', 'tanh'],
  ['Sigmoid(z)', 'sigmoid'],
  ['Elu[1](z)', 'elu'],
  ['Selu[1.67326,1.0507](z)', 'selu'],
  ['Mul(Sigmoid(z),z)', 'silu'],
  ['Mish(z)', 'mish'],
  ['Mul(Tanh(Softplus(z)),z)', 'mish'],
  ['Gelu[none](z)', 'gelu'],
  ['Mul(0.5,Mul(Add(1,Erf(Mul(0.707107,z))),z))', 'gelu'],
  ['Mul(0.5,Mul(Add(1,Erf(Div(z,1.41421))),z))', 'gelu'],
  ['Mul(Add(1,Erf(Div(z,1.41421))),Mul(0.5,z))', 'gelu'],
  ['Mul(Add(1,Erf(Mul(0.707107,z))),Mul(0.5,z))', 'gelu'],
])

/** Ends of a network that are a part of its loss. */
export const OUTPUT_OF: ReadonlyMap<string, Loss> = new Map([
  ['Softmax(z)', 'softmaxCrossEntropy'],
  ['LogSoftmax(z)', 'softmaxCrossEntropy'],
  ['Sigmoid(z)', 'binaryCrossEntropy'],
  ['Concat(Sub(1,Sigmoid(z)),Sigmoid(z))', 'binaryCrossEntropy'],
])

/** Operators that give their first input: of inference, or on rows that are matrices already. */
export const PASSING = ['Identity', 'Dropout', 'Flatten', 'Cast']

const COMMUTATIVE = ['Add', 'Mul']

/** Attributes that change what an operator computes, with their defaults. */
const PARAMETERS: Readonly<Record<string, readonly [name: string, value: number | string][]>> = {
  LeakyRelu: [['alpha', 0.01]],
  Elu: [['alpha', 1]],
  Selu: [
    ['alpha', 1.67326],
    ['gamma', 1.0507],
  ],
  Gelu: [['approximate', 'none']],
}

/** An operator over texts, in one order for those whose order does not matter. */
export function expressionOf(
  op: string,
  args: readonly string[],
  attribute: (name: string) => number | string | undefined,
): string {
  const parameters = PARAMETERS[op]?.map(([name, value]) => {
    const given = attribute(name) ?? value
    return typeof given === 'number' ? numberText(given) : given
  })
  const ordered = COMMUTATIVE.includes(op) ? [...args].sort(byText) : args
  return `${op}${parameters ? `[${parameters.join(',')}]` : ''}(${ordered.join(',')})`
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Six digits: constants are float32. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(6)))
}
