import type { Samples } from '../../src/data/samples.js'
import type { MLP } from '../../src/model/mlp.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { fit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'

/**
 * Trains up to a step.
 *
 * @returns the checkpoint there
 * @throws if there is none: a run resumed from nothing would be a whole run, and give the same bits
 */
export async function pausedAt(
  step: number,
  model: MLP,
  data: Samples,
  options: FitOptions,
): Promise<TrainingCheckpoint> {
  const found: TrainingCheckpoint[] = []
  const callbacks: FitOptions['callbacks'] = {
    ...options.callbacks,
    onCheckpoint: ({ checkpoint }) => void found.push(checkpoint),
  }
  await fit(model, data, { ...options, untilStep: step, callbacks })
  const checkpoint = found.at(-1)
  if (checkpoint?.step !== step) throw new Error(`no checkpoint at step ${step}, the last is at ${checkpoint?.step}`)
  return checkpoint
}
