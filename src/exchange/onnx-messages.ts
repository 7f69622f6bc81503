import type { DescMessage, Registry } from '@bufbuild/protobuf'
import { invalidFile } from '../core/errors.js'
import { FILE, messageTypes } from './onnx-schema.js'

/** The parts of ONNX models that this package writes and reads; names as in onnx.proto. */
export interface OnnxModel {
  readonly irVersion: bigint
  readonly producerName: string
  readonly producerVersion: string
  readonly opsetImport: readonly { readonly domain: string; readonly version: bigint }[]
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[]
  readonly graph?: OnnxGraph
}

export interface OnnxGraph {
  readonly name: string
  readonly node: readonly OnnxNode[]
  readonly initializer: readonly OnnxTensor[]
  readonly input: readonly OnnxValue[]
  readonly output: readonly OnnxValue[]
}

export interface OnnxNode {
  readonly name: string
  readonly opType: string
  readonly domain: string
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly attribute: readonly OnnxAttribute[]
}

/** With `type` one of `ATTRIBUTE` and the field of that type. */
export interface OnnxAttribute {
  readonly name: string
  readonly type: number
  readonly f?: number
  readonly i?: bigint
  readonly s?: Uint8Array
  readonly t?: OnnxTensor
  readonly floats?: readonly number[]
  readonly ints?: readonly bigint[]
  readonly strings?: readonly Uint8Array[]
}

export const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const

export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly bigint[]
  /** one of `TYPE` */
  readonly dataType: number
  /** little-endian */
  readonly rawData?: Uint8Array
  readonly floatData?: readonly number[]
  readonly doubleData?: readonly number[]
  readonly int64Data?: readonly bigint[]
  readonly stringData?: readonly Uint8Array[]
  /** 1: elsewhere */
  readonly dataLocation?: number
}

export const TYPE = { float: 1, uint8: 2, int32: 6, int64: 7, string: 8, bool: 9, double: 11 } as const
export type OnnxType = keyof typeof TYPE

export interface OnnxValue {
  readonly name: string
  readonly type?: {
    readonly tensorType?: {
      readonly elemType: number
      readonly shape?: { readonly dim: readonly { readonly dimValue?: bigint; readonly dimParam?: string }[] }
    }
  }
}

export async function encodeOnnx(model: OnnxModel): Promise<Uint8Array> {
  const { create, toBinary } = await import('@bufbuild/protobuf')
  const type = modelType(await registry())
  return toBinary(type, create(type, model as unknown as Record<string, unknown>))
}

/** @throws NativeMlpError INVALID_FILE for what is not an ONNX model */
export async function decodeOnnx(bytes: Uint8Array, name: string): Promise<OnnxModel> {
  const { fromBinary } = await import('@bufbuild/protobuf')
  const type = modelType(await registry())
  let model: OnnxModel
  try {
    model = fromBinary(type, bytes) as unknown as OnnxModel
  } catch (error) {
    throw invalidFile(name, `not an ONNX model: ${(error as Error).message}`)
  }
  if (model.graph === undefined) throw invalidFile(name, 'not an ONNX model: it has no graph')
  return model
}

let types: Promise<Registry> | undefined

/** Imported here: a program that reads and writes no ONNX does not load the library. */
function registry(): Promise<Registry> {
  types ??= (async () => {
    const [{ create, createFileRegistry }, { FileDescriptorProtoSchema }] = await Promise.all([
      import('@bufbuild/protobuf'),
      import('@bufbuild/protobuf/wkt'),
    ])
    const file = create(FileDescriptorProtoSchema, { ...FILE, messageType: messageTypes() })
    return createFileRegistry(file, () => undefined)
  })()
  return types
}

function modelType(known: Registry): DescMessage {
  return known.getMessage('onnx.ModelProto')!
}
