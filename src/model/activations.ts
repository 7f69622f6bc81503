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
  // Clevert, Unterthiner and Hochreiter, 2016, alpha = 1
  elu: { canDie: false },
  // Klambauer et al., "Self-normalizing neural networks", 2017
  selu: { canDie: false },
  // Elfwing et al., 2018; Ramachandran et al., "Searching for activation functions", 2017 (Swish with beta = 1)
  silu: { canDie: false },
  // Misra, 2020
  mish: { canDie: false },
}
