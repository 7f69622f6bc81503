import { createHash } from 'node:crypto'
import { z } from 'zod'
import { SLOTS } from '../backend/rules.js'
import { checking } from '../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError, shortened } from '../core/errors.js'
import type { HistoryEntry } from '../core/results.js'
import { isFloat32Array, isUint8Array } from '../core/typed-arrays.js'
import { BATCH_MODES } from '../data/batches.js'
import { checkJson, decodeJson } from '../formats/json.js'
import type { JsonPlace } from '../formats/json-place.js'
import { encodeSafetensors, parseSafetensors, shapeWords, type Tensor } from '../formats/safetensors.js'
import { MAX_LAYER_SIZE, MAX_LAYERS } from '../model/layer-sizes.js'
import type { LayerArrays, TrainingCheckpoint } from '../train/checkpoint.js'
import { checkCheckpoint, checkShape } from '../train/checkpoint-check.js'
import { AVERAGE_SLOT } from '../train/optimizers.js'
import { historyLine } from './history.js'
import { entrySchema } from './history-entry.js'

const FORMAT = 'native-mlp checkpoint'
/** Incremented when a reader of the older version would misread a newer file. */
const FORMAT_VERSION = 2

/** Start of every file of this version, after the 8 bytes of header length; the digest follows. */
const HEAD = new TextEncoder().encode(
  `{"__metadata__":{"format":"${FORMAT}","format_version":"${FORMAT_VERSION}","digest":"`,
)
const DIGEST_AT = 8 + HEAD.length
const NO_DIGEST = '0'.repeat(64)

/**
 * The bytes of a checkpoint of `fit`: safetensors with the parameters `layers.<l>.weights` [K][N] and `layers.<l>.biases`
 * [N], those of the best validation as `best.<l>...` and the state of the optimiser as `optimizer.<slot>.<l>...`, row-major
 * float32; the rest in the metadata, with a SHA-256 of the whole file. It contains no time, host, instruction set or thread
 * count: equal runs give equal bytes.
 *
 * @throws NativeMlpError INVALID_ARGUMENT if it is not a checkpoint, or contradicts itself, naming the field
 */
export function encodeCheckpoint(checkpoint: TrainingCheckpoint): Uint8Array {
  checkShape('checkpoint', checkpoint)
  checkCheckpoint(checkpoint, (problem) => new NativeMlpError('INVALID_ARGUMENT', `checkpoint.${problem}`))
  return checking('checkpoint', () => encode(checkpoint))
}

function encode(checkpoint: TrainingCheckpoint): Uint8Array {
  const { family, layers, settings, parameters, bestParameters, slots, history, ...state } = checkpoint
  const tensors = new Map<string, Tensor>()
  addTensors(tensors, 'layers', layers, parameters)
  if (bestParameters) addTensors(tensors, 'best', layers, bestParameters)
  for (const name of Object.keys(slots)) addTensors(tensors, `optimizer.${name}`, layers, slots[name])
  const bytes = encodeSafetensors({
    tensors,
    metadata: {
      format: FORMAT,
      format_version: String(FORMAT_VERSION),
      digest: NO_DIGEST,
      family: family.name,
      contract: String(family.contract),
      layers: JSON.stringify(layers),
      settings: JSON.stringify(settings),
      slots: JSON.stringify(Object.keys(slots)),
      state: JSON.stringify(inOrder(state)),
      history: history.map(historyLine).join(''),
    },
  })
  bytes.set(new TextEncoder().encode(digestOf(bytes)), DIGEST_AT)
  return bytes
}

/**
 * Decodes the bytes of `encodeCheckpoint`. `fit` validates that it matches a model and its options.
 *
 * @param name name of the bytes in errors; default 'checkpoint'
 * @throws NativeMlpError INVALID_FILE naming the problem: not a checkpoint, another format version, a changed byte, or
 *   contents that contradict each other; INVALID_ARGUMENT for what is not bytes
 */
export function decodeCheckpoint(bytes: Uint8Array, name = 'checkpoint'): TrainingCheckpoint {
  if (!isUint8Array(bytes)) throw invalidArgument('bytes', 'a Uint8Array', bytes)
  if (typeof name !== 'string') throw invalidArgument('name', 'a string', name)
  const { tensors, metadata } = parseSafetensors(bytes, name)
  checkVersion(metadata, name)
  checkDigest(bytes, name)
  const layers = jsonField(metadata, 'layers', sizes, name)
  const state = jsonField(metadata, 'state', stateSchema, name)
  const history = historyOf(metadata, name)
  const parameters = readTensors(tensors, 'layers', layers, name)
  const bestParameters = tensors.has('best.0.weights') ? readTensors(tensors, 'best', layers, name) : null
  const slotNames = jsonField(metadata, 'slots', slotsSchema, name)
  const slots = Object.fromEntries(
    slotNames.map((slot) => [slot, readTensors(tensors, `optimizer.${slot}`, layers, name)]),
  )
  const expected = 2 * (layers.length - 1) * ((bestParameters ? 2 : 1) + slotNames.length)
  if (tensors.size !== expected) throw invalidFile(name, `expected ${expected} tensors, got ${tensors.size}`)
  const family = { name: metadata.family, contract: Number(metadata.contract) }
  const checkpoint = {
    family: checkJson(familySchema, family, placeOf('its family', name)),
    layers,
    settings: jsonField(metadata, 'settings', settingsSchema, name),
    ...state,
    history,
    parameters,
    slots,
    bestParameters,
  }
  checkCheckpoint(checkpoint, (problem) => invalidFile(name, problem))
  return checkpoint
}

function historyOf({ history = '' }: Readonly<Record<string, string>>, name: string): HistoryEntry[] {
  const lines = history.split('\n').slice(0, -1)
  return lines.map((line, i) => decodeJson(line, entrySchema, placeOf(`line ${i + 1} of its history`, name)))
}

const count = z.number().int().min(0)
const size = z.number().int().min(1).max(MAX_LAYER_SIZE)
const sizes = z
  .array(size)
  .min(2)
  .max(MAX_LAYERS + 1)
const familySchema = z.strictObject({ name: z.enum(['native', 'js']), contract: count })
const settingsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
const slotsSchema = z.array(z.enum([...Object.values(SLOTS).flat(), AVERAGE_SLOT]))
const stateSchema = z.strictObject({
  step: count,
  best: count.nullable(),
  patience: z.strictObject({ reference: z.number().nullable(), misses: count }),
  collapsed: z.strictObject({ step: count, deadShare: z.number().min(0).max(1) }).nullable(),
  epoch: z.strictObject({ loss: z.number(), correct: count, rows: count }),
  sampler: z.strictObject({
    mode: z.enum(BATCH_MODES),
    rows: count,
    batchSize: count,
    position: count,
    random: z.array(z.number()).min(4).max(5),
  }),
})
type State = Pick<TrainingCheckpoint, keyof z.infer<typeof stateSchema>>

/** The keys in a fixed order. */
function inOrder({ step, best, patience, collapsed, epoch, sampler }: State): State {
  return { step, best, patience, collapsed, epoch, sampler }
}

function addTensors(
  tensors: Map<string, Tensor>,
  group: string,
  layers: readonly number[],
  arrays: readonly LayerArrays[],
): void {
  arrays.forEach(({ weights, biases }, l) => {
    tensors.set(`${group}.${l}.weights`, { shape: [layers[l], layers[l + 1]], data: weights })
    tensors.set(`${group}.${l}.biases`, { shape: [layers[l + 1]], data: biases })
  })
}

/** Accepts non-finite values: the resumed run reports them. */
function readTensors(
  tensors: ReadonlyMap<string, Tensor>,
  group: string,
  layers: readonly number[],
  name: string,
): LayerArrays[] {
  const read = (key: string, shape: readonly number[]) => {
    const tensor = tensors.get(key)
    if (tensor === undefined) throw invalidFile(name, `tensor '${key}' is missing`)
    if (!isFloat32Array(tensor.data) || String(tensor.shape) !== String(shape)) {
      throw invalidFile(name, `tensor '${key}': expected float32 of shape ${shapeWords(shape)}`)
    }
    return tensor.data
  }
  return layers.slice(1).map((outputs, l) => ({
    weights: read(`${group}.${l}.weights`, [layers[l], outputs]),
    biases: read(`${group}.${l}.biases`, [outputs]),
  }))
}

function checkVersion({ format, format_version: version = '' }: Readonly<Record<string, string>>, name: string): void {
  if (format !== FORMAT) throw invalidFile(name, `not a checkpoint: its metadata have no format '${FORMAT}'`)
  if (version === String(FORMAT_VERSION)) return
  throw invalidFile(name, `format version '${shortened(version)}', but this version reads ${FORMAT_VERSION}`)
}

function checkDigest(bytes: Uint8Array, name: string): void {
  const found = new TextDecoder().decode(bytes.slice(DIGEST_AT, DIGEST_AT + NO_DIGEST.length))
  const isWhole = HEAD.every((byte, i) => bytes[8 + i] === byte) && found === digestOf(bytes)
  if (!isWhole) throw invalidFile(name, 'damaged: SHA-256 does not match its contents')
}

/** SHA-256 of the file with its digest set to zeros. */
function digestOf(bytes: Uint8Array): string {
  const hash = createHash('sha256')
  hash.update(bytes.subarray(0, DIGEST_AT)).update(NO_DIGEST)
  return hash.update(bytes.subarray(DIGEST_AT + NO_DIGEST.length)).digest('hex')
}

function jsonField<T>(metadata: Readonly<Record<string, string>>, key: string, schema: z.ZodType<T>, name: string): T {
  if (metadata[key] === undefined) throw invalidFile(name, `its metadata have no ${key}`)
  return decodeJson(metadata[key], schema, placeOf(`${key} in its metadata`, name))
}

function placeOf(what: string, name: string): JsonPlace {
  return { what, error: (problem) => invalidFile(name, problem) }
}
