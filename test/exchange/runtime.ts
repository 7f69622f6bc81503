import type { TableCell } from '../../src/table/rows.js'
import { importTool, installTools } from '../repo/tools.js'

const tools = installTools()
/** Why ONNX Runtime is not here; '' if it is. */
export const runtimeMissing = 'reason' in tools ? tools.reason : ''

interface Tensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: ArrayLike<number | bigint | string | boolean>
}

export interface Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(rows: number, columns: Readonly<Record<string, ArrayLike<TableCell>>>): Promise<Readonly<Record<string, Tensor>>>
}

type Metadata = readonly { name: string; type: string; shape: readonly (number | string)[] }[]

/** An ONNX model in ONNX Runtime; inputs are converted to the types that the model states. */
export async function session(bytes: Uint8Array): Promise<Session> {
  const { folder } = tools as { folder: string }
  const { default: ort } = await importTool(folder, 'onnxruntime-node')
  const opened = await ort.InferenceSession.create(bytes)
  const { inputNames, outputNames } = opened
  const tensorOf = (column: ArrayLike<TableCell>, { type, shape }: Metadata[number], rows: number) => {
    const cells = Array.from(column)
    const dims = [rows, shape[1]]
    if (type === 'string')
      return new ort.Tensor(
        'string',
        cells.map((cell) => String(cell ?? '')),
        dims,
      )
    const numbers = cells.map((cell) => Number(cell ?? Number.NaN))
    if (type === 'uint8') return new ort.Tensor('uint8', Uint8Array.from(numbers), dims)
    return type === 'float64'
      ? new ort.Tensor('float64', Float64Array.from(numbers), dims)
      : new ort.Tensor('float32', Float32Array.from(numbers), dims)
  }
  return {
    inputNames,
    outputNames,
    run: (rows, columns) => {
      const metadata = opened.inputMetadata as Metadata
      return opened.run(
        Object.fromEntries(metadata.map((input) => [input.name, tensorOf(columns[input.name], input, rows)])),
      )
    },
  }
}
