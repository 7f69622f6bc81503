import { BatchSampler } from '../data/batches.js'
import type { MLP } from '../model/mlp.js'
import { checkpointOf, type TrainingCheckpoint, unpackSlots } from './checkpoint.js'
import type { FitPlan } from './fit-plan.js'
import { slotNames, slotsFor } from './optimizers.js'
import { firstState, settingsOf } from './resume.js'

/** The checkpoint of a run that has not begun: at step 0, with the parameters of the model as they are. */
export function firstCheckpoint(model: MLP, plan: FitPlan): TrainingCheckpoint {
  const { sets, batchSize, sampling, seed, optimizer } = plan
  const sampler = new BatchSampler({ rows: sets.train.rows, batchSize, mode: sampling, seed })
  const rule = optimizer.rule(0)
  const names = slotNames(rule, plan)
  const slots = unpackSlots(model, names, slotsFor(model, names))
  return checkpointOf(model, settingsOf(model, plan), firstState(null), sampler, null, slots)
}
