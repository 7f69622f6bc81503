/**
 * The meaning of every operation of a backend: plain loops over arrays of doubles, sharing nothing with src/. Each sum
 * comes with the sum of its magnitudes, which the tolerances need.
 */
export type Rows = number[][]

export interface Sums {
  readonly values: Rows
  readonly magnitudes: Rows
}

/** z = start + x w, start [N] repeated over the rows. */
export function affine(x: Rows, w: Rows, start: number[]): Sums {
  const values: Rows = []
  const magnitudes: Rows = []
  for (const row of x) {
    const z = start.slice()
    const m = start.map(Math.abs)
    for (let k = 0; k < row.length; k++) {
      if (row[k] === 0) continue
      const wk = w[k]
      for (let j = 0; j < z.length; j++) {
        const term = row[k] * wk[j]
        z[j] += term
        m[j] += Math.abs(term)
      }
    }
    values.push(z)
    magnitudes.push(m)
  }
  return { values, magnitudes }
}

export function transpose(x: Rows, cols: number): Rows {
  return Array.from({ length: cols }, (_, j) => x.map((row) => row[j]))
}

/** input^T gradOut, and the column sums of gradOut. */
export function weightGradient(input: Rows, gradOut: Rows, K: number, N: number): { weights: Sums; biases: Sums } {
  const zeros = new Array(N).fill(0)
  const ones = [gradOut.map(() => 1)]
  return { weights: affine(transpose(input, K), gradOut, zeros), biases: affine(ones, gradOut, zeros) }
}

/** erf by its Maclaurin series, in pairs of terms; 1 to 1e-16 beyond 6. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let term = x
  let sum = x
  // the series alternates: beyond |x| = 2.5 its terms grow large first, so the complement is integrated instead
  if (Math.abs(x) > 2.5) return Math.sign(x) * (1 - erfcByQuadrature(Math.abs(x)))
  for (let n = 1; n < 100; n++) {
    term *= -(x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

/** Simpson's rule over [x, x + 6] with 2,000 steps. */
function erfcByQuadrature(x: number): number {
  const h = 6 / 2000
  let sum = 0
  for (let i = 0; i <= 2000; i++) {
    const t = x + i * h
    sum += (i === 0 || i === 2000 ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-t * t)
  }
  return ((2 / Math.sqrt(Math.PI)) * sum * h) / 3
}

interface Activation {
  value(z: number): number
  slope(z: number): number
}

export const ACTIVATION: Record<string, Activation> = {
  identity: { value: (z) => z, slope: () => 1 },
  relu: { value: (z) => (z > 0 ? z : 0), slope: (z) => (z > 0 ? 1 : 0) },
  leakyRelu: { value: (z) => (z > 0 ? z : 0.01 * z), slope: (z) => (z > 0 ? 1 : 0.01) },
  tanh: { value: (z) => Math.tanh(z), slope: (z) => 1 - Math.tanh(z) ** 2 },
  sigmoid: { value: (z) => 1 / (1 + Math.exp(-z)), slope: (z) => 1 / (2 + Math.exp(z) + Math.exp(-z)) },
  elu: { value: (z) => (z > 0 ? z : Math.expm1(z)), slope: (z) => (z > 0 ? 1 : Math.exp(z)) },
  selu: {
    value: (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
    slope: (z) => 1.0507009873554805 * (z > 0 ? 1 : 1.6732632423543772 * Math.exp(z)),
  },
  silu: {
    value: (z) => z / (1 + Math.exp(-z)),
    slope: (z) => (1 + Math.exp(-z) + z * Math.exp(-z)) / (1 + Math.exp(-z)) ** 2,
  },
  mish: {
    value: (z) => z * Math.tanh(Math.log1p(Math.exp(z))),
    slope: (z) => {
      const t = Math.tanh(Math.log1p(Math.exp(z)))
      return t + (z / (1 + Math.exp(-z))) * (1 - t * t)
    },
  },
  gelu: {
    value: (z) => 0.5 * z * (1 + erf(z / Math.SQRT2)),
    slope: (z) => 0.5 * (1 + erf(z / Math.SQRT2)) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
  },
}

export interface LossResult {
  readonly rowLosses: number[]
  readonly gradient: Rows
}

/** Gradient divided by the number of rows. */
export function softmaxCrossEntropy(logits: Rows, labels: number[]): LossResult & { correct: number } {
  const rowLosses: number[] = []
  const gradient: Rows = []
  let correct = 0
  logits.forEach((z, r) => {
    const max = Math.max(...z)
    const e = z.map((v) => Math.exp(v - max))
    const sum = e.reduce((a, b) => a + b, 0)
    rowLosses.push(Math.log(sum) + max - z[labels[r]])
    gradient.push(e.map((v, c) => (v / sum - (c === labels[r] ? 1 : 0)) / logits.length))
    if (z.indexOf(max) === labels[r]) correct++
  })
  return { rowLosses, gradient, correct }
}

/** Mean over rows and outputs of the logistic loss of each logit. */
export function binaryCrossEntropy(z: Rows, t: Rows): LossResult & { correct: number } {
  const count = z.length * z[0].length
  const loss = (v: number, target: number) => Math.max(v, 0) - v * target + Math.log1p(Math.exp(-Math.abs(v)))
  return {
    rowLosses: z.map((row, r) => row.reduce((sum, v, c) => sum + loss(v, t[r][c]), 0) / row.length),
    gradient: z.map((row, r) => row.map((v, c) => (1 / (1 + Math.exp(-v)) - t[r][c]) / count)),
    correct: z.filter((row, r) => row.every((v, c) => v > 0 === t[r][c] > 0.5)).length,
  }
}

/** Mean over rows and outputs; `gradient` is with respect to the output itself. */
export function meanSquaredError(y: Rows, t: Rows): LossResult {
  const count = y.length * y[0].length
  return {
    rowLosses: y.map((row, r) => row.reduce((sum, v, c) => sum + (v - t[r][c]) ** 2, 0) / row.length),
    gradient: y.map((row, r) => row.map((v, c) => (2 * (v - t[r][c])) / count)),
  }
}

export interface ReferenceLayer {
  weights: Rows
  biases: number[]
  activation: string
}

/** Outputs of a whole network. */
export function predict(x: Rows, layers: readonly ReferenceLayer[]): Rows {
  return layers.reduce(
    (input, { weights, biases, activation }) =>
      affine(input, weights, biases).values.map((row) => row.map(ACTIVATION[activation].value)),
    x,
  )
}
