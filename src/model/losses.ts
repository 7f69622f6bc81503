import { NativeMlpError } from '../core/errors.js'
import type { Activation, Loss } from '../core/types.js'

export interface LossInfo {
  /** what a network trained with this loss predicts */
  readonly task: 'classification' | 'regression'
  /** loss of one row with N outputs; the loss of a set is the mean over its rows, without the L2 term */
  readonly formula: string
}

/** What each loss computes; the loops that compute it live in the backends. */
export const LOSS_INFO: Readonly<Record<Loss, LossInfo>> = {
  softmaxCrossEntropy: { task: 'classification', formula: 'logsumexp(z) - z[label]' },
  meanSquaredError: { task: 'regression', formula: '1/N sum_j (y_j - t_j)^2' },
}

/** @throws NativeMlpError INVALID_ARGUMENT for a loss that does not go with the output layer's activation */
export function checkLoss(loss: Loss, outputActivation: Activation): void {
  if (loss === 'softmaxCrossEntropy' && outputActivation !== 'identity') {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `outputActivation: '${outputActivation}' does not go with loss 'softmaxCrossEntropy', which applies the softmax ` +
        `itself: use 'identity', or loss 'meanSquaredError'`,
    )
  }
}
