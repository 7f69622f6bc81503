import type { Activation } from '../core/types.js'

export interface ActivationInfo {
  /** whether a unit can die, i.e. be 0 with gradient 0 for every row; used by collapse detection */
  readonly canDie: boolean
}

/** What each activation computes; the loops that compute it live in the backends. */
export const ACTIVATION_INFO: Readonly<Record<Activation, ActivationInfo>> = {
  identity: { canDie: false },
  relu: { canDie: true },
  leakyRelu: { canDie: false },
  tanh: { canDie: false },
  sigmoid: { canDie: false },
  // Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016: the exact form, not the tanh approximation
  gelu: { canDie: false },
}
