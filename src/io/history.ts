import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { invalidArgument, invalidFile, NativeMlpError } from '../core/errors.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { fileSystemError } from '../formats/read-file.js'
import { refuseSpecialTarget } from '../formats/special-files.js'
import { entrySchema } from './history-entry.js'
import { readLines } from './text-lines.js'

/** One line of history.jsonl, line feed included; keys always in the same order. */
export function historyLine({ step, epoch, train, valid, test }: HistoryEntry): string {
  return `${JSON.stringify({ step, epoch, train: plain(train), valid: plain(valid), test: plain(test) })}\n`
}

function plain(set: SetMetrics | undefined): SetMetrics | undefined {
  if (set === undefined) return undefined
  const { loss, accuracy, ...others } = set
  return { loss, accuracy, ...others }
}

/**
 * Appends evaluations to history.jsonl, which is created if missing; an unfinished last line, left by a crash, is removed.
 * If not all of them can be written, the file stays as it was.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for what is not an evaluation, FILE_SYSTEM
 */
export async function appendHistory(path: string, entries: HistoryEntry | readonly HistoryEntry[]): Promise<void> {
  const list = Array.isArray(entries) ? (entries as readonly HistoryEntry[]) : [entries as HistoryEntry]
  const text = list
    .map((entry, i) => historyLine(checkEntry(entry, list.length === 1 ? 'entry' : `entries[${i}]`)))
    .join('')
  await refuseSpecialTarget('append', path)
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT)
    try {
      await appendWhole(file, text)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof NativeMlpError ? error : fileSystemError('append', path, error)
  }
}

async function appendWhole(file: FileHandle, text: string): Promise<void> {
  const end = await wholeLines(file)
  await file.truncate(end)
  const bytes = new TextEncoder().encode(text)
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, end + done)).bytesWritten
    }
  } catch (error) {
    // half a line is worse than none; if truncating fails too, the first error says why
    await file.truncate(end).catch(() => undefined)
    throw error
  }
}

/** Bytes up to and including the last line feed. */
async function wholeLines(file: FileHandle): Promise<number> {
  const block = new Uint8Array(4096)
  for (let end = (await file.stat()).size; end > 0; ) {
    const start = Math.max(0, end - block.length)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    const at = block.subarray(0, bytesRead).lastIndexOf(10)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

/** @throws NativeMlpError INVALID_ARGUMENT for what `readHistory` would refuse */
function checkEntry(entry: HistoryEntry, name: string): HistoryEntry {
  const parsed = entrySchema.safeParse(entry)
  if (parsed.success) return entry
  const { path, message } = parsed.error.issues[0]
  throw invalidArgument([name, ...path.map(String)].join('.'), `an evaluation (${message})`, valueAt(entry, path))
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value)
}

/**
 * Reads history.jsonl, without a last line that lacks its line feed because of a crash.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line for a line that is not an evaluation; FILE_SYSTEM when the file
 *   cannot be read
 */
export async function readHistory(path: string): Promise<HistoryEntry[]> {
  return (await readLines(path, 'whole')).map((line, i) => {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (error) {
      throw invalidFile(path, `line ${i + 1} is not JSON: ${(error as Error).message}`)
    }
    const parsed = entrySchema.safeParse(value)
    if (parsed.success) return parsed.data
    const { path: where, message } = parsed.error.issues[0]
    throw invalidFile(path, `line ${i + 1}: ${[...where.map(String), message].join(': ')}`)
  })
}
