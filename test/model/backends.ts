import { createNativeBackend, nativeStatus } from '#native'
import type { Backend } from '../../src/backend/backend.js'
import { createJsBackend } from '../../src/backend/js/index.js'

/** Every backend this machine has: tests of the rooms above run on each. */
export const BACKENDS: [name: string, backend: Backend][] = [['js', createJsBackend()]]

/** Beside the TypeScript backend, one for each instruction set of this machine: for tests of what an instruction set computes. */
export const EVERY_ISA: [name: string, backend: Backend][] = [['js', createJsBackend()]]

const status = nativeStatus()
if (status.available) {
  BACKENDS.push(['native', createNativeBackend({ threads: 2 })])
  for (const isa of status.isas) EVERY_ISA.push([isa, createNativeBackend({ isa, threads: 2 })])
} else console.warn(`tests on the native backend are left out: ${status.reason}`)
