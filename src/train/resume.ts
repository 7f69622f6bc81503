import { describe, invalidArgument, NativeMlpError } from '../core/errors.js'
import type { NumericFamily } from '../core/types.js'
import { fnv1a } from '../model/digest.js'
import type { MLP } from '../model/mlp.js'
import type { TrainingCheckpoint, TrainingSettings } from './checkpoint.js'
import { checkCheckpoint, checkShape } from './checkpoint-check.js'
import { labelled, type Name, type NameOf, namesOf, rowOf } from './config.js'
import type { FitPlan } from './fit-plan.js'
import { slotNames } from './optimizers.js'
import { checkRule } from './rule-checks.js'
import { dependsOnLength } from './schedules.js'
import { setDigest } from './set-digest.js'
import { NO_SUMS, type TrainingState } from './training-state.js'

type Settings = Pick<
  FitPlan,
  'optimizer' | 'sets' | 'evaluateOn' | 'keepBest' | 'sampleWeights' | 'evaluationWeights' | NameOf<'fit'>
>

const COMPARED = namesOf('fit').filter((name) => !rowOf(name).isFreeOnResume)
const OF_MODEL = namesOf('model', 'loss')

/**
 * Settings that determine the result of a run besides its parameters; the number of epochs only where the learning-rate
 * schedule depends on it: otherwise a resumed run may change it. Optimizers are compared by their whole config, not by their rules.
 */
export function settingsOf(model: MLP, plan: Settings): TrainingSettings {
  // a model does not record some, such as init
  const known = OF_MODEL.filter((name) => Object.hasOwn(model, name))
  const { optimizer, evaluateOn, sets, keepBest, sampleWeights, evaluationWeights } = plan
  const settings: Record<string, string | number | boolean | null> = {
    ...Object.fromEntries(known.map((name) => [name, plain(name, model[name as keyof MLP])])),
    inputScale: model.inputScale,
    keepBest,
    ...Object.fromEntries(COMPARED.map((name) => [name, plain(name, plan[name])])),
    ...(dependsOnLength(plan) && { epochs: plan.epochs }),
    ...(sampleWeights && { sampleWeights: fnv1a([Float32Array.from(sampleWeights)]) }),
  }
  for (const [key, value] of Object.entries(optimizer.config)) settings[`optimizer.${key}`] = value
  for (const name of ['train', ...evaluateOn.filter((name) => name !== 'train')] as const) {
    const set = sets[name]!
    const weights = evaluationWeights[name]
    // metrics use them in float64
    if (weights) settings[`evaluationWeights.${name}`] = fnv1a([new Float32Array(Float64Array.from(weights).buffer)])
    settings[`${name}.kind`] = set.kind
    settings[`${name}.rows`] = set.rows.length
    settings[`${name}.digest`] = setDigest(set)
  }
  return settings
}

/** Keeps null, so that messages distinguish it from a word. */
function plain(name: Name, value: unknown): string | number | boolean | null {
  return value === null ? null : labelled(name, value)
}

/**
 * Checks that a run can resume from a checkpoint.
 *
 * @throws NativeMlpError INVALID_ARGUMENT if it is not a checkpoint or contradicts itself, or naming the setting that differs
 *   and both values
 */
export function checkResume(checkpoint: TrainingCheckpoint, model: MLP, plan: Settings & { epochs: number }): void {
  checkShape('resume', checkpoint)
  const { family, layers, settings, step, slots } = checkpoint
  same('numeric family', familyWords(family), familyWords(model.family))
  same('layers', layers.join('-'), model.layerSizes.join('-'))
  const own = settingsOf(model, plan)
  for (const key of Object.keys({ ...settings, ...own })) same(key, ownSetting(settings, key), ownSetting(own, key))
  const needed = slotNames(checkRule(plan.optimizer.rule(step), step), plan)
  same('slots of the optimizer', Object.keys(slots).sort().join(', '), [...needed].sort().join(', '))
  checkCheckpoint(checkpoint, (problem) => new NativeMlpError('INVALID_ARGUMENT', `resume.${problem}`))
  if (step <= plan.epochs * plan.stepsPerEpoch) return
  const least = Math.ceil(step / plan.stepsPerEpoch)
  throw invalidArgument('epochs', `at least ${least}, because the checkpoint is at step ${step}`, plan.epochs)
}

function ownSetting(settings: TrainingSettings, key: string): unknown {
  return Object.hasOwn(settings, key) ? settings[key] : undefined
}

function familyWords({ name, contract }: NumericFamily): string {
  return `${name}, contract ${contract}`
}

function same(name: string, expected: unknown, actual: unknown): void {
  if (expected === actual) return
  const both = `the checkpoint was made with ${describe(expected)}, this run has ${describe(actual)}`
  throw new NativeMlpError('INVALID_ARGUMENT', `resume: ${name}: ${both}`)
}

/** The initial state of a run: at step 0, or from its checkpoint. */
export function firstState(checkpoint: TrainingCheckpoint | null): TrainingState {
  if (checkpoint === null) {
    const patience = { reference: null, misses: 0 }
    return { step: 0, history: [], best: null, patience, collapsed: null, stopped: null, epoch: { ...NO_SUMS } }
  }
  const { step, history, best, patience, collapsed, epoch } = checkpoint
  return {
    step,
    history: [...history],
    best: best === null ? null : history[best],
    patience: { ...patience },
    collapsed,
    stopped: null, // a run that has stopped has no checkpoint
    epoch: { ...epoch },
  }
}
