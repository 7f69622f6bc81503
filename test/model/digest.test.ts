import { describe, expect, it } from 'vitest'
import { fnv1a } from '../../src/model/digest.js'

/** The published definition, with big integers. */
function reference(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}

describe('fnv1a', () => {
  it('begins at the offset basis', () => {
    expect(fnv1a([])).toBe('cbf29ce484222325')
  })

  it('agrees with the definition on any bits', () => {
    const floats = Float32Array.from({ length: 300 }, (_, i) => (i % 7 === 0 ? -0 : (i - 150) / 7 / (1 + i)))
    expect(fnv1a([floats])).toBe(reference(new Uint8Array(floats.buffer)))
    expect(fnv1a([floats.subarray(0, 11), floats.subarray(11)])).toBe(fnv1a([floats]))
  })

  it('tells +0 from -0 and one order from another', () => {
    expect(fnv1a([Float32Array.of(0)])).not.toBe(fnv1a([Float32Array.of(-0)]))
    expect(fnv1a([Float32Array.of(1, 2)])).not.toBe(fnv1a([Float32Array.of(2, 1)]))
  })
})
