import type { FileHandle } from 'node:fs/promises'
import * as zlib from 'node:zlib'
import type { AsyncBuffer, Compressors, FileMetaData } from 'hyparquet'
import { describe, invalidFile, NativeMlpError, shortened } from '../../core/errors.js'
import { openRegular } from '../../formats/file-chunks.js'
import { looksLike } from '../../formats/foreign.js'
import type { ChunkOptions } from '../../formats/read-progress.js'
import { missingTest } from './cells.js'
import { type CellReader, ColumnBuilder, type FileCell } from './column-builder.js'
import type { ReadTable, TableLoad } from './table-builder.js'

/** How a Parquet file is read, as plain JSON. */
export interface ParquetOptions {
  /** columns of texts, also if their values are numbers */
  readonly text?: readonly string[]
  /** texts without a value, besides null; default: none but empty ones */
  readonly missing?: readonly string[]
}

type Hyparquet = typeof import('hyparquet')

/**
 * Reads the flat columns of a Parquet file, a row group at a time: numbers, texts, booleans, dates as ISO texts. It needs the
 * npm package hyparquet.
 *
 * @throws NativeMlpError INVALID_FILE naming the column: nested values, a damaged file, no rows; DATA_NOT_FOUND without the
 *   package; FILE_SYSTEM; ABORTED
 */
export async function readParquet(path: string, options: ParquetOptions, load: TableLoad = {}): Promise<ReadTable> {
  const hyparquet = await loadHyparquet(path)
  const handle = await openRegular(path)
  try {
    const { size } = await handle.stat()
    await checkMagic(handle, size, path)
    const file = asyncBuffer(handle, size)
    const metadata = await hyparquet.parquetMetadataAsync(file)
    const rows = Number(metadata.num_rows)
    if (rows === 0) throw invalidFile(path, 'no rows')
    const names = flatColumns(hyparquet, metadata, path)
    const reader: CellReader = {
      numberOf: (cell) => (typeof cell === 'number' ? cell : Number.NaN),
      isMissing: missingTest(options.missing ?? []),
    }
    const text = new Set([...(options.text ?? []), ...(load.alsoText ?? [])])
    for (const name of options.text ?? []) if (!names.includes(name)) throw unknownText(name, names, path)
    const builders = names.map((name) => new ColumnBuilder(name, names.length, text.has(name), reader))
    await readGroups(hyparquet, { file, metadata, path, builders }, load)
    const columns = builders.map((builder) => builder.finish())
    return { table: { columns, length: rows, source: path, place: (row) => `row ${row}` }, notes: [] }
  } catch (error) {
    if (error instanceof NativeMlpError) throw error
    throw invalidFile(path, `cannot be read as Parquet: ${(error as Error).message}`)
  } finally {
    await handle.close()
  }
}

async function loadHyparquet(path: string): Promise<Hyparquet> {
  try {
    return await import('hyparquet')
  } catch (cause) {
    const message = `${path}: Parquet files need the npm package hyparquet (npm install hyparquet@1)`
    throw new NativeMlpError('DATA_NOT_FOUND', `${message}: ${(cause as Error).message}`, { cause })
  }
}

async function checkMagic(handle: FileHandle, size: number, path: string): Promise<void> {
  const { buffer } = await handle.read(Buffer.alloc(512), 0, 512, 0)
  if (size >= 12 && buffer.toString('latin1', 0, 4) === 'PAR1') return
  throw invalidFile(path, `not a Parquet file: expected 'PAR1'${looksLike(buffer)}`, 0)
}

function asyncBuffer(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const buffer = new ArrayBuffer(Math.max(0, end - start))
      const bytes = new Uint8Array(buffer)
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
        if (bytesRead === 0) throw new Error(`the file ends at byte ${start + done}`)
        done += bytesRead
      }
      return buffer
    },
  }
}

/** @throws NativeMlpError INVALID_FILE naming a column of lists or groups */
function flatColumns({ parquetSchema }: Hyparquet, metadata: FileMetaData, path: string): string[] {
  return parquetSchema(metadata).children.map(({ element, children }) => {
    if (children.length === 0 && element.repetition_type !== 'REPEATED') return element.name
    throw invalidFile(path, `column '${shortened(element.name)}': lists and groups are not supported`)
  })
}

function unknownText(name: string, names: readonly string[], path: string): NativeMlpError {
  const known = shortened(names.join(', '), 200)
  return new NativeMlpError('INVALID_ARGUMENT', `text: ${path} has no column '${shortened(name)}'; it has ${known}`)
}

interface Source {
  readonly file: AsyncBuffer
  readonly metadata: FileMetaData
  readonly path: string
  readonly builders: readonly ColumnBuilder[]
}

/** One column of one row group at a time: that is what a file is stored in, and all that memory must hold. */
async function readGroups(
  { parquetRead }: Hyparquet,
  { file, metadata, path, builders }: Source,
  load: ChunkOptions,
): Promise<void> {
  const total = Number(metadata.num_rows)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    for (const builder of builders) {
      if (load.signal?.aborted) {
        throw new NativeMlpError('ABORTED', `reading ${path}: aborted`, { cause: load.signal.reason })
      }
      const columns = [builder.name]
      const chunks: ArrayLike<unknown>[] = []
      await parquetRead({
        ...{ file, metadata, columns, rowStart, rowEnd, compressors: COMPRESSORS },
        onChunk: ({ columnData }) => chunks.push(columnData), // nothing that throws: nobody would wait for it
      })
      for (const chunk of chunks) {
        for (let i = 0; i < chunk.length; i++) builder.add(cellOf(chunk[i], builder, path))
      }
      if (builder.length !== rowEnd) {
        throw invalidFile(path, `column '${shortened(builder.name)}': ${builder.length} of ${rowEnd} rows are there`)
      }
    }
    rowStart = rowEnd
    const readBytes = Math.round((file.byteLength * rowEnd) / total)
    load.onProgress?.({ path, readBytes, totalBytes: file.byteLength, secondsLeft: 0 })
  }
}

function cellOf(value: unknown, { name, length }: ColumnBuilder, path: string): FileCell {
  if (typeof value === 'number') return Number.isNaN(value) ? '' : finite(value, name, length, path)
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return Number(value)
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  throw invalidFile(path, `row ${length}, column '${shortened(name)}': ${describe(value)} is not supported`)
}

function finite(value: number, name: string, row: number, path: string): number {
  if (Number.isFinite(value)) return value
  throw invalidFile(path, `row ${row}, column '${shortened(name)}': expected a finite number, got ${value}`)
}

/** Those of Node; Snappy is hyparquet's own. */
const COMPRESSORS: Compressors = {
  GZIP: (input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  ...zstd(),
}

/** Node has it since 22.15. */
function zstd(): Compressors {
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array }
  return zstdDecompressSync === undefined ? {} : { ZSTD: (input) => zstdDecompressSync(input) }
}
