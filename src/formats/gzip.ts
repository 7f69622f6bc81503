import { promisify } from 'node:util'
import { createGunzip, gunzip } from 'node:zlib'
import { invalidFile } from '../core/errors.js'

/** Deflate never grows its input by more than this factor (zlib's technical notes). */
export const MAX_DEFLATE_RATIO = 1032

const gunzipAsync = promisify(gunzip)

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b
}

/**
 * The first `length` bytes of a gzip file's contents, or all when there are fewer; stops inflating there.
 * @throws NativeMlpError INVALID_FILE when the stream is damaged before that
 */
export function gunzipStart(bytes: Uint8Array, name: string, length: number): Promise<Uint8Array> {
  const stream = createGunzip({ chunkSize: Math.max(64, length) })
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = []
    let size = 0
    const finish = () => {
      stream.destroy()
      resolve(new Uint8Array(Buffer.concat(parts).subarray(0, length)))
    }
    stream.on('data', (part: Uint8Array) => {
      parts.push(part)
      size += part.length
      if (size >= length) finish()
    })
    stream.on('end', finish)
    stream.on('error', (error) => reject(damaged(name, error)))
    stream.end(bytes)
  })
}

/**
 * The contents of a gzip file that must be exactly `length` bytes; never inflates more than `length` + 1 of them.
 * @throws NativeMlpError INVALID_FILE when the stream is damaged, too long, too short, or followed by anything but zeros
 */
export async function gunzipExactly(bytes: Uint8Array, name: string, length: number): Promise<Uint8Array> {
  if (length > bytes.length * MAX_DEFLATE_RATIO) {
    throw invalidFile(
      name,
      `${bytes.length} compressed bytes cannot hold the ${length} expected: truncated, or the announced length is wrong`,
    )
  }
  let contents: Uint8Array
  try {
    // one output chunk of the whole size: one pass and one allocation
    contents = await gunzipAsync(bytes, { maxOutputLength: length + 1, chunkSize: Math.max(64, length + 1) })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(name, length)
    throw damaged(name, error)
  }
  if (contents.length > length) throw tooLong(name, length)
  if (contents.length < length) {
    throw invalidFile(name, `truncated: inflates to ${contents.length} bytes, expected ${length}`, contents.length)
  }
  // Node takes small buffers from a pool, which must not travel to other threads with them
  return length < 65_536 ? new Uint8Array(contents) : new Uint8Array(contents.buffer, contents.byteOffset, length)
}

function tooLong(name: string, length: number) {
  return invalidFile(name, `trailing bytes: inflates to more than the ${length} bytes expected`, length)
}

function damaged(name: string, error: unknown) {
  return invalidFile(name, `damaged gzip stream: ${(error as Error).message}`)
}
