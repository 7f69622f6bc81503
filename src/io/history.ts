import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { checking } from '../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../core/errors.js'
import type { FilePath } from '../core/platform.js'
import type { HistoryEntry, SetMetrics } from '../core/results.js'
import { decodeJson } from '../formats/json.js'
import { toPath } from '../formats/path.js'
import { fileSystemError } from '../formats/read-file.js'
import { refuseSpecialTarget } from '../formats/special-files.js'
import { entrySchema } from './history-entry.js'
import { readLines, wholeLines } from './text-lines.js'

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
export async function appendHistory(path: FilePath, entries: HistoryEntry | readonly HistoryEntry[]): Promise<void> {
  const file = toPath(path)
  const text = checking('appendHistory', () => historyText(entries))
  await refuseSpecialTarget('append', file)
  try {
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT)
    try {
      await appendWhole(handle, text)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw error instanceof NativeMlpError ? error : fileSystemError('append', file, error)
  }
}

function historyText(entries: HistoryEntry | readonly HistoryEntry[]): string {
  const list = Array.isArray(entries) ? (entries as readonly HistoryEntry[]) : [entries as HistoryEntry]
  return list.map((entry, i) => historyLine(checkEntry(entry, list.length === 1 ? 'entry' : `entries[${i}]`))).join('')
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
export async function readHistory(path: FilePath): Promise<HistoryEntry[]> {
  const file = toPath(path)
  const error = (problem: string) => invalidFile(file, problem)
  return Array.from(await readLines(file, 'whole'), (line, i) =>
    decodeJson(line, entrySchema, { what: `line ${i + 1}`, error }),
  )
}
