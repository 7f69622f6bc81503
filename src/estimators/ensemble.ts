import type { Backend } from '../backend/backend.js'
import type { Signal } from '../core/platform.js'
import type { Loss } from '../core/types.js'
import { deal } from '../data/folds.js'
import { range } from '../data/range.js'
import type { Samples } from '../data/samples.js'
import { rowsByClass } from '../data/split.js'
import { MLP } from '../model/mlp.js'
import type { TableTransform, TargetTask } from '../table/transform.js'
import { fit } from '../train/fit.js'
import { adamW } from '../train/optimizers.js'
import { average } from './average.js'
import type { Recipe } from './recipe.js'

export interface EnsembleOptions {
  readonly backend?: Backend | undefined
  readonly signal?: Signal | undefined
}

export const LOSS_OF: Readonly<Record<TargetTask, Loss>> = {
  classes: 'softmaxCrossEntropy',
  regression: 'meanSquaredError',
  multiLabel: 'binaryCrossEntropy',
}

/**
 * Trains networks that validate on different parts of the rows, and averages them in one network. Each keeps the parameters of its
 * lowest validation loss.
 */
export async function fitEnsemble(
  set: Samples,
  transform: TableTransform,
  recipe: Recipe,
  options: EnsembleOptions,
): Promise<MLP> {
  const partOf = deal(set.labels === null ? [range(set.length)] : rowsByClass(set.labels), recipe.folds, recipe.seed)
  const positions = range(set.length)
  const members: MLP[] = []
  for (let i = 0; i < recipe.members; i++) {
    const part = i % recipe.folds
    const train = set.subset(positions.filter((row) => partOf[row] !== part))
    const valid = set.subset(positions.filter((row) => partOf[row] === part))
    members.push(await fitMember({ train, valid }, transform, { ...recipe, seed: recipe.seed + i }, options))
  }
  return average(members, transform)
}

async function fitMember(
  { train, valid }: { readonly train: Samples; readonly valid: Samples },
  transform: TableTransform,
  recipe: Recipe,
  { backend, signal }: EnsembleOptions,
): Promise<MLP> {
  const { learningRate, weightDecay, dropout, epochs, seed } = recipe
  const { task } = transform.target
  const outputs = task === 'classes' ? train.classes : train.targetCols
  const model = new MLP({
    layers: [train.cols, ...recipe.hidden, outputs],
    activation: recipe.activation,
    loss: LOSS_OF[task],
    seed,
    ...(backend && { backend }),
  })
  await fit(model, train, {
    valid,
    optimizer: adamW({ learningRate, weightDecay }),
    schedule: 'oneCycle',
    warmup: 0.05,
    dropout: recipe.hidden.length > 0 ? dropout : 0,
    batchSize: Math.min(recipe.batchSize, train.length),
    epochs,
    seed,
    selectBy: 'loss',
    ...(signal && { signal }),
  })
  return model
}
