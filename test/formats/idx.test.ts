import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseIdx, readIdx } from '../../src/formats/idx.js'
import { temporaryFolder } from './temporary-folder.js'

const folder = temporaryFolder()

function idx(type: number, dims: number[], body: readonly number[] | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dims.length + body.length)
  const view = new DataView(bytes.buffer)
  bytes.set([0, 0, type, dims.length])
  for (let i = 0; i < dims.length; i++) view.setUint32(4 + 4 * i, dims[i])
  bytes.set(body, 4 + 4 * dims.length)
  return bytes
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const small = idx(8, [2, 3], [1, 2, 3, 4, 5, 255])

describe('parseIdx', () => {
  // bodies written by hand from the format's big-endian definition
  test.each([
    [0x08, 'uint8', [0, 127, 255], [0, 127, 255]],
    [0x09, 'int8', [0, 127, 255], [0, 127, -1]],
    [0x0b, 'int16', [0x01, 0x02, 0xff, 0xfe, 0, 0], [258, -2, 0]],
    [0x0c, 'int32', [0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 7], [65536, -1, 7]],
    [0x0d, 'float32', [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], [1, -2, 0]],
    [0x0e, 'float64', [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0, ...Array(8).fill(0)], [1, -2, 0]],
  ])('type %i is big-endian %s', (code, type, body, expected) => {
    const array = parseIdx(idx(code, [3], body), 'x')
    expect(array.type).toBe(type)
    expect(array.dims).toEqual([3])
    expect([...array.data]).toEqual(expected)
  })

  test('a view into a larger buffer, at an odd offset', () => {
    const padded = new Uint8Array(small.length + 7)
    padded.set(small, 3)
    expect([...parseIdx(padded.subarray(3, 3 + small.length), 'x').data]).toEqual([1, 2, 3, 4, 5, 255])
  })

  test('no rows', () => {
    expect(parseIdx(idx(8, [0, 28, 28], []), 'x').data.length).toBe(0)
  })

  test.each([
    ['empty', new Uint8Array(0), /^x at byte 0: truncated/],
    ['two bytes', small.slice(0, 2), /^x at byte 2: truncated/],
    ['header cut', small.slice(0, 7), /^x at byte 7: truncated: 2 dimensions need a header of 12 bytes/],
    ['body cut', small.slice(0, 17), /^x at byte 17: truncated: 2 x 3 uint8 take 18 bytes, the file has 17/],
    ['trailing byte', Uint8Array.from([...small, 9]), /^x at byte 18: trailing bytes/],
    ['wrong magic', Uint8Array.from([1, ...small.slice(1)]), /^x at byte 0: not an IDX file.*got 01 00 08 02/],
    ['unknown type', idx(0x0a, [1], [0]), /^x at byte 0: not an IDX file/],
    ['no dimension', Uint8Array.from([0, 0, 8, 0, 5]), /^x at byte 3: expected at least one dimension/],
    ['lying size', idx(8, [0x7fffffff], [1]), /^x at byte 4: announces 2147483647 uint8, more than the limit/],
    ['product beyond 2^53', idx(8, [0xffffffff, 0xffffffff, 0xffffffff], []), /more than the limit/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseIdx(bytes, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }))
    expect(() => parseIdx(bytes, 'x')).toThrow(message)
  })
})

describe('readIdx', () => {
  test('plain and gzipped give the same, whatever the name says', async () => {
    for (const path of [file('a', small), file('b.gz', gzipSync(small)), file('c', gzipSync(small))]) {
      const { dims, data } = await readIdx(path)
      expect(dims).toEqual([2, 3])
      expect([...data]).toEqual([1, 2, 3, 4, 5, 255])
    }
  })

  test('puts bytes in shared memory on request', async () => {
    for (const path of [file('a', small), file('b.gz', gzipSync(small))]) {
      const { data } = await readIdx(path, { shared: true })
      expect(data.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect([...data]).toEqual([1, 2, 3, 4, 5, 255])
    }
  })

  const bomb = gzipSync(Buffer.concat([small, Buffer.alloc(5_000_000)]))
  const lie = gzipSync(idx(8, [1_000_000, 1_000], []))
  const compressed = gzipSync(small)
  test.each([
    [
      'a bomb behind an honest header',
      bomb,
      /inflated\) at byte 18: trailing bytes: inflates to more than the 18 bytes/,
    ],
    ['a header no such file can keep', lie, /cannot hold the 1000000012 expected/],
    ['a short inflated body', gzipSync(small.slice(0, 17)), /at byte 17: truncated: inflates to 17 bytes, expected 18/],
    ['a cut gzip stream', compressed.subarray(0, compressed.length - 3), /damaged gzip stream: unexpected end of file/],
    ['a gzip stream cut in its header', compressed.subarray(0, 5), /damaged gzip stream/],
    ['a flipped bit', flip(compressed, compressed.length - 6), /damaged gzip stream: incorrect data check/],
    ['garbage after the stream', Buffer.concat([compressed, Buffer.from('junk')]), /damaged gzip stream/],
    ['something else in gzip', gzipSync('hello, world'), /inflated\) at byte 0: not an IDX file/],
  ])('refuses %s', async (_, bytes, message) => {
    const path = file('hostile.gz', bytes)
    await expect(readIdx(path)).rejects.toMatchObject({ code: 'INVALID_FILE' })
    await expect(readIdx(path)).rejects.toThrow(message)
    await expect(readIdx(path)).rejects.toThrow(path)
  })

  test('obeys maxBytes, plain and inflated', async () => {
    await expect(readIdx(file('a', small), { maxBytes: 17 })).rejects.toThrow(/18 bytes, more than the limit of 17/)
    const zeros = gzipSync(idx(8, [1000], new Uint8Array(1000)))
    await expect(readIdx(file('b', zeros), { maxBytes: 1007 })).rejects.toThrow(/announces 1000 uint8, more than/)
    await expect(readIdx(file('b', zeros), { maxBytes: 1008 })).resolves.toMatchObject({ dims: [1000] })
  })

  test('names a missing file, a folder, a misspelt option', async () => {
    await expect(readIdx(join(folder, 'none'))).rejects.toMatchObject({
      code: 'FILE_SYSTEM',
      message: `${join(folder, 'none')}: cannot read: no such file or directory (ENOENT)`,
    })
    await expect(readIdx(folder)).rejects.toThrow(/a folder, not a file/)
    await expect(readIdx(folder, { maxByte: 1 } as object)).rejects.toThrow(/did you mean 'maxBytes'/)
  })
})

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] ^= 1
  return copy
}
