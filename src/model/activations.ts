import type { Activation } from '../core/types.js'

export interface ActivationInfo {
  /** a = f(z) */
  readonly formula: string
  /** da/dz, in terms of z and a */
  readonly derivative: string
  /** whether a unit can die, i.e. be 0 with gradient 0 for every row; used by collapse detection */
  readonly canDie: boolean
}

/** What each activation computes; the loops that compute it live in the backends. */
export const ACTIVATION_INFO: Readonly<Record<Activation, ActivationInfo>> = {
  identity: { formula: 'z', derivative: '1', canDie: false },
  relu: { formula: 'z > 0 ? z : 0', derivative: 'z > 0 ? 1 : 0', canDie: true },
  leakyRelu: { formula: 'z > 0 ? z : 0.01 z', derivative: 'z > 0 ? 1 : 0.01', canDie: false },
  tanh: { formula: 'tanh(z)', derivative: '1 - a^2', canDie: false },
  sigmoid: { formula: '1 / (1 + e^-z)', derivative: 'a (1 - a)', canDie: false },
  // Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016: the exact form, not the tanh approximation
  gelu: { formula: 'z Phi(z), Phi(z) = (1 + erf(z / sqrt 2)) / 2', derivative: 'Phi(z) + z phi(z)', canDie: false },
}
