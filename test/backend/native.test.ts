import { describe, expect, it } from 'vitest'
import { createNativeBackend, nativeStatus } from '../../src/backend/native.js'
import type { AddonInfo } from '../../src/backend/native-addon.js'
import { loadAddon } from '../../src/backend/native-loader.js'
import { OPERATIONS } from '../../src/backend/program.js'
import { RULE, RULE_KINDS, RULE_VALUES } from '../../src/backend/rules.js'
import { ACTIVATIONS, LOSSES } from '../../src/core/types.js'
import { conformance } from './conformance.js'

/** Every instruction set this build has on this processor, alone and with threads. */
const status = nativeStatus()

describe('native backend', () => {
  it('is available here, or this run says why its tests did not run', () => {
    if (!status.available) console.warn(`native backend not tested: ${status.reason}`)
    expect(status.available || process.env.CI === undefined, 'CI must have the addon').toBe(true)
  })

  it.runIf(status.available)('runs what it is told to run', () => {
    if (!status.available) return
    for (const isa of status.isas) {
      const backend = createNativeBackend({ isa, threads: 3 })
      expect([backend.isa, backend.threads]).toEqual([isa, 3])
    }
    expect(createNativeBackend().isa).toBe(status.automatic)
  })

  it.runIf(status.available)('refuses an instruction set it does not have', () => {
    expect(() => createNativeBackend({ isa: 'sse9' })).toThrow(/'sse9' is not available; this build .* has: /)
  })
})

const loaded = loadAddon()

describe.runIf(loaded.addon !== null)('numbers that the addon and TypeScript share', () => {
  const info = (loaded.addon as { info(): AddonInfo } | null)?.info()

  it('are the same on both sides', () => {
    expect(info?.activations).toEqual(ACTIVATIONS)
    expect(info?.losses).toEqual(LOSSES)
    expect(info?.operations).toBe(OPERATIONS.length)
    expect([info?.rules, info?.ruleValues]).toEqual([RULE_KINDS, RULE_VALUES])
    expect(Math.max(...Object.values(RULE))).toBe(RULE_VALUES - 1)
  })
})

if (status.available) {
  for (const isa of status.isas) {
    for (const threads of isa === status.automatic ? [1, 3] : [2]) {
      conformance(`native ${isa}, ${threads} threads`, () => createNativeBackend({ isa, threads }))
    }
  }
}
