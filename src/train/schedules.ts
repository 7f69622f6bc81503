import { cosPi, log, power } from '../core/elementary.js'

/**
 * Learning-rate schedules: factors of the optimiser's learning rate, functions of the step alone (except 'plateau', which
 * depends on the evaluations before it). Nothing of them is stored in checkpoints.
 */
export const SCHEDULES = [
  'constant',
  'step',
  'exponential',
  'cosine',
  'oneCycle',
  'flatCosine',
  'logCosine',
  'plateau',
] as const
export type Schedule = (typeof SCHEDULES)[number]

/** Schedules of dropout and of weight decay: from the whole value to 0. */
export const REGULARISATION_SCHEDULES = ['constant', 'cosine', 'flatCosine'] as const

/** Parameters of a schedule in a run. */
export interface ScheduleOptions {
  readonly schedule: Schedule
  /** fraction of all steps over which the factor rises linearly from 0; null: 0.2 for 'oneCycle', else 0 */
  readonly warmup: number | null
  /** of 'step', 'exponential' and 'plateau': the factor of one decay */
  readonly decayFactor: number
  /** of 'step' and 'exponential': epochs between decays; of 'plateau': evaluations without improvement before one */
  readonly decayEvery: number
  /** of 'cosine' and 'logCosine': number of cycles; null: 1, and 4 for 'logCosine' */
  readonly cycles: number | null
}

export interface RegularisationSchedules {
  readonly dropoutSchedule: RegularisationSchedule
  readonly weightDecaySchedule: RegularisationSchedule
}
export type RegularisationSchedule = (typeof REGULARISATION_SCHEDULES)[number]

/** Position of a step in a run. */
export interface RunPosition {
  /** 0-based */
  readonly step: number
  readonly totalSteps: number
  readonly stepsPerEpoch: number
  /** of 'plateau': decays so far */
  readonly decays: number
}

/** Warm-up of 'oneCycle' unless another is given: that of the MNIST presets. */
const ONE_CYCLE_WARMUP = 0.2
/** 'flatCosine' is constant up to here. */
const FLAT_UNTIL = 0.5

/**
 * Whether the factor depends on the number of all steps, so that a resumed run must have the same.
 */
export function dependsOnLength({
  schedule,
  warmup,
  dropoutSchedule,
  weightDecaySchedule,
}: ScheduleOptions & RegularisationSchedules): boolean {
  const ofLearningRate =
    warmupOf(schedule, warmup) > 0 || !['constant', 'step', 'exponential', 'plateau'].includes(schedule)
  return ofLearningRate || dropoutSchedule !== 'constant' || weightDecaySchedule !== 'constant'
}

/**
 * The factor of the learning rate for one step, from 0 to 1. With t the position between the end of the warm-up (0) and the
 * last step (1):
 * - constant: 1
 * - step: decayFactor^floor(epochs / decayEvery), as torch StepLR
 * - exponential: decayFactor^(epochs / decayEvery), at every step
 * - cosine: (1 + cos(pi u)) / 2, u the position in the present of `cycles` equal cycles (SGDR; Loshchilov and Hutter, 2017)
 * - oneCycle: linear warm-up, then one cosine to 0 (Smith, 2018)
 * - flatCosine: 1 up to the middle, then one cosine to 0
 * - logCosine: (1 - cos(2 pi log2(1 + (2^cycles - 1) t))) / 2: cycles of doubling length from 0 to 0 (RealMLP; Holzmueller
 *   et al., 2024)
 * - plateau: decayFactor^decays, one decay after every `decayEvery` evaluations without a better validation
 */
export function scheduleFactor(options: ScheduleOptions, position: RunPosition): number {
  const { schedule, decayFactor, decayEvery } = options
  const cycles = options.cycles ?? (schedule === 'logCosine' ? 4 : 1)
  const { step, totalSteps, stepsPerEpoch, decays } = position
  const warmup = warmupOf(schedule, options.warmup) * totalSteps
  if (step < warmup) return (step + 1) / (Math.floor(warmup) + 1)
  const epochs = step / stepsPerEpoch
  switch (schedule) {
    case 'constant':
      return 1
    case 'step':
      return power(decayFactor, Math.floor(Math.floor(epochs) / decayEvery))
    case 'exponential':
      return power(decayFactor, epochs / decayEvery)
    case 'plateau':
      return power(decayFactor, decays)
  }
  const t = (step - warmup) / Math.max(1, totalSteps - warmup)
  switch (schedule) {
    case 'oneCycle':
      return halfCosine(t)
    case 'cosine':
      return halfCosine((t * cycles) % 1)
    case 'flatCosine':
      return regularisationFactor('flatCosine', t)
    case 'logCosine':
      return 0.5 - 0.5 * cosPi((2 * log(1 + (power(2, cycles) - 1) * t)) / Math.LN2)
  }
}

/** Factor of dropout or weight decay. @param t position in the run, 0 to 1 */
export function regularisationFactor(schedule: RegularisationSchedule, t: number): number {
  if (schedule === 'constant') return 1
  if (schedule === 'cosine') return halfCosine(t)
  return t < FLAT_UNTIL ? 1 : halfCosine((t - FLAT_UNTIL) / (1 - FLAT_UNTIL))
}

export function warmupOf(schedule: Schedule, warmup: number | null): number {
  return warmup ?? (schedule === 'oneCycle' ? ONE_CYCLE_WARMUP : 0)
}

/** From 1 at t = 0 to 0 at t = 1. */
function halfCosine(t: number): number {
  return 0.5 + 0.5 * cosPi(t)
}

/** Options that a schedule ignores must have their defaults. */
const USED: Readonly<Record<Schedule, readonly (keyof ScheduleOptions)[]>> = {
  constant: [],
  step: ['decayFactor', 'decayEvery'],
  exponential: ['decayFactor', 'decayEvery'],
  cosine: ['cycles'],
  oneCycle: [],
  flatCosine: [],
  logCosine: ['cycles'],
  plateau: ['decayFactor', 'decayEvery'],
}

/** The options that a schedule does not use. */
export function unusedBy(schedule: Schedule): readonly (keyof ScheduleOptions)[] {
  return (['decayFactor', 'decayEvery', 'cycles'] as const).filter((name) => !USED[schedule].includes(name))
}

/** Decays of 'plateau' after these validation scores, larger is better. */
export function plateauDecays(scores: readonly number[], decayEvery: number): number {
  let decays = 0
  let best = Number.NEGATIVE_INFINITY
  let misses = 0
  for (const score of scores) {
    if (score > best) {
      best = score
      misses = 0
    } else if (++misses === decayEvery) {
      decays++
      misses = 0
    }
  }
  return decays
}
