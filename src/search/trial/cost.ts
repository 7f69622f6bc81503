import { hiddenSizes, type TrialConfig } from '../space/parameters.js'
import type { StudyData } from './run-task.js'

/** Roughly proportional to the time a trial takes: weights of its network x rows it trains on. */
export function trialCost(config: TrialConfig, { train }: StudyData): number {
  const { epochs = 10, batchSize = 128, stepsPerEpoch, hidden } = config
  const sizes = [train.cols, ...hiddenSizes(hidden), train.classes || train.targetCols]
  const weights = sizes.slice(1).reduce((sum, size, l) => sum + size * sizes[l], 0)
  return weights * epochs * (stepsPerEpoch === undefined ? train.length : stepsPerEpoch * batchSize)
}
