import { memoryError, NativeMlpError } from '../core/errors.js'
import type { Samples } from '../data/samples.js'
import { preparedDataset } from '../model/datasets.js'
import type { MLP } from '../model/mlp.js'
import { type FitOptions, planFit } from './fit-options.js'
import type { FitPlan } from './fit-plan.js'
import type { FitResult } from './fit-result.js'
import { Training } from './training.js'

const inTraining = new WeakSet<MLP>()

/**
 * Trains a model on a set with mini-batches, and yields to the event loop every `yieldEveryMs`, also within long steps. The
 * model and the arrays of the sets must not be written to meanwhile. At the end the model has the
 * parameters of the best validation (see `selectBy`: by default the highest accuracy, of equal ones the lowest loss), or the
 * last ones without `valid` or with `keepBest: false`.
 *
 * The same model, data, options and numeric family give the same bits.
 *
 * @throws NativeMlpError INVALID_ARGUMENT or UNKNOWN_OPTION before anything is computed; NOT_FINITE when a loss or
 *   parameter is no longer finite; ABORTED when the signal fires; OUT_OF_MEMORY. The model then keeps what the last whole
 *   step left.
 */
export async function fit(model: MLP, train: Samples, options: FitOptions = {}): Promise<FitResult> {
  const plan = planFit(model, train, options)
  return await whileInTraining(model, plan, async () => {
    await prepareTraining(model, train)
    return await new Training(model, plan).run()
  })
}

/** Measures the training set without blocking the event loop. */
export async function prepareTraining(model: MLP, train: Samples): Promise<void> {
  await preparedDataset(model.backend, train, 'train', { what: 'fit' })
}

/** @throws NativeMlpError INVALID_ARGUMENT when the model is being trained already */
export async function whileInTraining<T>(
  model: MLP,
  { batchSize }: Pick<FitPlan, 'batchSize'>,
  train: () => Promise<T>,
): Promise<T> {
  if (inTraining.has(model)) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'model: another fit is training it; wait for that one to end')
  }
  inTraining.add(model)
  try {
    return await train()
  } catch (error) {
    throw memoryError(error, 'fit', `a network ${model.layerSizes.join('-')} and batches of ${batchSize} rows`)
  } finally {
    inTraining.delete(model)
  }
}
