import type { SearchPlan } from '../plan.js'
import type { TaskLedger } from './progress.js'
import type { TrialResult } from './study.js'

/**
 * Of a study with folds that keeps its models: what an earlier process has finished, but for the folds whose model is gone
 * or damaged. They are computed again, and their trials end again.
 *
 * @param ledger forgets these folds
 */
export async function withKeptFolds(
  { folder, header }: SearchPlan,
  trials: readonly TrialResult[],
  ledger: TaskLedger,
): Promise<readonly TrialResult[]> {
  if (!folder || !header.keepModels || header.folds === 1) return trials
  const isLost = async (trial: number, fold: number, digest: string | null) => {
    if (digest === null || (await folder.readModel({ trial, digest }, fold))) return false
    ledger.forgetEnd(trial, fold)
    return true
  }
  const whole: TrialResult[] = []
  for (const result of trials) {
    let lost = 0
    for (const [fold, { digest }] of result.folds!.entries()) if (await isLost(result.trial, fold, digest)) lost++
    if (lost === 0) whole.push(result)
  }
  const finished = new Set(trials.map(({ trial }) => trial))
  for (const { trial, fold, outcome } of ledger.ended()) {
    if (!finished.has(trial)) await isLost(trial, fold, outcome.digest)
  }
  return whole
}
