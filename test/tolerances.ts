/**
 * Every tolerance of the numeric tests, as a named family. u = 2^-24 is the rounding error of float32.
 *
 * A sum of n products in float32 is off by at most n u times the sum of the magnitudes (Higham, "Accuracy and Stability
 * of Numerical Algorithms", section 3.1), whatever the order; the reference is double.
 */
const U = 2 ** -24
const SMALLEST = 2 ** -149

/** A chain of `terms` products whose magnitudes add up to `magnitude`. */
export function chainBound(terms: number, magnitude: number): number {
  return (terms + 1) * (U * magnitude + SMALLEST)
}

/** act(z) for a z that is off by `chain`: no slope exceeds 1.13 (GELU), and the function itself costs a few roundings. */
export function activationBound(chain: number, z: number, y: number): number {
  return 1.13 * chain + 8 * U * (Math.abs(z) + Math.abs(y)) + SMALLEST
}

/** gradient times act'(z): the derivative is off by a few roundings of 1, the gradient by `chain`. */
export function derivativeBound(chain: number, gradient: number): number {
  return 1.13 * chain + 16 * U * Math.abs(gradient) + SMALLEST
}

/** One step of gradient descent from p with gradient g, g off by `chain`. */
export function stepBound(chain: number, p: number, g: number, learningRate: number): number {
  return learningRate * chain + 4 * U * (Math.abs(p) + learningRate * Math.abs(g)) + SMALLEST
}

/** Softmax probabilities (before the division by the rows), from exact logits. */
export const PROBABILITY = 16 * U

/** A row's loss, relative to 1 + |loss|. */
export const ROW_LOSS = 16 * U

/** Float32 gradients against central differences of the double reference. */
export const FINITE_DIFFERENCE = 2e-6

/** Golden vectors in double against float32 arithmetic, after at most five steps. */
export const GOLDEN = 2e-6
