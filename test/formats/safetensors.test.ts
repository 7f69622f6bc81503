import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { encodeSafetensors, parseSafetensors } from '../../src/formats/safetensors.js'
import { readSafetensors } from '../../src/formats/safetensors-file.js'
import { temporaryFolder } from './temporary-folder.js'

const folder = temporaryFolder()

/** Written by the format's own implementation, safetensors 0.8 for Python. */
const REFERENCE = fileURLToPath(new URL('../fixtures/reference.safetensors', import.meta.url))

/** A file with this header text and `length` bytes of data. */
function file(header: string | Uint8Array, length: number, announced?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const bytes = new Uint8Array(8 + text.length + length)
  new DataView(bytes.buffer).setBigUint64(0, announced ?? BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}

test('reads a file of the reference implementation', async () => {
  const { tensors, metadata } = await readSafetensors(REFERENCE)
  expect(metadata).toEqual({ format: 'pt', note: '\u00e9"q"' })
  expect(new Set(tensors.keys())).toEqual(new Set(['a', 'b', 'e', 's', 'w']))
  expect(tensors.get('w')).toEqual({ shape: [2, 2], data: Float32Array.from([1.5, -2, 0.25, 3]) })
  expect(tensors.get('a')).toEqual({ shape: [2], data: BigInt64Array.from([7n, -7n]) })
  expect(tensors.get('b')).toEqual({ shape: [3], data: Uint8Array.from([1, 2, 255]) })
  expect(tensors.get('s')).toEqual({ shape: [], data: Float64Array.from([2.5]) })
  expect(tensors.get('e')).toEqual({ shape: [0, 3], data: new Float32Array(0) })
})

test('writes the bytes the format prescribes: order kept, wide types first, header padded to 8', () => {
  const bytes = encodeSafetensors({
    metadata: { zeta: '1', alpha: 'é' },
    tensors: new Map([
      ['u', { shape: [1], data: Uint8Array.from([9]) }],
      ['y', { shape: [2], data: Float32Array.from([1, -2]) }],
      ['x', { shape: [], data: Float32Array.from([0.5]) }],
    ]),
  })
  const header =
    '{"__metadata__":{"zeta":"1","alpha":"é"},' +
    '"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
    '"x":{"dtype":"F32","shape":[],"data_offsets":[8,12]},' +
    '"u":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}'
  const length = Math.ceil(Buffer.byteLength(header) / 8) * 8
  const padded = Buffer.alloc(length, ' ')
  padded.write(header)
  const data = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f, 9]
  expect([...bytes]).toEqual([length & 255, length >> 8, 0, 0, 0, 0, 0, 0, ...padded, ...data])
})

test('what is written reads back, whatever the names', () => {
  const names = ['__proto__', 'constructor', '10', '2', 'a "b" \\ \u{1f600}', '']
  const tensors = new Map(names.map((name, i) => [name, { shape: [1], data: Int32Array.of(i) }]))
  const metadata = Object.fromEntries([['__proto__', 'x'], ...names.slice(1).map((name) => [name, name])])
  const parsed = parseSafetensors(encodeSafetensors({ tensors, metadata }), 'x')
  expect(new Map(parsed.tensors)).toEqual(tensors)
  expect(Object.entries(parsed.metadata)).toEqual(Object.entries(metadata))
  expect(parseSafetensors(encodeSafetensors({ tensors: new Map() }), 'x').tensors.size).toBe(0)
})

describe('encodeSafetensors refuses', () => {
  const data = new Float32Array(2)
  test.each([
    [
      'a shape of another size',
      { tensors: new Map([['w', { shape: [3], data }]]) },
      /tensor 'w': expected the elements/,
    ],
    ['a fraction as size', { tensors: new Map([['w', { shape: [0.5, 4], data }]]) }, /tensor 'w'/],
    ['a plain array', { tensors: new Map([['w', { shape: [1], data: [1] as never }]]) }, /expected a typed array/],
    ['the reserved name', { tensors: new Map([['__metadata__', { shape: [2], data }]]) }, /other than '__metadata__'/],
    [
      'metadata that are not text',
      { tensors: new Map(), metadata: { a: 1 as never } },
      /metadata 'a': expected a string/,
    ],
  ])('%s', (_, contents, message) => {
    expect(() => encodeSafetensors(contents)).toThrow(message)
  })
})

describe('hostile files', () => {
  const tensor = (begin: number, end: number, shape = [1], dtype = 'F32') =>
    JSON.stringify({ dtype, shape, data_offsets: [begin, end] })
  const good = file(`{"w":${tensor(0, 4)}}`, 4)

  test('the file they are made from is good, with spaces after the header', () => {
    expect(parseSafetensors(good, 'x').tensors.size).toBe(1)
    expect(parseSafetensors(file(`{"w":${tensor(0, 4)}}   `, 4), 'x').tensors.size).toBe(1)
  })

  test.each([
    ['empty', new Uint8Array(0), /^x at byte 0: not a safetensors file: truncated/],
    ['cut in the header', good.slice(0, 20), /^x at byte 20: truncated, or the header length is wrong/],
    [
      'a wrong header length',
      file('{}', 0, 3n),
      /^x at byte 10: truncated, or the header length is wrong: .* ends at byte 11/,
    ],
    [
      'a header length of 2^64 - 1',
      file('{}', 0, 2n ** 64n - 1n),
      /^x at byte 0: header of 18446744073709551615 bytes/,
    ],
    ['a header above 32 MiB', file('{}', 0, 33_554_433n), /more than the limit of 33554432/],
    [
      'more values than any model has',
      file(`{"a":[${'0,'.repeat(262_144)}0]}`, 0),
      /more than 262144 values in the header/,
    ],
    ['no header', file('', 4), /begin with '\{'/],
    ['a header that is an array', file('[]', 0), /begin with '\{'/],
    ['a byte order mark', file('\ufeff{}', 0), /begin with '\{'/],
    ['broken JSON', file('{"w":}', 4), /the header is not JSON/],
    ['text after the header', file('{} x', 0), /the header is not JSON/],
    [
      'invalid UTF-8',
      file(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 0),
      /the header is not valid UTF-8/,
    ],
    ['nesting without end', file(`{"a":${'['.repeat(100_000)}`, 0), /not JSON/],
    ['a repeated name', file(`{"w":${tensor(0, 4)},"\\u0077":${tensor(0, 4)}}`, 4), /repeated name 'w'/],
    [
      'a repeated field',
      file('{"w":{"dtype":"F32","dtype":"U8","shape":[4],"data_offsets":[0,4]}}', 4),
      /name 'dtype'/,
    ],
    ['an overlap', file(`{"a":${tensor(0, 4)},"b":${tensor(0, 4)}}`, 8), /tensor 'b' overlaps/],
    ['a partial overlap', file(`{"a":${tensor(0, 8, [2])},"b":${tensor(4, 8)}}`, 8), /tensor 'b' overlaps/],
    ['a hole', file(`{"a":${tensor(0, 4)},"b":${tensor(8, 12)}}`, 12), /at byte \d+: tensor 'b' leaves a hole/],
    ['a hole at the start', file(`{"a":${tensor(4, 8)}}`, 8), /tensor 'a' leaves a hole/],
    ['data cut', good.slice(0, -1), /tensor 'w': data_offsets \[0, 4\] leave the 3 bytes/],
    ['data left over', Uint8Array.from([...good, 0]), /trailing bytes after the last tensor/],
    ['offsets in reverse', file(`{"w":${tensor(4, 0)}}`, 4), /data_offsets \[4, 0\] leave/],
    ['three offsets', file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4), /not two integers/],
    ['negative offsets', file(`{"w":${tensor(-4, 0)}}`, 4), /not two integers >= 0/],
    ['a fraction as offset', file(`{"w":${tensor(0, 4.5)}}`, 4), /not two integers/],
    ['a shape of another size', file(`{"w":${tensor(0, 4, [2])}}`, 4), /does not take the 4 bytes/],
    ['a shape beyond 2^53', file(`{"w":${tensor(0, 4, [2 ** 32, 2 ** 32])}}`, 4), /does not take the 4 bytes/],
    ['a shape of text', file('{"w":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}', 4), /shape is not an array/],
    ['an unknown dtype', file(`{"w":${tensor(0, 4, [2], 'BF16')}}`, 4), /dtype "BF16" is not supported/],
    [
      'a dtype nested beyond reason',
      file(`{"w":{"dtype":${'['.repeat(400_000)}${']'.repeat(400_000)},"shape":[2],"data_offsets":[0,4]}}`, 4),
      /more than 262144 values|nested more than 64 levels deep/,
    ],
    ['a name of a megabyte', file(`{"${'n'.repeat(1 << 20)}":1}`, 4), /tensor 'n{57}\.\.\.': expected an object$/],
    [
      'a thousand sizes',
      file(`{"w":${tensor(0, 4, new Array(1000).fill(1), 'U8')}}`, 4),
      /, \.\.\. 1000 sizes\] of U8/,
    ],
    ['no dtype', file('{"w":{"shape":[1],"data_offsets":[0,4]}}', 4), /dtype undefined is not supported/],
    ['an unknown field', file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4), /unknown field 'x'/],
    ['a tensor that is a number', file('{"w":1}', 0), /tensor 'w': expected an object/],
    ['metadata that are not text', file('{"__metadata__":{"a":1}}', 0), /'__metadata__' is not an object of strings/],
    ['metadata that are a list', file('{"__metadata__":["a"]}', 0), /'__metadata__' is not an object of strings/],
  ])('%s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }))
    expect(() => parseSafetensors(bytes, 'x')).toThrow(message)
  })
})

test('a header of 30 MB is refused or read in less than two seconds', () => {
  const names = Array.from({ length: 400_000 }, (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`)
  const many = file(`{${names.join(',')}}`, 0)
  expect(many.length).toBeGreaterThan(20e6)
  const long = file(`{"__metadata__":{"history":"${'{\\"step\\":0}\\n'.repeat(2.2e6)}"}}`, 0)
  expect(long.length).toBeGreaterThan(30e6)
  const start = process.cpuUsage()
  expect(() => parseSafetensors(many, 'x')).toThrow(/^x at byte 8: more than 262144 values in the header/)
  expect(Object.keys(parseSafetensors(long, 'x').metadata)).toEqual(['history'])
  const { user, system } = process.cpuUsage(start)
  expect(user + system).toBeLessThan(2e6)
})

test('readSafetensors names the file', async () => {
  const path = join(folder, 'a.safetensors')
  writeFileSync(path, readFileSync(REFERENCE).subarray(0, 7))
  await expect(readSafetensors(path)).rejects.toThrow(`${path} at byte 7: not a safetensors file: truncated`)
})
