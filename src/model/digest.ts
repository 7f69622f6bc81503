/**
 * FNV-1a, 64 bits (Fowler, Noll and Vo), over the bits of float32 values as little-endian bytes, in 16 hexadecimal digits.
 * Tests compare digests to check that results are bit-identical.
 */
export function fnv1a(arrays: Iterable<Float32Array>): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const array of arrays) {
    const words = new Uint32Array(array.buffer, array.byteOffset, array.length)
    for (let i = 0; i < words.length; i++) {
      for (let shift = 0; shift < 32; shift += 8) {
        low = (low ^ ((words[i] >>> shift) & 0xff)) >>> 0
        // times the prime 2^40 + 0x1b3, modulo 2^64: every product below 2^42 is exact in a double
        const product = low * 0x1b3
        high = (high * 0x1b3 + Math.floor(product / 4294967296) + (low << 8)) >>> 0
        low = product >>> 0
      }
    }
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
