import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type CsvOptions, readCsv } from '../../../src/data/tables/csv.js'
import type { ReadProgress } from '../../../src/formats/read-progress.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { cellsOf as cells } from './cells-of.js'

const folder = temporaryFolder()
let files = 0

function file(contents: string | Uint8Array, name = `file${files++}.csv`): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

const read = (contents: string | Uint8Array, options: CsvOptions = {}) => readCsv(file(contents), options)

const cellsOf = async (contents: string | Uint8Array, options?: CsvOptions) =>
  cells((await read(contents, options)).table)

describe('readCsv', () => {
  it('reads numbers and texts, and says how', async () => {
    const { table, notes } = await read('area,town,price\n70,Ulm,1e5\n-1.5,"Bad ""X"", am Rhein",.5\n+3,Ulm,2.\n')
    expect(cells(table)).toEqual({
      area: [70, -1.5, 3],
      town: ['Ulm', 'Bad "X", am Rhein', 'Ulm'],
      price: [100_000, 0.5, 2],
    })
    expect(table.columns[1]).toMatchObject({ kind: 'text', levels: ['Ulm', 'Bad "X", am Rhein'] })
    expect(table.length).toBe(3)
    expect([0, 1, 2].map((row) => table.place(row))).toEqual(['line 2', 'line 3', 'line 4'])
    expect(notes).toEqual(["separated by ',', column names in line 1"])
  })

  it.each([
    ['a byte order mark', '\ufeffa,b\n1,x\n'],
    ['CRLF', 'a,b\r\n1,x\r\n'],
    ['CR', 'a,b\r1,x\r'],
    ['no line feed at the end', 'a,b\n1,x'],
    ['empty lines', '\n\na,b\n\n1,x\n\n\n'],
    ['spaces around cells', ' a , b\n 1 , x \n'],
    ['quoted cells', '"a","b"\n"1","x"\n'],
    ['spaces before quotes', 'a, "b"\n1, "x"\n'],
    ['semicolons', 'a;b\n1;x\n'],
    ['tabs', 'a\tb\n1\tx\n'],
    ['bars', 'a|b\n1|x\n'],
  ])('reads %s', async (_, text) => {
    expect(await cellsOf(text)).toEqual({ a: [1], b: ['x'] })
    expect(await cellsOf(gzipSync(text))).toEqual({ a: [1], b: ['x'] })
  })

  it('guesses the separator from what all lines have in common', async () => {
    expect(await cellsOf('a;b\n1,5;"x;y"\n2,5;"z,,,"\n', { decimal: ',' })).toEqual({
      a: [1.5, 2.5],
      b: ['x;y', 'z,,,'],
    })
    expect(await cellsOf('a b,c\n1,2\n', { separator: ' ' }).catch((error) => error.message)).toMatch(
      /separated by ' '/,
    )
  })

  it('says when texts look like numbers with a decimal comma', async () => {
    const { notes } = await read('a;b\n1,5;1\n2,5;2\n')
    expect(notes[1]).toBe('column \'a\': read as texts; if they are numbers with a decimal comma, set decimal: ","')
  })

  it('recognizes whether the first line names the columns', async () => {
    expect(await cellsOf('1,x\n2,y\n')).toEqual({ x0: [1, 2], x1: ['x', 'y'] })
    expect(await cellsOf('town,2019,2020\nUlm,1,2\nUlm,3,4\n', { header: true })).toMatchObject({ 2019: [1, 3] })
    expect(await cellsOf('year,a\n1,x\n2,y\n')).toEqual({ year: [1, 2], a: ['x', 'y'] })
    expect(await cellsOf('a,b\nx,y\n')).toEqual({ a: ['x'], b: ['y'] })
    expect(await cellsOf('a,b\nx,y\n', { header: false })).toEqual({ x0: ['a', 'x'], x1: ['b', 'y'] })
    // as pandas writes its index
    expect(await cellsOf(',a\n0,5\n1,6\n')).toEqual({ x0: [0, 1], a: [5, 6] })
  })

  it('recognizes missing cells', async () => {
    const words = ['', 'NA', 'n/a', 'NaN', 'nan', 'NULL', '?', ' ', '#N/A']
    const lines = words.map((word) => `${word},${word},1`)
    const missing = words.map(() => null)
    expect(await cellsOf(`a,b,c\n7,x,1\n${lines.join('\n')}\n`)).toMatchObject({
      a: [7, ...missing],
      b: ['x', ...missing],
    })
    expect(await cellsOf('a,b\n1,NA\n-,x\n,\n', { missing: ['-'] })).toEqual({
      a: [1, null, null],
      b: ['NA', 'x', null],
    })
  })

  it.each(['0x1f', 'Infinity', '-Infinity', '0b1', '1_000', '1e999', '1,000', '5%', '--1', '1 2'])(
    'does not take %s for a number',
    async (word) => {
      expect(await cellsOf(`a,b\n"${word}",1\n"${word}",2\n`)).toEqual({ a: [word, word], b: [1, 2] })
    },
  )

  it('reads columns of texts as texts, also if they look like numbers', async () => {
    expect(await cellsOf('zip,a\n01234,1\n99999,2\n', { text: ['zip'] })).toEqual({
      zip: ['01234', '99999'],
      a: [1, 2],
    })
    await expect(read('zip,a\n1,1\n', { text: ['code'] })).rejects.toThrow(
      /INVALID_ARGUMENT|text: .*has no column 'code'; it has zip, a/,
    )
  })

  it('reads a sorted column whose texts begin after many numbers', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `${i < 2000 ? `0${i}` : `A${i}`},${i}`)
    const { code } = await cellsOf(`code,a\n${rows.join('\n')}\n`)
    expect([code[0], code[1999], code[2000]]).toEqual(['00', '01999', 'A2000'])
  })

  it('reads a column whose first value comes late', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `${i < 2000 ? '' : 'x'},${i < 2500 ? '' : i}`)
    const { a, b } = await cellsOf(`a,b\n${rows.join('\n')}\n`)
    expect([a[0], a[1999], a[2000], b[2499], b[2500]]).toEqual([null, null, 'x', null, 2500])
  })

  it('keeps a limited number of the texts of an identifier', async () => {
    const rows = Array.from({ length: 70_000 }, (_, i) => `id${i},1`)
    const { table } = await read(`id,a\n${rows.join('\n')}\n`)
    const [id] = table.columns
    if (id.kind !== 'text') throw new Error('expected texts')
    expect(id.levels.length).toBe(65_537)
    expect([id.codes[65_535], id.codes[65_536], id.codes[69_999]]).toEqual([65_535, 65_536, 65_536])
  })

  it('reads rows over the bounds of its chunks, and multi-byte characters', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},"zwölf\n${'ü€😀'[i % 3]}"`)
    const { table } = await read(`a,b\n${rows.join('\n')}\n`)
    const [a, b] = table.columns
    if (a.kind !== 'number' || b.kind !== 'text') throw new Error('expected a number and a text')
    expect(a.values).toEqual(Float64Array.from({ length: 30_000 }, (_, i) => i))
    expect(b.levels.length).toBeLessThanOrEqual(3)
    expect(table.place(29_999)).toBe('line 60001')
  })
})

describe('errors of readCsv', () => {
  const numbers = Array.from({ length: 5000 }, (_, i) => `${i},${i % 7},x`)
  const withWord = numbers.with(4321, '4321,unknown,x').join('\n')

  it.each([
    ['a ragged row', 'a,b,c\n1,2,3\n4,5\n', "line 3: 2 cells, expected 3 as in the first line, separated by ','"],
    ['a long row', 'a,b\n1,2\n4,5,6\n', "line 3: 3 cells, expected 2 as in the first line, separated by ','"],
    ['a quote within a cell', 'a,b\n1,5" pipe\n', 'line 2: a quote within a cell that is not quoted'],
    ['text after a quote', 'a,b\n1,"x "y" z"\n', 'line 2: a quoted cell goes on after its closing quote'],
    ['an open quote', 'a,b\n1,x\n2,"y\n3,z\n', 'the file ends in a quoted cell'],
    ['a header twice', 'a,b\n1,x\n2,y\na,b\n3,z\n', 'line 4: the names of the columns again, as in line 1'],
    ['a name twice', 'a,b,a\n1,2,3\n', "line 1: columns 1 and 3 are both named 'a'"],
    ['an empty file', '', 'the file is empty'],
    ['a file of empty lines', '\n\n\n', 'the file is empty'],
    ['a header only', 'a,b\n', 'no rows after the line with the names'],
    [
      'a word among numbers',
      `a,b,c\n${withWord}\n`,
      'line 4323, column \'b\': expected a number as in 4,999 other rows, got "unknown"; ' +
        'if it means no value, set missing: ["unknown"]; if the column holds texts, set text: ["b"]',
    ],
    ['a word in a short column', 'a\n1\n2\n3\nx\n', "line 5, column 'a': expected a number as in 3 other rows"],
    ['HTML', '<!DOCTYPE html><html></html>', 'it looks like an HTML page'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid', 'it looks like a Git LFS pointer'],
    ['a zip archive', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), 'it looks like a zip archive'],
    ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'it looks like UTF-16; convert it'],
    ['UTF-16 without a mark', Buffer.from('a,b\n1,2\n', 'utf16le'), 'it looks like UTF-16; convert it'],
    ['Latin-1', Buffer.from('a,b\n1,x\n2,Köln\n', 'latin1'), 'line 3: not valid UTF-8'],
    ['a damaged gzip file', gzipSync('a,b\n1,2\n').subarray(0, 15), 'damaged gzip stream'],
    ['a binary file', Uint8Array.of(65, 66, 67, 0, 1, 2), 'expected a text, found a zero byte'],
  ])('names %s', async (_, contents, message) => {
    const path = file(contents)
    const error = await readCsv(path, {}).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'INVALID_FILE' })
    expect(error.message).toContain(message)
    expect(error.message.startsWith(path)).toBe(true)
  })

  it('reads the word as it is told to', async () => {
    const text = `a,b,c\n${withWord}\n`
    expect((await cellsOf(text, { missing: ['unknown'] })).b[4321]).toBeNull()
    expect((await cellsOf(text, { text: ['b'] })).b[4321]).toBe('unknown')
  })

  it.skipIf(process.platform === 'win32')('names a pipe and a folder, and waits for neither', async () => {
    const pipe = join(folder, 'large.csv')
    execFileSync('mkfifo', [pipe])
    await expect(readCsv(pipe, {})).rejects.toThrow(`${pipe}: expected a file, it is a named pipe`)
    const inner = join(folder, 'inner.csv')
    mkdirSync(inner)
    await expect(readCsv(inner, {})).rejects.toThrow(`${inner}: expected a file, it is a folder`)
    await expect(readCsv(join(folder, 'none.csv'), {})).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
  })
})

describe('reading a long file', () => {
  const path = file(`a,b\n${Array.from({ length: 300_000 }, (_, i) => `${i},${i * 2}`).join('\n')}\n`)

  it('reports its progress', async () => {
    const reports: ReadProgress[] = []
    await readCsv(path, {}, { onProgress: (progress) => reports.push(progress) })
    const last = reports[reports.length - 1]
    expect(last).toMatchObject({ path, secondsLeft: 0, readBytes: last.totalBytes })
    expect(reports.every(({ readBytes }, i) => i === 0 || readBytes > reports[i - 1].readBytes)).toBe(true)
  })

  it('can be aborted', async () => {
    const controller = new AbortController()
    const reading = readCsv(path, {}, { signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(readCsv(path, {}, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('lets the event loop run', async () => {
    let turns = 0
    let isDone = false
    const turn = () => {
      turns++
      if (!isDone) setImmediate(turn)
    }
    setImmediate(turn)
    await readCsv(path, {})
    isDone = true
    expect(turns).toBeGreaterThan(5)
  })
})
