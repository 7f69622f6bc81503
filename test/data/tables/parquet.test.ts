import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { readParquet } from '../../../src/data/tables/parquet.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { cellsOf } from './cells-of.js'

const folder = temporaryFolder()
let files = 0

type Contents = Parameters<typeof parquetWriteBuffer>[0]

function file(contents: Contents | Uint8Array): string {
  const path = join(folder, `rows${files++}.parquet`)
  writeFileSync(path, contents instanceof Uint8Array ? contents : new Uint8Array(parquetWriteBuffer(contents)))
  return path
}

describe('readParquet', () => {
  it('reads numbers, texts, booleans and dates', async () => {
    const day = new Date(Date.UTC(2020, 1, 3))
    const columnData: Contents['columnData'] = [
      { name: 'a', data: [1, null, 3], type: 'INT32' },
      { name: 'b', data: [1n, 2n, null], type: 'INT64' },
      { name: 'c', data: [0.5, Number.NaN, -1], type: 'DOUBLE' },
      { name: 'd', data: ['x', null, 'y'], type: 'STRING' },
      { name: 'e', data: [true, false, null], type: 'BOOLEAN' },
      { name: 'f', data: [day, null, day], type: 'TIMESTAMP' },
    ]
    for (const codec of ['SNAPPY', 'UNCOMPRESSED'] as const) {
      const { table } = await readParquet(file({ columnData, codec }), {})
      expect(cellsOf(table)).toEqual({
        a: [1, null, 3],
        b: [1, 2, null],
        c: [0.5, null, -1],
        d: ['x', null, 'y'],
        e: ['true', 'false', null],
        f: ['2020-02-03T00:00:00.000Z', null, '2020-02-03T00:00:00.000Z'],
      })
      expect([table.length, table.place(2)]).toEqual([3, 'row 2'])
    }
  })

  it('reads several row groups, and gzip', async () => {
    const data = Array.from({ length: 5000 }, (_, i) => i)
    const compressors = { GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) }
    const path = file({
      columnData: [{ name: 'a', data, type: 'DOUBLE' }],
      rowGroupSize: 1000,
      codec: 'GZIP',
      compressors,
    })
    const reports: number[] = []
    const { table } = await readParquet(path, {}, { onProgress: ({ readBytes }) => reports.push(readBytes) })
    expect(cellsOf(table)).toEqual({ a: data })
    expect(reports.length).toBe(5)
  })

  it.each([
    ['lists', { columnData: [{ name: 'a', data: [[1], [2]] }] } as Contents, "column 'a'"],
    ['a text file', new TextEncoder().encode('a,b\n1,2\n'), "not a Parquet file: expected 'PAR1'"],
    ['a truncated file', new TextEncoder().encode('PAR1 and then nothing of use'), 'cannot be read as Parquet'],
    [
      'infinity',
      { columnData: [{ name: 'a', data: [1, Number.POSITIVE_INFINITY], type: 'DOUBLE' }] } as Contents,
      'row 1',
    ],
  ])('names %s', async (_, contents, message) => {
    const error = await readParquet(file(contents), {}).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'INVALID_FILE' })
    expect(error.message).toContain(message)
  })
})
