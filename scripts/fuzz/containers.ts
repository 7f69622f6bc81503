import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { unzipSync, zipSync } from 'fflate'
import { decodeModel } from 'native-mlp'
import { joined, mutateBytes, mutateText } from './bytes.js'
import { HOSTILE_KEYS } from './hostile-values.js'
import { mutateJson } from './json.js'
import type { Random } from './random.js'

/** Changes the bytes of a file. Half of the time it keeps the outer form whole, so that the change reaches what is inside. */
export type Mutator = (bytes: Uint8Array, random: Random) => Uint8Array

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const encode = (text: string) => new TextEncoder().encode(text)

export const mutatePlain: Mutator = mutateBytes

export const mutateLines: Mutator = (bytes, random) => mutateText(decode(bytes), random)

export const mutateJsonFile: Mutator = (bytes, random) =>
  random.chance(0.6) ? encode(mutateJson(decode(bytes), random)) : mutateLines(bytes, random)

/** A line of JSON each; the check of a changed line is removed, because it would only say that the line has changed. */
export const mutateJsonLines: Mutator = (bytes, random) => {
  if (random.chance(0.4)) return mutateLines(bytes, random)
  const lines = decode(bytes).split('\n')
  const at = random.below(lines.length - 1)
  lines[at] = mutateJson(lines[at].replace(/,"check":"[0-9a-f]+"\}$/, '}'), random)
  return encode(lines.join('\n'))
}

/** Compressed again, or changed as it is. */
export const mutateGzip: Mutator = (bytes, random) =>
  random.chance(0.7) ? gzipSync(mutateBytes(gunzipSync(bytes), random)) : mutateBytes(bytes, random)

/** The header is 2 bytes of length at 8 and a Python literal after them. */
export const mutateNpy: Mutator = (bytes, random) => {
  if (random.chance(0.4)) return mutateBytes(bytes, random)
  const end = 10 + bytes[8] + 256 * bytes[9]
  const header = mutateText(decode(bytes.subarray(10, end)), random).slice(0, 65_535)
  return joined(
    bytes.subarray(0, 8),
    Uint8Array.of(header.length & 255, header.length >> 8),
    header,
    bytes.subarray(end),
  )
}

/** A .npy file in an archive, or the archive itself. */
export const mutateNpz: Mutator = (bytes, random) => {
  if (random.chance(0.5)) return mutateBytes(bytes, random)
  const files = unzipSync(bytes)
  const names = Object.keys(files)
  const name = names[random.below(names.length)]
  return zipSync({ ...files, [name]: mutateNpy(files[name], random) })
}

/** Cells and lines rather than bytes. */
export const mutateTable: Mutator = (bytes, random) => (random.chance(0.8) ? mutateLines : mutateBytes)(bytes, random)

/** The header is 8 bytes of length and JSON after them. A digest in the metadata is made right again three times out of four. */
export const mutateSafetensors: Mutator = (bytes, random) => {
  const isWhole = random.chance(0.75)
  if (!isWhole && random.chance(0.6)) return mutateBytes(bytes, random)
  const end = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const json = decode(bytes.subarray(8, end))
  const data = random.chance(0.2) ? mutateBytes(bytes.subarray(end), random) : bytes.subarray(end)
  const header = encode(mutatedHeader(json, random))
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true)
  const changed = joined(length, header, data)
  return isWhole ? sealed(changed) : changed
}

/** The tensors' entries have the most members, and most of their changes end the reading early: half of the time they stay. */
function mutatedHeader(json: string, random: Random): string {
  if (random.chance(0.5)) return mutatedMetadata(json, random)
  return random.chance(0.9) ? mutateJson(json, random) : decode(mutateText(json, random))
}

/** Words that metadata have in some place. */
const WORDS = [
  ...['relu', 'gelu', 'identity', 'sigmoid', 'softmaxCrossEntropy', 'meanSquaredError', 'binaryCrossEntropy', 'huber'],
  ...['unit', 'raw', 'bytes', 'floats', 'unknown', 'native-mlp', '', '1', '2', '3', '99', 'null', '[]', '{}', '[9,3]'],
]

/** One value of the metadata, all of which are strings, some of them JSON. */
function mutatedMetadata(json: string, random: Random): string {
  const header = JSON.parse(json)
  const metadata: Record<string, string> = header.__metadata__ ?? {}
  const key = random.pick(Object.keys(metadata))
  if (key === undefined) return json
  const isJson = /^[[{]/.test(metadata[key])
  if (isJson && random.chance(0.7)) metadata[key] = mutateJson(metadata[key], random)
  else if (random.chance(0.1)) delete metadata[key]
  else metadata[key] = random.pick([...WORDS, ...HOSTILE_KEYS, metadata[key].toUpperCase()])
  return JSON.stringify(header)
}

/** With the digest that its reader expects, if it has one and is well-formed. */
function sealed(bytes: Uint8Array): Uint8Array {
  const start = decode(bytes.subarray(0, 400))
  const at = start.search(/(?<="digest":")[0-9a-f]{64}"/)
  return at < 0 ? sealedModel(bytes) : sealedCheckpoint(bytes, at)
}

/** SHA-256 of the file with the digest's own digits set to zero. */
function sealedCheckpoint(bytes: Uint8Array, at: number): Uint8Array {
  bytes.fill(48, at, at + 64)
  bytes.set(encode(createHash('sha256').update(bytes).digest('hex')), at)
  return bytes
}

/** The digest of a model is of what its metadata and tensors say, whatever their order: its reader names it. */
function sealedModel(bytes: Uint8Array): Uint8Array {
  try {
    decodeModel(bytes)
    return bytes
  } catch (error) {
    const [, found, actual] =
      /its digest is '([0-9a-f]{16})', its contents have ([0-9a-f]{16})/.exec((error as Error).message) ?? []
    if (found === undefined) return bytes
    const at = Buffer.from(bytes).indexOf(`"digest":"${found}"`) + '"digest":"'.length
    bytes.set(encode(actual), at)
    return bytes
  }
}
