import { NativeMlpError } from '../core/errors.js'
import type { LayerParameters } from '../core/results.js'
import type { MLP } from './mlp.js'

/** The parameters of a model that is to be written. @throws NativeMlpError NOT_FINITE naming the layer */
export function finiteParameters(model: MLP): LayerParameters[] {
  model.layers.forEach(({ parameters }, l) => {
    if (model.backend.allFinite(parameters)) return
    throw new NativeMlpError('NOT_FINITE', `the parameters of layer ${l + 1} are not finite`)
  })
  return model.getParameters()
}
