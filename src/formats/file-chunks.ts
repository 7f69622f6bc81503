import { isUtf8 } from 'node:buffer'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { invalidFile, NativeMlpError } from '../core/errors.js'
import { nowMs } from '../core/timers.js'
import { looksLike } from './foreign.js'
import { isGzip } from './gzip.js'
import { fileSystemError } from './read-file.js'
import type { ChunkOptions, ReadProgress } from './read-progress.js'
import { kindOfFile } from './special-files.js'
import { refuseForeign } from './text-file.js'

const CHUNK_BYTES = 262_144
/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 100
const MEGABYTE = 1_048_576
/** Decompressed at once while the reader of the chunks computes; more would only wait in memory. */
const GUNZIP_CHUNK = 65_536

/**
 * Reads a UTF-8 text file in chunks, plain or gzipped (recognized by its contents), without a byte order mark. Every chunk ends
 * between two characters.
 *
 * @throws NativeMlpError INVALID_FILE for anything but a regular file, a file of another format (named, if known), UTF-16,
 *   invalid UTF-8 (with its line) and a damaged gzip stream; FILE_SYSTEM; ABORTED
 */
export async function* textChunks(path: string, options: ChunkOptions = {}): AsyncGenerator<Buffer> {
  let rest: Buffer | null = null
  let line = 1
  let isFirst = true
  for await (const bytes of plainChunks(path, options)) {
    let chunk: Buffer = rest === null ? bytes : Buffer.concat([rest, bytes])
    if (isFirst && chunk.length > 0) {
      checkText(chunk, path)
      if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) chunk = chunk.subarray(3)
      isFirst = false
    }
    const end = wholeCharacters(chunk)
    rest = end < chunk.length ? Buffer.from(chunk.subarray(end)) : null
    const whole = chunk.subarray(0, end)
    if (!isUtf8(whole)) throw notUtf8(whole, line, path)
    line += lineFeeds(whole)
    if (whole.length > 0) yield whole
  }
  if (rest === null) return
  if (!isUtf8(rest)) throw notUtf8(rest, line, path)
  yield rest
}

/** The contents, decompressed. */
async function* plainChunks(path: string, options: ChunkOptions): AsyncGenerator<Buffer> {
  const raw = rawChunks(path, options)
  try {
    const first = await raw.next()
    if (first.done) return
    if (isGzip(first.value)) yield* inflated(first.value, raw, path)
    else {
      yield first.value
      yield* raw
    }
  } finally {
    await raw.return(undefined)
  }
}

async function* inflated(first: Buffer, others: AsyncGenerator<Buffer>, path: string): AsyncGenerator<Buffer> {
  async function* all() {
    yield first
    yield* others
  }
  const source = Readable.from(all())
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK })
  source.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer
  } catch (error) {
    if (error instanceof NativeMlpError) throw error
    throw invalidFile(path, `damaged gzip stream: ${(error as Error).message}`)
  } finally {
    source.destroy()
  }
}

async function* rawChunks(path: string, { signal, onProgress }: ChunkOptions): AsyncGenerator<Buffer> {
  const checkSignal = () => {
    if (signal?.aborted) throw new NativeMlpError('ABORTED', `reading ${path}: aborted`, { cause: signal.reason })
  }
  checkSignal()
  const handle = await openRegular(path)
  try {
    const { size } = await handle.stat()
    const report = onProgress && reporter(path, size, onProgress)
    for (let done = 0; ; ) {
      // a new buffer each time: the parser keeps what it has not used yet
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, done)
      checkSignal()
      if (bytesRead === 0) break
      done += bytesRead
      yield buffer.subarray(0, bytesRead)
      report?.(done)
    }
  } catch (error) {
    throw error instanceof NativeMlpError ? error : fileSystemError('read', path, error)
  } finally {
    await handle.close()
  }
}

/**
 * Opens a regular file. Its kind is checked first: opening a pipe would wait for its writer.
 *
 * @throws NativeMlpError INVALID_FILE for any other, FILE_SYSTEM
 */
export async function openRegular(path: string): Promise<FileHandle> {
  try {
    const stats = await stat(path)
    if (!stats.isFile()) throw invalidFile(path, `expected a file, it is ${kindOfFile(stats)}`)
    return await open(path, 'r')
  } catch (error) {
    throw error instanceof NativeMlpError ? error : fileSystemError('read', path, error)
  }
}

function reporter(path: string, totalBytes: number, onProgress: (progress: ReadProgress) => void) {
  const start = nowMs()
  let reported = start
  return (readBytes: number) => {
    const now = nowMs()
    if (now - reported < REPORT_EVERY && readBytes < totalBytes) return
    reported = now
    const secondsLeft = ((now - start) / 1000) * (Math.max(0, totalBytes - readBytes) / readBytes)
    onProgress({ path, readBytes, totalBytes, secondsLeft })
  }
}

/** Rejects what is no text, by its first chunk. */
function checkText(chunk: Buffer, path: string): void {
  refuseForeign(chunk, path)
  const at = chunk.subarray(0, MEGABYTE).indexOf(0)
  const isUtf16 = (chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff)
  if (isUtf16 || at === 0 || at === 1) {
    throw invalidFile(path, `expected UTF-8, it looks like UTF-16; convert it: iconv -f UTF-16 -t UTF-8`)
  }
  if (at >= 0) throw invalidFile(path, `expected a text, found a zero byte${looksLike(chunk)}`, at)
}

/** Length of the bytes up to the last character, which may continue in the next chunk. */
function wholeCharacters(chunk: Buffer): number {
  for (let i = chunk.length - 1; i >= Math.max(0, chunk.length - 4); i--) {
    if (chunk[i] < 0x80) return i + 1
    if (chunk[i] >= 0xc0) return i
  }
  return chunk.length
}

function notUtf8(chunk: Buffer, firstLine: number, path: string): NativeMlpError {
  let line = firstLine
  for (let start = 0; start < chunk.length; line++) {
    const end = chunk.indexOf(10, start)
    const stop = end < 0 ? chunk.length : end
    if (!isUtf8(chunk.subarray(start, stop))) break
    start = stop + 1
  }
  return invalidFile(path, `line ${line}: not valid UTF-8; convert the file, e.g. iconv -f WINDOWS-1252 -t UTF-8`)
}

function lineFeeds(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++
  return count
}
