import { describe, expect, it } from 'vitest'
import { checksum, fnv1a } from '../../src/model/digest.js'

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

describe('the checksum of files', () => {
  const floats = Float32Array.from({ length: 50 }, (_, i) => Math.fround(i / 7) - 3)
  const text = new TextEncoder().encode('metadata')

  it('stays what it is, whatever the layout of the arrays', () => {
    expect(checksum([])).toBe('811c9dc59747b28c')
    expect(checksum([text, floats])).toBe(checksum([text, floats.subarray(0, 9), floats.subarray(9)]))
    expect(checksum([text, floats])).not.toBe(checksum([floats, text]))
  })

  it('differs for every change of a bit', () => {
    const seen = new Set([checksum([text, floats])])
    for (const array of [new Uint8Array(floats.buffer), text]) {
      for (let at = 0; at < array.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          array[at] ^= 1 << bit
          seen.add(checksum([text, floats]))
          array[at] ^= 1 << bit
        }
      }
    }
    expect(seen.size).toBe(1 + 8 * (4 * floats.length + text.length))
  })
})
