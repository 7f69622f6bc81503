import { erf, exp, expm1, sigmoid, tanh } from '../../core/elementary.js'
import { LEAKY_SLOPE } from '../../core/types.js'
import type { LayerOutput, Matrix } from '../operands.js'
import type { Rectangle } from './product.js'

/** lambda, and lambda alpha, of SELU */
const SELU_SCALE = 1.0507009873554805
const SELU_FLOOR = 1.7580993408473768

/** 1 / sqrt(2 pi), the maximum of the normal density */
const DENSITY_AT_0 = 0.3989422804014327

/**
 * out <- act(out), in place, in a part of it, for every activation but identity and ReLU, which `forward` applies when it stores. Each
 * value is rounded once; -0 becomes +0. Stores z if `derivative` needs it.
 */
export function activate(out: LayerOutput, { row0, rowEnd, col0, colEnd }: Rectangle): void {
  if (out.activation === 'identity' || out.activation === 'relu') return
  for (let r = row0; r < rowEnd; r++) activateRow(out, r * out.stride + col0, r * out.stride + colEnd)
}

function activateRow(out: LayerOutput, from: number, to: number): void {
  const z = out.values
  switch (out.activation) {
    case 'leakyRelu':
      for (let i = from; i < to; i++) if (z[i] <= 0) z[i] = Math.fround(LEAKY_SLOPE * z[i]) + 0
      break
    case 'tanh':
      for (let i = from; i < to; i++) z[i] = tanh(z[i])
      break
    case 'sigmoid':
      for (let i = from; i < to; i++) z[i] = sigmoid(z[i])
      break
    case 'elu':
      for (let i = from; i < to; i++) if (z[i] <= 0) z[i] = Math.fround(expm1(z[i])) + 0
      break
    case 'selu':
      for (let i = from; i < to; i++) {
        z[i] = Math.fround(z[i] > 0 ? SELU_SCALE * z[i] : SELU_FLOOR * expm1(z[i])) + 0
      }
      break
    case 'silu':
    case 'mish': {
      const kept = out.preActivations as Float32Array
      const act = out.activation === 'silu' ? sigmoid : mishRatio
      for (let i = from; i < to; i++) {
        kept[i] = z[i]
        z[i] = Math.fround(z[i] * act(z[i])) + 0
      }
      break
    }
    case 'gelu': {
      const kept = out.preActivations as Float32Array
      for (let i = from; i < to; i++) {
        kept[i] = z[i]
        z[i] = Math.fround(0.5 * z[i] * (1 + erf(z[i] * Math.SQRT1_2))) + 0
      }
      break
    }
  }
}

/** gradient[i] <- gradient[i] act'(output[i]), in place, in a part of both; they have the same rows and columns. */
export function timesDerivative(gradient: Matrix, output: LayerOutput, part: Rectangle): void {
  if (output.activation === 'identity') return
  const { row0, rowEnd, col0, colEnd } = part
  for (let r = row0; r < rowEnd; r++) {
    scaleRow(gradient.values, r * gradient.stride + col0, output, r * output.stride + col0, colEnd - col0)
  }
}

function scaleRow(g: Float32Array, at: number, output: LayerOutput, from: number, cols: number): void {
  const y = output.values
  switch (output.activation) {
    case 'relu':
      for (let c = 0; c < cols; c++) if (y[from + c] <= 0) g[at + c] = 0
      break
    case 'leakyRelu':
      for (let c = 0; c < cols; c++) if (y[from + c] <= 0) g[at + c] = Math.fround(LEAKY_SLOPE * g[at + c]) + 0
      break
    case 'tanh':
      for (let c = 0; c < cols; c++) {
        g[at + c] = Math.fround(g[at + c] * (1 - y[from + c] * y[from + c])) + 0
      }
      break
    case 'sigmoid':
      for (let c = 0; c < cols; c++) g[at + c] = Math.fround(g[at + c] * (y[from + c] * (1 - y[from + c]))) + 0
      break
    case 'elu':
      for (let c = 0; c < cols; c++) {
        if (y[from + c] <= 0) g[at + c] = Math.fround(g[at + c] * (y[from + c] + 1)) + 0
      }
      break
    case 'selu':
      for (let c = 0; c < cols; c++) {
        const slope = y[from + c] > 0 ? SELU_SCALE : y[from + c] + SELU_FLOOR
        g[at + c] = Math.fround(g[at + c] * slope) + 0
      }
      break
    case 'silu':
    case 'mish': {
      const z = output.preActivations as Float32Array
      const slope = output.activation === 'silu' ? siluSlope : mishSlope
      for (let c = 0; c < cols; c++) g[at + c] = Math.fround(g[at + c] * slope(z[from + c])) + 0
      break
    }
    case 'gelu': {
      const z = output.preActivations as Float32Array
      for (let c = 0; c < cols; c++) g[at + c] = Math.fround(g[at + c] * geluSlope(z[from + c])) + 0
      break
    }
  }
}

/** d/dz of 0.5 z (1 + erf(z / sqrt 2)): the normal distribution function plus z times its density. */
function geluSlope(z: number): number {
  return 0.5 * (1 + erf(z * Math.SQRT1_2)) + z * DENSITY_AT_0 * exp(-0.5 * z * z)
}

/** d/dz of z s(z), s the logistic function. */
function siluSlope(z: number): number {
  return sigmoid(z) * (1 + z * sigmoid(-z))
}

/** tanh(log(1 + e^z)) */
function mishRatio(z: number): number {
  const e = exp(-Math.abs(z))
  return z >= 0 ? (1 + 2 * e) / (1 + 2 * e + 2 * e * e) : (e * (e + 2)) / (e * (e + 2) + 2)
}

function mishSlope(z: number): number {
  const t = mishRatio(z)
  return t + z * sigmoid(z) * (1 - t) * (1 + t)
}
