import type { Backend } from '../backend.js'
import { backward, forward, gradient, update } from './dense.js'
import { gemm } from './gemm.js'
import { dataset, gather, JsBatch, measure } from './inputs.js'
import { loss } from './loss.js'
import { compile, divideRun, firstLayerNotFinite, forwardPass, run } from './program.js'
import { allFinite, allocate, layerOutput, matrix, pack, parameterLength, unpack } from './storage.js'
import { warp } from './warp.js'

/**
 * The pure TypeScript backend: one thread, the same bits on any JavaScript engine. Sums are double and rounded once, so it
 * agrees with the native backend within rounding, not bit by bit: it has its own numeric family.
 */
export function createJsBackend(): Backend {
  return {
    name: 'js',
    isa: 'js',
    threads: 1,
    family: { name: 'js', contract: 1 },
    allocate,
    parameterLength,
    pack,
    unpack,
    dataset,
    measure,
    batch: (dataset, capacity) => new JsBatch(dataset, capacity),
    matrix,
    layerOutput,
    gather,
    warp,
    forward,
    loss,
    backward,
    update,
    gradient,
    compile,
    run,
    divide: divideRun,
    forwardPass,
    firstLayerNotFinite,
    allFinite,
    gemm,
  }
}
