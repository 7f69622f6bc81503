/**
 * FNV-1a, 64 bits (Fowler, Noll and Vo), over the bits of float32 values as little-endian bytes, in 16 hexadecimal digits.
 * Tests compare digests to check that results are bit-identical.
 */
export function fnv1a(arrays: Iterable<Float32Array>): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const array of arrays) {
    const words = wordsOf(array)
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
  return hexadecimal(high) + hexadecimal(low)
}

/**
 * A checksum of 64 bits, ten times as fast as `fnv1a`, which a file of a hundred megabytes needs: two multiplicative hashes of
 * 32 bits, one step each for a byte of a Uint8Array or the bits of a float32 value. Not cryptographic. A change within one of
 * these always changes the checksum, because every step is a bijection of the state; other changes do with probability
 * 1 - 2^-64.
 */
export function checksum(arrays: Iterable<Float32Array | Uint8Array>): string {
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (const array of arrays) {
    const words = array.BYTES_PER_ELEMENT === 1 ? array : wordsOf(array)
    for (let i = 0; i < words.length; i++) {
      const word = words[i]
      a = Math.imul(a ^ word, 0x01000193)
      a ^= a >>> 15
      b = Math.imul(b ^ word, 0x85ebca6b)
      b ^= b >>> 13
    }
  }
  return hexadecimal(a) + hexadecimal(b)
}

function wordsOf(array: Float32Array | Uint8Array): Uint32Array {
  return new Uint32Array(array.buffer, array.byteOffset, array.length)
}

function hexadecimal(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
