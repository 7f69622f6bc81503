import type { Samples } from '../../data/samples.js'
import { recipeFor } from '../../estimators/recipe.js'
import type { TargetTask } from '../../table/transform.js'
import type { Name, TrainingConfig } from '../../train/config.js'
import type { RunConfig } from './config.js'

/** What a training set is trained for. */
function taskOf({ targets, transform }: Samples): TargetTask {
  if (transform) return transform.target.task
  return targets === null ? 'classes' : 'regression'
}

/**
 * The hyper-parameters that follow from the training rows: the loss from the task; of a table, without a preset, also those of
 * the estimators. What a file or a flag sets stays.
 */
export function valuesForTask({ training, given, hasPreset }: RunConfig, train: Samples): TrainingConfig {
  // the configuration of an earlier run is complete
  if (given === undefined) return training
  const task = taskOf(train)
  const values = {
    ...(task === 'regression' && ({ loss: 'meanSquaredError', selectBy: 'loss' } as const)),
    ...(task === 'multiLabel' && ({ loss: 'binaryCrossEntropy' } as const)),
    ...(train.transform && !hasPreset && tableValues(train, task, given)),
  }
  const free = Object.entries(values).filter(([name]) => !given.includes(name as Name))
  return { ...training, ...Object.fromEntries(free) }
}

function tableValues(train: Samples, task: TargetTask, given: readonly Name[]): Partial<TrainingConfig> {
  const recipe = recipeFor(train.length, task, train.classes || train.targetCols, {})
  const { hidden, activation, dropout, batchSize, epochs } = recipe
  // another optimizer has learning rates of its own
  const isUsual = !given.includes('optimizer')
  const { learningRate, weightDecay } = recipe
  return {
    ...{ hidden, activation, dropout, epochs },
    batchSize: Math.min(batchSize, train.length),
    ...(isUsual && ({ optimizer: 'adamW', learningRate, weightDecay } as const)),
    ...(task === 'classes' && { stratified: true }),
  }
}
