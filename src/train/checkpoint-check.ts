import { SLOTS } from '../backend/rules.js'
import { checking, isObject } from '../core/checks.js'
import { describe, invalidArgument, type NativeMlpError } from '../core/errors.js'
import { isFloat32Array } from '../core/typed-arrays.js'
import { BATCH_MODES } from '../data/batches.js'
import { MAX_LAYER_SIZE } from '../model/layer-sizes.js'
import type { LayerArrays, TrainingCheckpoint } from './checkpoint.js'
import { AVERAGE_SLOT } from './optimizers.js'

/** A field and what is wrong with it, e.g. 'best: history[2] has no validation'; null if nothing is. */
type Finding = string | null

const CHECKS: readonly ((checkpoint: TrainingCheckpoint) => Finding)[] = [
  checkStep,
  checkLayers,
  checkArrays,
  checkSlots,
  checkHistory,
  checkBest,
  checkPatience,
  checkCollapse,
  checkEpoch,
  checkSampler,
]

/**
 * Checks that the parts of a checkpoint agree, as they do in every checkpoint of `fit`: the history, the best evaluation, the
 * sums of the epoch and the batch stream with the number of steps and the settings; arrays with the layers.
 *
 * @param checkpoint that has passed `checkShape`
 * @param error makes the error from the field and its problem
 * @throws what `error` makes, NativeMlpError INVALID_ARGUMENT for a checkpoint that cannot be read
 */
export function checkCheckpoint(checkpoint: TrainingCheckpoint, error: (problem: string) => NativeMlpError): void {
  const finding = checking('checkpoint', () => {
    for (const check of CHECKS) {
      const found = check(checkpoint)
      if (found !== null) return found
    }
    return null
  })
  if (finding !== null) throw error(finding)
}

/** @throws NativeMlpError INVALID_ARGUMENT for what is not a checkpoint at all; the names of its members are right */
export function checkShape(name: string, checkpoint: TrainingCheckpoint): void {
  const isWhole = checking(name, () => {
    const given = Object(checkpoint) as Readonly<Record<string, unknown>>
    const lists = ['layers', 'history', 'parameters'].every((key) => Array.isArray(given[key]))
    return lists && ['family', 'settings', 'patience', 'epoch', 'sampler', 'slots'].every((key) => isObject(given[key]))
  })
  if (!isWhole) throw invalidArgument(name, 'a checkpoint from onCheckpoint', checkpoint)
}

function wrong(field: string, expected: string, value: unknown): string {
  return `${field}: expected ${expected}, got ${describe(value)}`
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** A setting of a run that every checkpoint of `fit` has; null in one from elsewhere. */
function settingOf({ settings }: TrainingCheckpoint, name: string): number | null {
  const value = Object.hasOwn(settings, name) ? settings[name] : null
  return isCount(value) && value > 0 ? value : null
}

function checkStep({ step, settings, family }: TrainingCheckpoint): Finding {
  if (!isCount(step)) return wrong('step', 'an integer >= 0', step)
  const isScalar = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value)
  if (!Object.values(settings).every(isScalar)) return wrong('settings', 'words, numbers, booleans and null', settings)
  if (typeof family.name !== 'string' || !isCount(family.contract)) {
    return wrong('family', 'a numeric family', family)
  }
  return null
}

function checkLayers({ layers }: TrainingCheckpoint): Finding {
  const isList = Array.isArray(layers) && layers.length >= 2
  if (isList && layers.every((size) => isCount(size) && size >= 1 && size <= MAX_LAYER_SIZE)) return null
  return wrong('layers', 'the sizes of a network', layers)
}

function checkArrays({ layers, parameters, bestParameters }: TrainingCheckpoint): Finding {
  const found = arraysProblem('parameters', parameters, layers)
  return found ?? (bestParameters === null ? null : arraysProblem('bestParameters', bestParameters, layers))
}

function checkSlots({ layers, slots }: TrainingCheckpoint): Finding {
  if (!isObject(slots)) return wrong('slots', 'an object', slots)
  const names = Object.keys(slots)
  const ofRule = names.filter((name) => name !== AVERAGE_SLOT)
  const isWhole = (needed: readonly string[]) =>
    needed.length === ofRule.length && needed.every((name) => ofRule.includes(name))
  if (!Object.values(SLOTS).some(isWhole)) return wrong('slots', 'those of one kind of update rule', names)
  for (const name of names) {
    const found = arraysProblem(`slots.${name}`, slots[name], layers)
    if (found !== null) return found
  }
  return null
}

function arraysProblem(field: string, arrays: readonly LayerArrays[], layers: readonly number[]): Finding {
  const count = layers.length - 1
  if (Array.isArray(arrays) && arrays.length > count) {
    return wrong(field, `one entry for each of ${count} layers`, arrays.length)
  }
  for (let l = 0; l < count; l++) {
    const sizes = { weights: layers[l] * layers[l + 1], biases: layers[l + 1] }
    for (const key of ['weights', 'biases'] as const) {
      const array = arrays?.[l]?.[key]
      if (isFloat32Array(array) && array.length === sizes[key]) continue
      return wrong(`${field}[${l}].${key}`, `a Float32Array of length ${sizes[key]}`, array)
    }
  }
  return null
}

function checkHistory(checkpoint: TrainingCheckpoint): Finding {
  const { history, step } = checkpoint
  if (!Array.isArray(history)) return wrong('history', 'a list of evaluations', history)
  const stepsPerEpoch = settingOf(checkpoint, 'stepsPerEpoch')
  let last = -1
  for (const [i, entry] of history.entries()) {
    const where = `history[${i}]`
    if (!isObject(entry)) return wrong(where, 'an evaluation', entry)
    if (!isCount(entry.step) || entry.step <= last || entry.step >= step) {
      return wrong(`${where}.step`, `a step after ${last} and before ${step}`, entry.step)
    }
    last = entry.step
    const epoch = stepsPerEpoch === null ? entry.epoch : Math.floor(entry.step / stepsPerEpoch)
    if (!isCount(entry.epoch) || entry.epoch !== epoch) {
      return wrong(`${where}.epoch`, `${epoch}, the epoch of step ${entry.step}`, entry.epoch)
    }
  }
  return null
}

function checkBest(checkpoint: TrainingCheckpoint): Finding {
  const { best, history, settings, bestParameters } = checkpoint
  if (best === null) {
    const validated = history.findIndex(({ valid }) => valid !== undefined)
    if (validated >= 0) return wrong('best', `a position, because history[${validated}] has a validation`, best)
  } else {
    if (!isCount(best) || best >= history.length) return wrong('best', 'a position in the history', best)
    if (history[best].valid === undefined) return `best: history[${best}] has no validation`
  }
  const { keepBest } = settings
  if (typeof keepBest !== 'boolean') return null
  const isKept = bestParameters !== null
  if (isKept === (best !== null && keepBest)) return null
  return `bestParameters: expected ${isKept ? 'none' : 'arrays'} with best ${best} and keepBest ${keepBest}`
}

function checkPatience({ patience, history }: TrainingCheckpoint): Finding {
  if (!isObject(patience)) return wrong('patience', 'the state of early stopping', patience)
  const { reference, misses } = patience
  if (reference !== null && !Number.isFinite(reference))
    return wrong('patience.reference', 'a number or null', reference)
  const most = reference === null ? 0 : Math.max(0, history.length - 1)
  if (!isCount(misses) || misses > most) return wrong('patience.misses', `an integer from 0 to ${most}`, misses)
  return null
}

function checkCollapse({ collapsed, history }: TrainingCheckpoint): Finding {
  if (collapsed === null) return null
  if (!isObject(collapsed)) return wrong('collapsed', 'a collapse or null', collapsed)
  const { step, deadShare } = collapsed
  if (!history.some((entry) => entry.step === step)) return wrong('collapsed.step', 'the step of an evaluation', step)
  const isShare = typeof deadShare === 'number' && deadShare >= 0 && deadShare <= 1
  return isShare ? null : wrong('collapsed.deadShare', 'a number from 0 to 1', deadShare)
}

/** The rows of the steps since the epoch began; 0, or those of a whole epoch, right after its last step. */
function checkEpoch(checkpoint: TrainingCheckpoint): Finding {
  const { epoch, step } = checkpoint
  if (!isObject(epoch)) return wrong('epoch', 'the sums of the epoch', epoch)
  const { loss, correct, rows } = epoch
  if (!isCount(rows)) return wrong('epoch.rows', 'an integer >= 0', rows)
  if (!isCount(correct) || correct > rows) return wrong('epoch.correct', `an integer from 0 to ${rows}`, correct)
  if (!Number.isFinite(loss) || (rows === 0 && loss !== 0)) return wrong('epoch.loss', 'the sum of the losses', loss)
  const [stepsPerEpoch, batchSize] = [settingOf(checkpoint, 'stepsPerEpoch'), settingOf(checkpoint, 'batchSize')]
  if (stepsPerEpoch === null || batchSize === null) return null
  const begun = step % stepsPerEpoch
  if (rows === 0 && begun === 0) return null
  const steps = begun === 0 && step > 0 ? stepsPerEpoch : begun
  if (rows >= steps && rows <= steps * batchSize) return null
  return wrong('epoch.rows', `those of ${steps} steps at step ${step} of batches of at most ${batchSize}`, rows)
}

/** The batch stream has given one batch for each step. */
function checkSampler(checkpoint: TrainingCheckpoint): Finding {
  const { sampler, step } = checkpoint
  if (!isObject(sampler)) return wrong('sampler', 'the state of the batches', sampler)
  const { mode, rows, batchSize, position, random } = sampler
  if (!BATCH_MODES.includes(mode)) return wrong('sampler.mode', BATCH_MODES.join(' or '), mode)
  if (!isCount(rows) || rows < 1) return wrong('sampler.rows', 'an integer >= 1', rows)
  if (!isCount(batchSize) || batchSize < 1 || batchSize > rows) {
    return wrong('sampler.batchSize', `an integer from 1 to ${rows}`, batchSize)
  }
  const settings = { mode: 'sampling', rows: 'train.rows', batchSize: 'batchSize' } as const
  for (const [key, setting] of Object.entries(settings)) {
    if (!Object.hasOwn(checkpoint.settings, setting)) continue
    const [actual, expected] = [sampler[key as keyof typeof settings], checkpoint.settings[setting]]
    if (actual !== expected) return wrong(`sampler.${key}`, `${describe(expected)}, as in the settings`, actual)
  }
  const batch = step === 0 ? 0 : ((step - 1) % Math.ceil(rows / batchSize)) + 1
  const taken = mode === 'replacement' ? 0 : Math.min(rows, batch * batchSize)
  if (position !== taken) return wrong('sampler.position', `${taken} at step ${step}`, position)
  return isRandomState(random) ? null : wrong('sampler.random', 'the state of a random stream', random)
}

function isRandomState(state: unknown): boolean {
  if (!Array.isArray(state) || state.length < 4 || state.length > 5) return false
  const words = state.slice(0, 4)
  const isWord = (word: unknown) => isCount(word) && word <= 0xffffffff
  return words.every(isWord) && words.some((word) => word > 0) && (state.length === 4 || Number.isFinite(state[4]))
}
