import { SLOTS } from '../backend/rules.js'
import { integerInRange } from '../core/checks.js'
import { describe, invalidArgument, NativeMlpError } from '../core/errors.js'
import { isFloat32Array } from '../core/typed-arrays.js'
import type { NumericFamily } from '../core/types.js'
import type { MLP } from '../model/mlp.js'
import type { LayerArrays, OptimizerSlots, TrainingCheckpoint, TrainingSettings } from './checkpoint.js'
import { labelled, type Name, type NameOf, namesOf, rowOf } from './config.js'
import type { FitPlan } from './fit-plan.js'
import { checkRule } from './optimizers.js'
import { dependsOnLength } from './schedules.js'
import { setDigest } from './set-digest.js'
import { NO_SUMS, type TrainingState } from './training-state.js'

type Settings = Pick<FitPlan, 'optimizer' | 'sets' | 'evaluateOn' | 'keepBest' | NameOf<'fit'>>

const COMPARED = namesOf('fit').filter((name) => !rowOf(name).isFreeOnResume)
const OF_MODEL = namesOf('model', 'loss')

/**
 * Settings that determine the result of a run besides its parameters; the number of epochs only where the learning-rate
 * schedule depends on it: otherwise a resumed run may change it. Optimizers are compared by their whole config, not by their rules.
 */
export function settingsOf(model: MLP, plan: Settings): TrainingSettings {
  // a model does not record some, such as init
  const known = OF_MODEL.filter((name) => Object.hasOwn(model, name))
  const { optimizer, evaluateOn, sets, keepBest } = plan
  const settings: Record<string, string | number | boolean | null> = {
    ...Object.fromEntries(known.map((name) => [name, plain(name, model[name as keyof MLP])])),
    inputScale: model.inputScale,
    keepBest,
    ...Object.fromEntries(COMPARED.map((name) => [name, plain(name, plan[name])])),
    ...(dependsOnLength(plan) && { epochs: plan.epochs }),
  }
  for (const [key, value] of Object.entries(optimizer.config)) settings[`optimizer.${key}`] = value
  for (const name of ['train', ...evaluateOn.filter((name) => name !== 'train')] as const) {
    const set = sets[name]!
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
 * @throws NativeMlpError INVALID_ARGUMENT if it is not a checkpoint, or naming the setting that differs and both values
 */
export function checkResume(checkpoint: TrainingCheckpoint, model: MLP, plan: Settings & { epochs: number }): void {
  checkShape(checkpoint)
  const { family, layers, settings, step, history, best, parameters, bestParameters, slots } = checkpoint
  same('numeric family', familyWords(family), familyWords(model.family))
  same('layers', layers.join('-'), model.layerSizes.join('-'))
  const own = settingsOf(model, plan)
  for (const key of Object.keys({ ...settings, ...own })) same(key, settings[key], own[key])
  checkLayerArrays('resume.parameters', parameters, model)
  if (bestParameters !== null) checkLayerArrays('resume.bestParameters', bestParameters, model)
  checkSlotArrays(slots, plan, step, model)
  integerInRange('resume.step', step, 0)
  if (best !== null) integerInRange('resume.best', best, 0, history.length - 1)
  if (step <= plan.epochs * plan.stepsPerEpoch) return
  const least = Math.ceil(step / plan.stepsPerEpoch)
  throw invalidArgument('epochs', `at least ${least}, because the checkpoint is at step ${step}`, plan.epochs)
}

function checkShape(checkpoint: TrainingCheckpoint): void {
  const given: Readonly<Record<string, unknown>> = Object(checkpoint)
  const isWhole =
    ['layers', 'history', 'parameters'].every((key) => Array.isArray(given[key])) &&
    ['family', 'settings', 'patience', 'epoch', 'sampler', 'slots'].every(
      (key) => typeof given[key] === 'object' && given[key] !== null,
    )
  if (!isWhole) throw invalidArgument('resume', 'a checkpoint from onCheckpoint', checkpoint)
}

function familyWords({ name, contract }: NumericFamily): string {
  return `${name}, contract ${contract}`
}

function same(name: string, expected: unknown, actual: unknown): void {
  if (expected === actual) return
  const both = `the checkpoint was made with ${describe(expected)}, this run has ${describe(actual)}`
  throw new NativeMlpError('INVALID_ARGUMENT', `resume: ${name}: ${both}`)
}

/** Checks that a checkpoint has exactly the slots that the optimiser's rules need. */
function checkSlotArrays(slots: OptimizerSlots, { optimizer }: Settings, step: number, model: MLP): void {
  const names = SLOTS[checkRule(optimizer.rule(step), step).kind]
  same('slots of the optimizer', Object.keys(slots).sort().join(', '), [...names].sort().join(', '))
  for (const name of names) checkLayerArrays(`resume.slots.${name}`, slots[name], model)
}

function checkLayerArrays(name: string, arrays: readonly LayerArrays[], model: MLP): void {
  if (Array.isArray(arrays) && arrays.length > model.layers.length) {
    throw invalidArgument(name, `one entry for each of ${model.layers.length} layers`, arrays.length)
  }
  model.layers.forEach(({ inputs, outputs }, l) => {
    const sizes = { weights: inputs * outputs, biases: outputs }
    for (const key of ['weights', 'biases'] as const) {
      const array = arrays?.[l]?.[key]
      if (isFloat32Array(array) && array.length === sizes[key]) continue
      throw invalidArgument(`${name}[${l}].${key}`, `a Float32Array of length ${sizes[key]}`, array)
    }
  })
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
