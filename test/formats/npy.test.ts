import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { encodeNpy, parseNpy, readNpy } from '../../src/formats/npy.js'
import { temporaryFolder } from './temporary-folder.js'

/** Files written by NumPy 2.4 (numpy.lib.format.write_array), in base64. */
const NUMPY = JSON.parse(readFileSync(new URL('../fixtures/npy.json', import.meta.url), 'utf8'))
const numpy = (name: string) => new Uint8Array(Buffer.from(NUMPY[name], 'base64'))

const folder = temporaryFolder()

describe('parseNpy reads what NumPy wrote', () => {
  test.each([
    ['f8_vector', 'float64', [3], [1.5, -2, 1e300]],
    ['f4_matrix', 'float32', [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]],
    ['f4_fortran', 'float32', [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
    ['big_f8', 'float64', [1, 2], [1.5, -2]],
    ['u1', 'uint8', [2], [0, 255]],
    ['i1', 'int8', [2], [-1, 2]],
    ['big_i2', 'int16', [2], [-2, 258]],
    ['u4', 'uint32', [1], [4000000000]],
    ['i4', 'int32', [1, 1, 1], [-5]],
    ['i8', 'int64', [2], [-1n, 2n ** 62n]],
    ['v2', 'float32', [1], [7]],
    ['v3', 'float32', [1], [7]],
    ['scalar', 'float64', [], [3.25]],
    ['empty', 'float32', [0, 5], []],
  ])('%s', (name, dtype, shape, values) => {
    const array = parseNpy(numpy(name), name)
    expect(array.dtype).toBe(dtype)
    expect(array.shape).toEqual(shape)
    expect([...array.data]).toEqual(values)
  })

  test('bool as bytes and half precision as float32', () => {
    expect(parseNpy(numpy('bool'), 'bool')).toMatchObject({ dtype: 'bool', data: expect.any(Uint8Array) })
    expect(parseNpy(numpy('half'), 'half')).toMatchObject({ dtype: 'float16', data: expect.any(Float32Array) })
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0xfe00)
    const bytes = encodeNpy({ shape: [7], data: bits })
    const at = new TextDecoder().decode(bytes).indexOf('u2')
    bytes.set(new TextEncoder().encode('f2'), at)
    const expected = [1, -2, 2 ** -24, -1023 * 2 ** -24, 65_504, Number.POSITIVE_INFINITY, Number.NaN]
    expect([...parseNpy(bytes, 'half').data]).toEqual(expected)
  })

  test.each(['record'])('and refuses the element type %s', (name) => {
    expect(() => parseNpy(numpy(name), name)).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }))
    expect(() => parseNpy(numpy(name), name)).toThrow(/element type/)
  })
})

test.each(['f8_vector', 'f4_matrix', 'u1', 'i1', 'u4', 'i4', 'i8', 'scalar', 'empty'])(
  'encodeNpy writes %s byte for byte as NumPy does',
  (name) => {
    const { shape, data } = parseNpy(numpy(name), name)
    expect(encodeNpy({ shape, data })).toEqual(numpy(name))
  },
)

test('float32 values are written as float64 without change, and back', () => {
  const data = Float32Array.from([0.1, -0, 3e38])
  const wide = parseNpy(encodeNpy({ shape: [3], data, dtype: 'float64' }), 'wide')
  expect(wide.dtype).toBe('float64')
  expect([...wide.data]).toEqual([Math.fround(0.1), -0, Math.fround(3e38)])
  const narrow = parseNpy(encodeNpy({ shape: [3], data: wide.data, dtype: 'float32' }), 'narrow')
  expect([...narrow.data]).toEqual([...data])
})

describe('encodeNpy refuses', () => {
  const data = new Float32Array(6)
  test.each([
    ['a shape of another size', { shape: [2, 2], data }, 'data: expected 4 elements for shape (2, 2)'],
    ['a negative size', { shape: [-2, -3], data }, 'shape: expected an array of integers >= 0, got [-2, -3]'],
    ['an integer type for floats', { shape: [6], data, dtype: 'int32' as const }, "dtype: expected 'float32'"],
    ['an unknown type', { shape: [6], data, dtype: 'float8' as never }, 'dtype: expected one of'],
    ['a plain array', { shape: [1], data: [1] as never }, 'data: expected a typed array'],
    ['a misspelt option', { shape: [6], data, dtyp: 'float32' } as never, "did you mean 'dtype'"],
  ])('%s', (_, array, message) => {
    expect(() => encodeNpy(array)).toThrow(message)
  })
})

describe('hostile files', () => {
  /** A version 1 file with this header text and `length` bytes of data. */
  function npy(header: string, length: number): Uint8Array {
    const bytes = new Uint8Array(10 + header.length + length)
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8])
    bytes.set(Buffer.from(header, 'latin1'), 10)
    return bytes
  }
  const shaped = (shape: string) => `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }\n`
  const good = npy(shaped('(2,)'), 8)

  test('the file they are made from is good, with Python 2 sizes and other quotes too', () => {
    expect(parseNpy(good, 'x').shape).toEqual([2])
    expect(parseNpy(npy(shaped('(2L, 1L)'), 8), 'x').shape).toEqual([2, 1])
    expect(parseNpy(npy(`{"shape":(2,),"fortran_order":True,"descr":"<f4"}`, 8), 'x').shape).toEqual([2])
  })

  test.each([
    ['empty', new Uint8Array(0), /^x at byte 0: truncated/],
    ['cut in the header', good.slice(0, 20), /^x at byte 20: truncated: header of/],
    ['cut in the data', good.slice(0, -1), /truncated: shape \(2\) of float32 needs more bytes/],
    ['one byte more', Uint8Array.from([...good, 0]), /^x at byte \d+: trailing bytes/],
    ['not .npy', Uint8Array.from([0x94, ...good.slice(1)]), /^x at byte 0: not a .npy file/],
    ['version 4', Uint8Array.from([...good.slice(0, 6), 4, ...good.slice(7)]), /^x at byte 6: .npy version 4.0/],
    [
      'a header of 60,000 bytes',
      npy(' '.repeat(60_000), 0),
      /^x at byte 8: header of 60000 bytes, more than the limit/,
    ],
    ['a version 2 header of 4 GB', v2(0xffffffff), /^x at byte 8: header of 4294967295 bytes/],
    ['a huge shape', npy(shaped('(4294967296, 4294967296)'), 8), /truncated/],
    ['a size beyond 2^53', npy(shaped('(99999999999999999999,)'), 8), /dimension 99999999999999999999 is too large/],
    ['a negative size', npy(shaped('(-1,)'), 8), /expected a dimension/],
    ['a missing comma', npy(shaped('(2)'), 8), /expected ',' after the only dimension/],
    ['100 dimensions', npy(shaped(`(${'1, '.repeat(100)})`), 4), /100 dimensions, at most 64/],
    ['code', npy(shaped('__import__("os")'), 8), /expected '\(' in the header/],
    ['an object type', npy(`{'descr': '|O', 'fortran_order': False, 'shape': (1,)}`, 8), /element type '\|O' is not/],
    ['a repeated key', npy(`{'shape': (2,), 'shape': (1,)}`, 8), /^x at byte 26: unknown or repeated key 'shape'/],
    ['another key', npy(`{'shapes': (2,)}`, 8), /^x at byte 11: unknown or repeated key 'shapes'/],
    ['a missing key', npy(`{'shape': (2,)}`, 8), /lacks 'descr'/],
    ['text after the header', npy(`${shaped('(2,)')}x`, 8), /text after the header/],
    ['an unclosed header', npy(`{'shape': (2,`, 8), /expected a dimension|expected '\)'/],
    ['an unclosed string', npy(`{'shape`, 8), /expected a key/],
  ])('%s', (_, bytes, message) => {
    expect(() => parseNpy(bytes, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }))
    expect(() => parseNpy(bytes, 'x')).toThrow(message)
  })

  function v2(length: number): Uint8Array {
    const bytes = new Uint8Array(64)
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0])
    new DataView(bytes.buffer).setUint32(8, length, true)
    return bytes
  }
})

test.each(['<f8', '|u1', '>i8'])('a scalar of %s without its bytes is truncated', (descr) => {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (), }\n`
  const bytes = new Uint8Array(10 + header.length + (descr === '|u1' ? 0 : 7))
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length])
  bytes.set(Buffer.from(header, 'latin1'), 10)
  expect(() => parseNpy(bytes, 'x')).toThrow(/truncated: shape \(\) of \w+ needs more bytes than follow/)
})

test('a truncated scalar that was read before is refused', async () => {
  const path = fileURLToPath(new URL('../fixtures/cases/npy-0d-truncated.npy', import.meta.url))
  await expect(readNpy(path)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringMatching(/truncated/),
  })
})

test('readNpy names the file', async () => {
  const path = join(folder, 'a.npy')
  writeFileSync(path, numpy('f4_matrix'))
  expect((await readNpy(path)).shape).toEqual([2, 3])
  await expect(readNpy(path, { maxBytes: 100 })).rejects.toThrow(`${path}: 152 bytes, more than the limit of 100`)
  writeFileSync(path, 'hello')
  await expect(readNpy(path)).rejects.toThrow(`${path} at byte 5: truncated`)
})
