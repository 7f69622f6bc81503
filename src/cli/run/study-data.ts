import { z } from 'zod'
import { integerInRange } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import type { Signal } from '../../core/platform.js'
import { INPUT_SCALES } from '../../core/scale.js'
import { kFold } from '../../data/folds.js'
import { mnist } from '../../data/mnist.js'
import type { Samples } from '../../data/samples.js'
import type { LoadedStudy } from '../../search/queue/worker.js'
import { setsDigest } from '../../search/study/sets.js'

const rows = z.number().int().min(1).nullable()

/** What a study of the command line makes of MNIST, so that another machine makes the same of it. */
export const recipeSchema = z.strictObject({
  scale: z.enum(INPUT_SCALES),
  /** ignored with folds */
  validFraction: z.number().gt(0).lt(1),
  limitTrain: rows,
  limitTest: rows,
  seed: z.number().int().min(0),
  /** 1: a validation set instead */
  folds: z.number().int().min(1),
  stratified: z.boolean(),
})

export type StudyRecipe = z.output<typeof recipeSchema>

export interface LoadedStudySets {
  readonly train: Samples
  /** none with folds, which take theirs from train */
  readonly valid?: Samples
  readonly test: Samples
  /** where they came from, for people */
  readonly source: string
}

/** @param dir folder of the data; undefined: wherever `mnist` finds them */
export async function loadStudySets(
  recipe: StudyRecipe,
  dir: string | undefined,
  signal?: Signal,
): Promise<LoadedStudySets> {
  const { scale, validFraction, limitTrain, limitTest, seed, folds, stratified } = recipe
  const { train, test, source } = await mnist({ dir, scale, shared: true, signal })
  const some = first(train, limitTrain, '--limit-train')
  const sets = folds > 1 ? { train: some } : some.split({ valid: validFraction, seed, stratified })
  return { ...sets, test: first(test, limitTest, '--limit-test'), source }
}

/**
 * The data of a study as a worker needs them.
 *
 * @param recipe as it came from the queue
 * @throws NativeMlpError INVALID_FILE for what is no recipe; and as `mnist`
 */
export async function loadForWorker(recipe: unknown, dir: string | undefined, signal?: Signal): Promise<LoadedStudy> {
  const checked = recipeSchema.safeParse(recipe)
  if (!checked.success) {
    const { path, message } = checked.error.issues[0]
    throw new NativeMlpError('INVALID_FILE', `recipe of the data: ${[...path.map(String), message].join(': ')}`)
  }
  const { folds: count, seed, stratified } = checked.data
  const { train, valid, test } = await loadStudySets(checked.data, dir, signal)
  const folds = valid ? [{ train, valid, test }] : kFold(train, { folds: count, seed, stratified })
  return { folds: folds.map((fold) => ({ ...fold, test })), digest: setsDigest({ train, valid, test }) }
}

function first(set: Samples, limit: number | null, name: string): Samples {
  return limit === null ? set : set.take(integerInRange(name, limit, 1, set.length))
}
