import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const CODES = { uint8: 8, int8: 9, int16: 11, int32: 12, float32: 13, float64: 14 } as const

/** The bytes of an IDX file. */
export function idx(type: keyof typeof CODES, dims: readonly number[], values: readonly number[]): Uint8Array {
  const size = { uint8: 1, int8: 1, int16: 2, int32: 4, float32: 4, float64: 8 }[type]
  const start = 4 + 4 * dims.length
  const view = new DataView(new ArrayBuffer(start + size * values.length))
  view.setUint8(2, CODES[type])
  view.setUint8(3, dims.length)
  dims.forEach((dim, i) => {
    view.setUint32(4 + 4 * i, dim)
  })
  const set = {
    uint8: view.setUint8,
    int8: view.setInt8,
    int16: view.setInt16,
    int32: view.setInt32,
    float32: view.setFloat32,
    float64: view.setFloat64,
  }[type]
  values.forEach((value, i) => {
    set.call(view, start + size * i, value)
  })
  return new Uint8Array(view.buffer)
}

/** Writes files by their paths below a folder, which it returns. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  for (const [name, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), contents)
  }
  return folder
}
