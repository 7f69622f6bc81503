import type { Backend } from '../backend/backend.js'
import type { Signal } from '../core/platform.js'
import type { Loss } from '../core/types.js'
import { deal } from '../data/folds.js'
import { range } from '../data/range.js'
import type { Samples } from '../data/samples.js'
import { rowsByClass } from '../data/split.js'
import { MLP } from '../model/mlp.js'
import { inputsOf, outputsOf, type TableTransform, type TargetTask } from '../table/transform.js'
import { fit } from '../train/fit.js'
import { adamW } from '../train/optimizers.js'
import { average } from './average.js'
import type { Recipe } from './recipe.js'

const LOSS_OF: Readonly<Record<TargetTask, Loss>> = {
  classes: 'softmaxCrossEntropy',
  regression: 'meanSquaredError',
  multiLabel: 'binaryCrossEntropy',
}

/** Fewer rows are too few to keep some for validation. */
const FEW_ROWS = 10

/**
 * Trains networks that validate on different parts of the rows, and averages them in one network. Each keeps the parameters of its
 * lowest validation loss.
 */
export async function fitEnsemble(
  set: Samples,
  transform: TableTransform,
  recipe: Recipe,
  backend: Backend | undefined,
  signal: Signal | undefined,
): Promise<MLP> {
  const groups = set.labels === null ? [range(set.length)] : rowsByClass(set.labels)
  const partOf = deal(groups, recipe.folds, recipe.seed)
  const positions = range(set.length)
  const members: MLP[] = []
  for (let i = 0; i < recipe.members; i++) {
    const part = i % recipe.folds
    const isKept = (row: number) => set.length < FEW_ROWS || partOf[row] !== part
    const train = set.subset(positions.filter(isKept))
    const valid = train.length === set.length ? null : set.subset(positions.filter((row) => !isKept(row)))
    const own = { ...recipe, seed: recipe.seed + i }
    const member = newMember(transform, own, backend)
    await fitMember(member, { train, valid }, own, signal)
    members.push(member)
  }
  return average(members, transform)
}

/** A network with initial parameters. */
export function newMember(transform: TableTransform, recipe: Recipe, backend: Backend | undefined): MLP {
  return new MLP({
    layers: [inputsOf(transform), ...recipe.hidden, outputsOf(transform)],
    activation: recipe.activation,
    loss: LOSS_OF[transform.target.task],
    seed: recipe.seed,
    table: transform,
    ...(backend && { backend }),
  })
}

async function fitMember(
  model: MLP,
  { train, valid }: { readonly train: Samples; readonly valid: Samples | null },
  recipe: Recipe,
  signal: Signal | undefined,
): Promise<void> {
  await fit(model, train, {
    ...(valid && { valid, patience: recipe.patience }),
    ...commonOptions(train, recipe),
    schedule: 'oneCycle',
    warmup: 0.05,
    epochs: recipe.epochs,
    selectBy: 'loss',
    ...(signal && { signal }),
  })
}

/** One pass over the rows, at a constant learning rate. */
export async function fitPass(model: MLP, set: Samples, recipe: Recipe): Promise<void> {
  await fit(model, set, { ...commonOptions(set, recipe), schedule: 'constant', epochs: 1 })
}

function commonOptions(train: Samples, { hidden, learningRate, weightDecay, dropout, batchSize, seed }: Recipe) {
  return {
    optimizer: adamW({ learningRate, weightDecay }),
    dropout: hidden.length > 0 ? dropout : 0,
    batchSize: Math.min(batchSize, train.length),
    seed,
  }
}
