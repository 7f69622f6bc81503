/**
 * FNV-1a, 64 bits (Fowler, Noll and Vo), over bytes and the bits of float32 values as little-endian bytes, in 16 hexadecimal
 * digits. Tests compare digests to check that results are bit-identical. Not cryptographic: a change of any one byte always
 * changes the digest, because every step is a bijection of the state; other changes do with probability 1 - 2^-64.
 */
export function fnv1a(arrays: Iterable<Float32Array | Uint8Array>): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const array of arrays) {
    const [units, bits] =
      array.BYTES_PER_ELEMENT === 1 ? [array, 8] : [new Uint32Array(array.buffer, array.byteOffset, array.length), 32]
    for (let i = 0; i < units.length; i++) {
      for (let shift = 0; shift < bits; shift += 8) {
        low = (low ^ ((units[i] >>> shift) & 0xff)) >>> 0
        // times the prime 2^40 + 0x1b3, modulo 2^64: every product below 2^42 is exact in a double
        const product = low * 0x1b3
        high = (high * 0x1b3 + Math.floor(product / 4294967296) + (low << 8)) >>> 0
        low = product >>> 0
      }
    }
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
