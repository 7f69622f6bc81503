import { invalidFile } from '../../core/errors.js'
import type { SearchPlan } from '../plan.js'
import type { GridPoint } from '../space/grid.js'
import { rungStep } from '../space/halving.js'
import { type JournalEvent, type TaskLine, type TrialLine, taskRecord, trialOf } from '../store/codec.js'
import type { TrialResult } from '../trial/result.js'
import type { TaskLedger } from './progress.js'

/**
 * What an earlier process has done for a study, as its journal tells. What it tells twice counts as told last; a trial of
 * which it does not tell all is computed again.
 *
 * @param ledger takes over the tasks
 * @throws NativeMlpError INVALID_FILE for what the study cannot have done
 */
export function earlierTrials(plan: SearchPlan, events: readonly JournalEvent[], ledger: TaskLedger): TrialResult[] {
  const finished = new Map<number, TrialLine>()
  for (const event of events) {
    if (event.event !== 'task' && event.event !== 'trial') continue
    checkEvent(plan, event)
    if (event.event === 'task') {
      ledger.add(taskRecord(event))
      continue
    }
    const before = finished.get(event.trial)
    if (before && before.digest !== event.digest) warnOfTwoDigests(event.trial)
    finished.set(event.trial, event)
  }
  return [...finished.values()]
    .map((event) => trialOf(event, plan.points[event.trial]))
    .filter((result) => isWhole(plan, result, ledger))
}

function checkEvent(plan: SearchPlan, event: TaskLine | TrialLine): void {
  const { points, folds, folder } = plan
  const { rungs } = plan.pruner
  const problem = (words: string) => invalidFile(folder!.file('journal'), `tells of ${words}; begin a new study`)
  const { trial } = event
  if (trial >= points.length) throw problem(`trial ${trial} of a study that has ${points.length}`)
  if ((event.rung ?? 0) >= rungs.length) throw problem(`rung ${event.rung} of a study that has ${rungs.length}`)
  if (event.event === 'task') {
    if (event.fold >= folds.length) throw problem(`fold ${event.fold} of a study that has ${folds.length}`)
    return
  }
  const count = event.folds?.length ?? 1
  if (count !== folds.length) throw problem(`${count} folds of trial ${trial} in a study that has ${folds.length}`)
  if (!isSame(event.config, points[trial])) {
    throw problem(`trial ${trial} with another configuration than this version of native-mlp gives it`)
  }
}

/** Whatever the order of the keys. */
function isSame(config: TrialLine['config'], point: GridPoint): boolean {
  const [a, b] = [config, point.config].map((each) =>
    Object.entries(each)
      .filter(([, value]) => value !== undefined)
      .sort(([x], [y]) => (x < y ? -1 : 1)),
  )
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Who goes on from a rung of successive halving depends on how each trial stood there. */
function isWhole({ pruner, points, folds }: SearchPlan, result: TrialResult, ledger: TaskLedger): boolean {
  return pruner.rungs.every((rung) => {
    if (ledger.has(result.trial, rung.rung)) return true
    const parts = result.folds ?? [result]
    return parts.every(({ steps, history }, fold) => {
      const until = rungStep(rung, points[result.trial].config, folds[fold].train.length)
      const reached = Math.max(steps ?? 0, (history.at(-1)?.step ?? -1) + 1)
      return until === null || reached <= until
    })
  })
}

function warnOfTwoDigests(trial: number): void {
  const problem = `trial ${trial} was computed twice with different results; a machine or its data cannot be trusted`
  process.emitWarning(problem, 'NativeMlpWarning')
}

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
