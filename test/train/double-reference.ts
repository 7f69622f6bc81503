/** A network in double precision and plain loops that shares nothing with src/: the meaning of a training step. */

export interface ReferenceNetwork {
  /** [K][N] per layer */
  readonly weights: number[][][]
  readonly biases: number[][]
  readonly activation: string
  readonly outputActivation: string
  readonly loss: 'softmaxCrossEntropy' | 'meanSquaredError' | 'binaryCrossEntropy' | 'huber'
}

/** erf by its Maclaurin series; beyond 4 it is 1 to 2e-8. */
function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; n < 200; n++) {
    term *= -(x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const FUNCTIONS: Record<string, [(z: number) => number, (z: number) => number]> = {
  identity: [(z) => z, () => 1],
  relu: [(z) => Math.max(0, z), (z) => (z > 0 ? 1 : 0)],
  leakyRelu: [(z) => (z > 0 ? z : 0.01 * z), (z) => (z > 0 ? 1 : 0.01)],
  tanh: [(z) => Math.tanh(z), (z) => 1 - Math.tanh(z) ** 2],
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (z) => Math.exp(-z) / (1 + Math.exp(-z)) ** 2],
  elu: [(z) => (z > 0 ? z : Math.expm1(z)), (z) => (z > 0 ? 1 : Math.exp(z))],
  selu: [
    (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
    (z) => 1.0507009873554805 * (z > 0 ? 1 : 1.6732632423543772 * Math.exp(z)),
  ],
  silu: [(z) => z / (1 + Math.exp(-z)), (z) => (1 + Math.exp(-z) + z * Math.exp(-z)) / (1 + Math.exp(-z)) ** 2],
  mish: [
    (z) => z * Math.tanh(Math.log1p(Math.exp(z))),
    (z) => {
      const t = Math.tanh(Math.log1p(Math.exp(z)))
      return t + (z / (1 + Math.exp(-z))) * (1 - t * t)
    },
  ],
  gelu: [
    (z) => 0.5 * z * (1 + erf(z / Math.SQRT2)),
    (z) => 0.5 * (1 + erf(z / Math.SQRT2)) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
  ],
}

export function referenceFrom(
  parameters: readonly { weights: Float32Array; biases: Float32Array; inputs: number; outputs: number }[],
  rest: Omit<ReferenceNetwork, 'weights' | 'biases'>,
): ReferenceNetwork {
  return {
    weights: parameters.map(({ weights, inputs, outputs }) =>
      Array.from({ length: inputs }, (_, k) => [...weights.subarray(k * outputs, (k + 1) * outputs)]),
    ),
    biases: parameters.map(({ biases }) => [...biases]),
    ...rest,
  }
}

/** Pre-activations and activations of every layer for one row. */
function forward(net: ReferenceNetwork, x: readonly number[]): { z: number[][]; a: number[][] } {
  const z: number[][] = []
  const a: number[][] = [[...x]]
  net.weights.forEach((w, l) => {
    const name = l === net.weights.length - 1 ? net.outputActivation : net.activation
    z.push(net.biases[l].map((b, n) => w.reduce((sum, row, k) => sum + a[l][k] * row[n], b)))
    a.push(z[l].map(FUNCTIONS[name][0]))
  })
  return { z, a }
}

export function outputsOf(net: ReferenceNetwork, x: readonly number[]): number[] {
  return forward(net, x).a[net.weights.length]
}

/** One row's loss, and its derivative with respect to the outputs' pre-activations. */
function lossOf(net: ReferenceNetwork, z: number[], y: number[], target: number | number[]): [number, number[]] {
  if (net.loss === 'softmaxCrossEntropy') {
    const max = Math.max(...y)
    const sum = y.reduce((s, value) => s + Math.exp(value - max), 0)
    const probabilities = y.map((value) => Math.exp(value - max) / sum)
    const label = target as number
    return [max + Math.log(sum) - y[label], probabilities.map((p, c) => p - (c === label ? 1 : 0))]
  }
  const t = typeof target === 'number' ? [target] : target
  if (net.loss === 'binaryCrossEntropy') {
    const p = y.map((value) => 1 / (1 + Math.exp(-value)))
    const loss = p.reduce((s, value, c) => s - t[c] * Math.log(value) - (1 - t[c]) * Math.log(1 - value), 0)
    return [loss / y.length, p.map((value, c) => (value - t[c]) / y.length)]
  }
  const slope = FUNCTIONS[net.outputActivation][1]
  if (net.loss === 'huber') {
    const d = y.map((value, c) => value - t[c])
    const loss = d.reduce((s, v) => s + (Math.abs(v) <= 1 ? v * v * 0.5 : Math.abs(v) - 0.5), 0)
    return [loss / y.length, d.map((v, c) => (Math.min(1, Math.max(-1, v)) / y.length) * slope(z[c]))]
  }
  const gradient = y.map((value, c) => ((2 * (value - t[c])) / y.length) * slope(z[c]))
  return [y.reduce((s, value, c) => s + (value - t[c]) ** 2, 0) / y.length, gradient]
}

export function rowLoss(net: ReferenceNetwork, x: readonly number[], target: number | number[]): number {
  const { z, a } = forward(net, x)
  const last = net.weights.length - 1
  return lossOf(net, z[last], a[last + 1], target)[0]
}

/** One step of gradient descent with coupled L2, in place; returns the mean loss before it. */
export function trainStep(
  net: ReferenceNetwork,
  batch: readonly { x: readonly number[]; target: number | number[] }[],
  rule: { learningRate: number; l2: number; l2Biases: number },
): number {
  const dW = net.weights.map((w) => w.map((row) => row.map(() => 0)))
  const db = net.biases.map((b) => b.map(() => 0))
  let total = 0
  for (const { x, target } of batch) {
    const { z, a } = forward(net, x)
    let l = net.weights.length - 1
    let [loss, delta] = lossOf(net, z[l], a[l + 1], target)
    total += loss
    for (; l >= 0; l--) {
      delta.forEach((d, n) => {
        db[l][n] += d / batch.length
        a[l].forEach((value, k) => {
          dW[l][k][n] += (value * d) / batch.length
        })
      })
      if (l === 0) break
      const slope = FUNCTIONS[net.activation][1]
      delta = net.weights[l].map((row, k) => row.reduce((s, w, n) => s + w * delta[n], 0) * slope(z[l - 1][k]))
    }
  }
  net.weights.forEach((w, l) => {
    w.forEach((row, k) => {
      row.forEach((value, n) => {
        row[n] = value - rule.learningRate * (dW[l][k][n] + rule.l2 * value)
      })
    })
    net.biases[l].forEach((value, n) => {
      net.biases[l][n] = value - rule.learningRate * (db[l][n] + rule.l2Biases * value)
    })
  })
  return total / batch.length
}
