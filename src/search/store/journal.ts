import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { describe, invalidFile, NativeMlpError, shortened } from '../../core/errors.js'
import { parseJson } from '../../formats/json.js'
import type { JsonPlace } from '../../formats/json-place.js'
import { fileSystemError } from '../../formats/read-file.js'
import { refuseSpecialTarget } from '../../formats/special-files.js'
import { readLines, wholeLines } from '../../io/text-lines.js'
import {
  decodeEventLine,
  decodeHeaderLine,
  JOURNAL_FORMAT,
  JOURNAL_VERSION,
  type JournalEvent,
  type JournalHeader,
} from './codec.js'

/** The contents of a journal, without a truncated last line. */
export interface JournalContents {
  readonly header: JournalHeader
  readonly events: readonly JournalEvent[]
}

/**
 * The append-only journal of a study: a header, then a line of JSON per event, on disk before the study acts on it. Only the
 * process that has locked the folder may write it.
 */
export class Journal {
  readonly #path: string
  readonly #file: FileHandle
  #bytes: number
  #last: Promise<void> = Promise.resolve()

  constructor(path: string, file: FileHandle, bytes: number) {
    this.#path = path
    this.#file = file
    this.#bytes = bytes
  }

  /** Creates a journal. @throws NativeMlpError FILE_SYSTEM */
  static async create(path: string, header: JournalHeader): Promise<Journal> {
    const journal = new Journal(path, await opened(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL), 0)
    try {
      await journal.#add(JSON.stringify(header), true)
      return journal
    } catch (error) {
      await journal.close()
      throw error
    }
  }

  /** Opens an existing journal and drops a truncated last line. @throws NativeMlpError as `readJournal`, FILE_SYSTEM */
  static async resume(path: string): Promise<JournalContents & { readonly journal: Journal }> {
    const contents = await readJournal(path)
    const file = await opened(path, constants.O_RDWR)
    try {
      const end = await wholeLines(file)
      await file.truncate(end)
      return { ...contents, journal: new Journal(path, file, end) }
    } catch (error) {
      await file.close()
      throw fileSystemError('append', path, error)
    }
  }

  /**
   * Adds a line; resolves when it is on disk. Removes a partially written line.
   *
   * @param isNeeded false for a line that a power failure may lose: it is written without fsync
   * @throws NativeMlpError INVALID_ARGUMENT for an event that `readJournal` would reject, which is not written; FILE_SYSTEM
   */
  async append(event: object, isNeeded = true): Promise<void> {
    const json = JSON.stringify(event)
    checkEvent(this.#path, json)
    await this.#add(json, isNeeded)
  }

  async #add(json: string, isNeeded: boolean): Promise<void> {
    const line = new TextEncoder().encode(`${withCheck(json)}\n`)
    const turn = this.#last.then(() => this.#append(line, isNeeded))
    this.#last = turn.catch(() => undefined)
    await turn
  }

  async close(): Promise<void> {
    await this.#last
    await this.#file.close()
  }

  async #append(line: Uint8Array, isNeeded: boolean): Promise<void> {
    try {
      if (isNeeded) await this.#checkPlace()
      for (let done = 0; done < line.length; ) {
        done += (await this.#file.write(line, done, line.length - done, this.#bytes + done)).bytesWritten
      }
      if (isNeeded) await this.#file.datasync()
      this.#bytes += line.length
    } catch (error) {
      // removes a partial line; if that fails too, the first error is the cause
      await this.#file.truncate(this.#bytes).catch(() => undefined)
      throw error instanceof NativeMlpError ? error : fileSystemError('append', this.#path, error)
    }
  }

  /** Throws if the file was removed or moved: its lines would be lost. */
  async #checkPlace(): Promise<void> {
    const [own, there] = await Promise.all([this.#file.stat(), stat(this.#path)])
    if (own.ino === there.ino && own.dev === there.dev) return
    throw new NativeMlpError('FILE_SYSTEM', `${this.#path}: cannot append: another file has taken its place`)
  }
}

/** @throws NativeMlpError INVALID_ARGUMENT */
function checkEvent(path: string, json: string): void {
  const error = (problem: string) => new NativeMlpError('INVALID_ARGUMENT', `${path}: ${problem}`)
  decodeEventLine(JSON.parse(json), { what: 'an event that could not be read again', error })
}

/** `,"check":"<16 hex digits>"}` at the end of a line, and a carriage return that a text editor may add. */
const CHECK = /,"check":"([0-9a-f]{16})"\}\r?$/

/** Adds the first digits of the SHA-256 of a line, which detect changed bytes. */
function withCheck(json: string): string {
  return `${json.slice(0, -1)},"check":"${digestOf(json)}"}`
}

function digestOf(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, 16)
}

/** @param i of the line, from 0. A line without a check passes. */
function verify(path: string, i: number, line: string, remedy: string): void {
  const match = CHECK.exec(line)
  if (match === null || digestOf(`${line.slice(0, match.index)}}`) === match[1]) return
  throw invalidFile(path, `line ${i + 1} is damaged: SHA-256 does not match; ${remedy}`)
}

/**
 * Reads a journal without changing it.
 *
 * @throws NativeMlpError INVALID_FILE naming file and line: for a line that is not an event, for another format version, and
 *   if the header is missing; FILE_SYSTEM if the file cannot be read
 */
export async function readJournal(path: string): Promise<JournalContents> {
  let header: JournalHeader | null = null
  const events: JournalEvent[] = []
  let i = 0
  for (const line of await readLines(path, 'whole')) {
    if (header === null) header = readHeader(path, line)
    else events.push(readEvent(path, i, line))
    i++
  }
  if (header === null) throw invalidFile(path, 'holds no study: its first line is incomplete')
  return { header, events }
}

function readHeader(path: string, line: string): JournalHeader {
  const remedy = 'begin a new study'
  const place = placeOf(path, 0, remedy)
  const value = parsed(line, place)
  checkVersion(path, value)
  const header = decodeHeaderLine(value, place)
  verify(path, 0, line, remedy)
  return header
}

/** @param i of the line, from 0 */
function readEvent(path: string, i: number, line: string): JournalEvent {
  const remedy = 'remove this line to compute its result again'
  const place = placeOf(path, i, remedy)
  const event = decodeEventLine(parsed(line, place), place)
  verify(path, i, line, remedy)
  return event
}

function checkVersion(path: string, value: unknown): void {
  const { format, formatVersion, version } = (value ?? {}) as Record<string, unknown>
  if (format !== JOURNAL_FORMAT) throw invalidFile(path, `line 1: expected the header of a '${JOURNAL_FORMAT}'`)
  if (formatVersion === JOURNAL_VERSION) return
  const writer = typeof version === 'string' ? `native-mlp ${shortened(version)}` : 'another version'
  const known = `this version knows only ${JOURNAL_VERSION}`
  throw invalidFile(path, `line 1: format version ${describe(formatVersion)}, written by ${writer}; ${known}`)
}

/** The value of a line without its check. */
function parsed(line: string, place: JsonPlace): unknown {
  const value = parseJson(line, place)
  if (CHECK.test(line)) delete (value as { check?: unknown }).check
  return value
}

/** @param i of the line, from 0; @param remedy what the user can do */
function placeOf(path: string, i: number, remedy: string): JsonPlace {
  return { what: `line ${i + 1}`, error: (problem) => invalidFile(path, `${problem}; ${remedy}`) }
}

async function opened(path: string, flags: number): Promise<FileHandle> {
  await refuseSpecialTarget('write', path)
  try {
    return await open(path, flags)
  } catch (error) {
    throw error instanceof NativeMlpError ? error : fileSystemError('write', path, error)
  }
}
