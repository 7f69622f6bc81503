import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { link, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { NativeMlpError } from '../core/errors.js'
import { dateMs, delay } from '../core/timers.js'
import { fileSystemError, readFileIfThere } from '../formats/read-file.js'

/** The lock file names the process that is writing into a folder. Names that begin with it are its temporary files. */
export const LOCK = '.lock'

/** Wait after replacing the lock of an ended process: the time another process may need to do the same, ms. */
const SETTLE_MS = 50
/** A lock file without an owner is either being written or left by a crash; older than this it is stale, ms. */
const UNFINISHED_MS = 5000

/** Bytes of the largest file that is taken for a lock. */
const LONGEST_LOCK = 4096

/** Folders that this process has locked. */
const locked = new Set<string>()

interface Lock {
  readonly text: string
  /** null: the process has ended */
  readonly owner: number | string | null
}

/**
 * Locks an existing folder, so that no other process writes into it. A stale lock, left by a process that ended without
 * releasing it, is replaced; of several processes that try this at the same time exactly one succeeds.
 *
 * @returns releases the lock
 * @throws NativeMlpError INVALID_ARGUMENT when another process, or this one, has locked it; FILE_SYSTEM;
 *   INVALID_FILE when the lock is not a regular file
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = resolve(folder)
  const file = join(path, LOCK)
  if (locked.has(path)) throw lockedError(folder, process.pid, file)
  locked.add(path)
  try {
    await acquire(file, folder)
  } catch (error) {
    locked.delete(path)
    throw error
  }
  const onExit = () => rmSync(file, { force: true })
  process.once('exit', onExit)
  return async () => {
    process.off('exit', onExit)
    await rm(file, { force: true })
    locked.delete(path)
  }
}

async function acquire(file: string, folder: string): Promise<void> {
  const text = `${process.pid} ${hostname()} ${startOf(process.pid) ?? '-'} ${randomUUID()}\n`
  if (await create(file, text, folder)) return
  const found = await read(file)
  if (found?.owner != null) throw lockedError(folder, found.owner, file)
  if (found !== null) await removeStale(file, found, folder)
  if (!(await create(file, text, folder))) throw lockedError(folder, (await read(file))?.owner ?? null, file)
  // a process that moved this lock away, mistaking it for the stale one, moves it back
  await delay(SETTLE_MS)
  const now = await read(file)
  if (now?.text !== text) throw lockedError(folder, now?.owner ?? null, file)
  await removeLeftovers(folder)
}

/** Creates the lock file together with its contents. False: there is one already. */
async function create(file: string, text: string, folder: string): Promise<boolean> {
  const temporary = `${file}.${process.pid}.${randomUUID()}`
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await link(temporary, file)
    return true
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (syscall === 'link') return await createWithoutLinks(file, text, folder)
    throw fileSystemError('write into the folder', folder, error)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** For file systems without hard links, such as FAT. */
async function createWithoutLinks(file: string, text: string, folder: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw fileSystemError('write into the folder', folder, error)
  }
}

/** Moves a stale lock away, which one of several processes can. A process that moved a valid lock instead moves it back. */
async function removeStale(file: string, stale: Lock, folder: string): Promise<void> {
  const temporary = `${file}.${process.pid}.${randomUUID()}`
  try {
    await rename(file, temporary)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw fileSystemError('write into the folder', folder, error)
  }
  const moved = await read(temporary)
  if (moved !== null && moved.text !== stale.text) {
    await rename(temporary, file)
    throw lockedError(folder, moved.owner, file)
  }
  await rm(temporary, { force: true })
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = /^\.lock\.(\d+)\./.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

/** Null if there is none. */
async function read(file: string): Promise<Lock | null> {
  const bytes = await readFileIfThere(file, LONGEST_LOCK)
  if (bytes === null) return null
  const text = new TextDecoder().decode(bytes)
  try {
    const [pid, host, start] = text.trim().split(' ')
    if (!/^[1-9]\d*$/.test(pid)) {
      const age = dateMs() - (await stat(file)).mtimeMs
      return { text, owner: age < UNFINISHED_MS ? 'unknown' : null }
    }
    if (host !== hostname()) return { text, owner: `${pid} on ${host}` }
    const isOwner = Number(pid) !== process.pid && isAlive(Number(pid)) && isSame(Number(pid), start)
    return { text, owner: isOwner ? Number(pid) : null }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw fileSystemError('read', file, error)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Process ids are reused; where the start time is known, it tells two processes apart. */
function isSame(pid: number, start: string | undefined): boolean {
  const now = startOf(pid)
  return start === undefined || start === '-' || now === null || now === start
}

/** Start of a process in clock ticks since boot; null without /proc. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name, in brackets, may contain anything; a zombie has ended
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? 'ended' : (fields[18] ?? null)
  } catch {
    return null
  }
}

function lockedError(folder: string, owner: number | string | null, file: string): NativeMlpError {
  const who = owner === null ? 'another process' : `process ${owner}`
  const hint = `if no such process runs, remove ${file}`
  return new NativeMlpError('INVALID_ARGUMENT', `${folder}: ${who} is writing into this folder; ${hint}`)
}
