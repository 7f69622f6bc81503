import { describe } from 'vitest'
import type { Backend } from '../../src/backend/backend.js'
import { contract } from './conformance/contract.js'
import { evaluation } from './conformance/evaluation.js'
import { multiplication } from './conformance/gemm.js'
import { layers } from './conformance/layers.js'
import { losses } from './conformance/losses.js'
import { networks } from './conformance/networks.js'

/** What every backend must do, to be run for each backend, instruction set and number of threads. */
export function conformance(name: string, create: () => Backend): void {
  describe(`backend ${name}`, () => {
    describe('layers', () => layers(create))
    describe('losses', () => losses(create))
    describe('whole networks', () => networks(create))
    describe('gemm', () => multiplication(create))
    describe('evaluate', () => evaluation(create))
    describe('numeric contract', () => contract(create))
  })
}
