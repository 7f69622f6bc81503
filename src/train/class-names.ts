import { describe, NativeMlpError } from '../core/errors.js'
import type { Samples } from '../data/samples.js'
import { nameCount } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'

/** Null for the numbers of the classes, which are the names of classes without names. */
function givenNames(names: readonly string[]): readonly string[] | null {
  return names.every((name, i) => name === String(i)) ? null : names
}

/** The names that a model with so many classes takes from its training set; null where the set does not name them all. */
export function namesFrom(train: Samples, count: number): readonly string[] | null {
  const names = givenNames(train.classNames)
  return names !== null && names.length === count ? names : null
}

/** The model's class names, or those that `fit` would give it from its training set. */
export function namesAfter(model: MLP, train: Samples): readonly string[] | null {
  return model.classNames ?? namesFrom(train, nameCount(model.loss, model.outputs))
}

/**
 * Checks that label c stands for the same class in a set and in a model. Sets of fewer classes than the model has, and sets
 * and models without names, pass.
 *
 * @param expected of the model
 * @throws NativeMlpError INVALID_ARGUMENT naming the first class that differs
 */
export function checkClassNames(expected: readonly string[] | null, data: Samples, name: string): void {
  const names = givenNames(data.classNames)
  if (expected === null || names === null || givenNames(expected) === null) return
  const at = names.findIndex((own, c) => c < expected.length && own !== expected[c])
  if (at < 0) return
  const both = `class ${at} is ${describe(names[at])} there and ${describe(expected[at])} in the model`
  throw new NativeMlpError(
    'INVALID_ARGUMENT',
    `${name}.classNames: ${both}; number the labels in the order of the model's classNames`,
  )
}

/** Records in the model what its outputs and inputs mean, as the training set says. */
export function learnMeaning(model: MLP, train: Samples): void {
  model.setInputKind(train.kind)
  model.setClassNames(namesAfter(model, train))
}
