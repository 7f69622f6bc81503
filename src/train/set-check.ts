import { invalidArgument, NativeMlpError } from '../core/errors.js'
import { isSamples, type Samples } from '../data/samples.js'
import { checkInputRows } from '../model/inputs.js'
import { checkTargetRange, LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'
import { checkClassNames } from './class-names.js'

/** What the inputs and outputs of a model mean. */
type Meaning = Pick<MLP, 'inputKind' | 'classNames'>

/**
 * Checks that a set matches a model: shape, scale, class names, and labels or targets as its loss requires.
 *
 * @param name how messages call the set, e.g. 'valid'
 * @param meaning default: that of the model
 * @throws NativeMlpError INVALID_ARGUMENT
 */
export function checkSet(model: MLP, data: Samples, name: string, meaning: Meaning = model): void {
  if (!isSamples(data)) throw invalidArgument(name, 'Samples', data)
  checkInputRows(data, { inputs: model.inputs, inputScale: model.inputScale, inputKind: meaning.inputKind }, name)
  if (LOSS_INFO[model.loss].takesLabels(model.outputs)) {
    checkLabels(model, data, name)
    checkClassNames(meaning.classNames, data, name)
  } else checkTargets(model, data, name)
}

function checkLabels(model: MLP, data: Samples, name: string): void {
  const { labels, rows } = data
  if (labels === null) throw wrongTruth(model, 'labels', data, name)
  const classes = LOSS_INFO[model.loss].classes(model.outputs)
  const whose = classes === model.outputs ? 'the classes of the model' : `the ${classes} classes of ${lossWords(model)}`
  for (let i = 0; i < rows.length; i++) {
    const label = labels[rows[i]]
    if (!(label >= 0 && label < classes)) {
      throw invalidArgument(`${name}: label of row ${i}`, `0..${classes - 1}, ${whose}`, label)
    }
  }
}

function checkTargets(model: MLP, data: Samples, name: string): void {
  const { targets, targetCols, values, cols, rows } = data
  if (targets === null) throw wrongTruth(model, 'targets', data, name)
  if (targetCols !== model.outputs) {
    throw invalidArgument(`${name}.targetCols`, `${model.outputs}, the outputs of the model`, targetCols)
  }
  const length = (values.length / cols) * targetCols
  if (targets.length < length)
    throw invalidArgument(`${name}.targets`, `${length} values that have not been transferred`, targets)
  checkTargetRange(model.loss, targets, rows, targetCols, name)
}

function wrongTruth(model: MLP, needed: 'labels' | 'targets', { labels, targets }: Samples, name: string) {
  const has = labels !== null ? 'labels' : targets !== null ? 'targets' : 'neither labels nor targets'
  return new NativeMlpError('INVALID_ARGUMENT', `${name}: ${lossWords(model)} needs ${needed}, but the set has ${has}`)
}

/** "loss 'binaryCrossEntropy' with 1 output"; what other losses need does not depend on the outputs. */
function lossWords({ loss, outputs }: MLP): string {
  const dependsOnOutputs = LOSS_INFO[loss].takesLabels(1) !== LOSS_INFO[loss].takesLabels(2)
  return `loss '${loss}'${dependsOnOutputs ? ` with ${outputs} output${outputs === 1 ? '' : 's'}` : ''}`
}
