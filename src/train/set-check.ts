import { invalidArgument, NativeMlpError } from '../core/errors.js'
import type { Samples } from '../data/samples.js'
import { checkInputRows } from '../model/inputs.js'
import { checkTargetRange, LOSS_INFO } from '../model/losses.js'
import type { MLP } from '../model/mlp.js'

/**
 * Whether a set can train or test a model: shape, scale, and labels or targets as its loss needs them.
 *
 * @param name how messages call the set, e.g. 'valid'
 * @param kind what the model takes; default: what it was trained on
 * @throws NativeMlpError INVALID_ARGUMENT
 */
export function checkSet(model: MLP, data: Samples, name: string, kind = model.inputKind): void {
  if (typeof data !== 'object' || data === null || !(data.rows instanceof Int32Array)) {
    throw invalidArgument(name, 'Samples', data)
  }
  checkInputRows(data, { inputs: model.inputs, inputScale: model.inputScale, inputKind: kind }, name)
  if (LOSS_INFO[model.loss].takesLabels(model.outputs)) checkLabels(model, data, name)
  else checkTargets(model, data, name)
}

function checkLabels(model: MLP, { labels, rows }: Samples, name: string): void {
  if (labels === null) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: loss '${model.loss}' needs labels, but the set has none`)
  }
  const classes = LOSS_INFO[model.loss].classes(model.outputs)
  for (let i = 0; i < rows.length; i++) {
    const label = labels[rows[i]]
    if (!(label >= 0 && label < classes)) {
      throw invalidArgument(`${name}: label of row ${i}`, `0..${classes - 1}, the classes of the model`, label)
    }
  }
}

function checkTargets(model: MLP, { targets, targetCols, values, cols, rows }: Samples, name: string): void {
  if (targets === null) {
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: loss '${model.loss}' needs targets, but the set has none`)
  }
  if (targetCols !== model.outputs) {
    throw invalidArgument(`${name}.targetCols`, `${model.outputs}, the outputs of the model`, targetCols)
  }
  const length = (values.length / cols) * targetCols
  if (targets.length < length)
    throw invalidArgument(`${name}.targets`, `${length} values that have not been moved`, targets)
  checkTargetRange(model.loss, targets, rows, targetCols, name)
}
