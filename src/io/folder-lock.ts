import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { link, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { NativeMlpError } from '../core/errors.js'
import { dateMs } from '../core/timers.js'
import { fileSystemError, readFileIfThere } from '../formats/read-file.js'
import { refuseSpecialTarget } from '../formats/special-files.js'

/** The lock file names the process that is writing into a folder. Names that begin with it are its temporary files. */
export const LOCK = '.lock'

/** A lock file without an owner is either being written or left by a crash; older than this it is stale, ms. */
const UNFINISHED_MS = 5000
/** Attempts to lock a folder whose lock is released or replaced meanwhile by others. */
const ATTEMPTS = 20

/** Bytes of the largest file that is taken for a lock. */
const LONGEST_LOCK = 4096

/** Folders that this process has locked, and the texts of their locks. */
const locked = new Map<string, string>()

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
  const text = `${process.pid} ${hostname()} ${startOf(process.pid) ?? '-'} ${randomUUID()}\n`
  if (locked.size === 0) process.on('exit', releaseAll)
  locked.set(path, text)
  try {
    await acquire(file, text, folder)
    await removeLeftovers(folder)
  } catch (error) {
    forget(path)
    throw error
  }
  return async () => {
    if (locked.get(path) !== text) return
    try {
      await removeOwn(file, text)
    } finally {
      forget(path)
    }
  }
}

function forget(path: string): void {
  locked.delete(path)
  if (locked.size === 0) process.off('exit', releaseAll)
}

/** At the end of the process. */
function releaseAll(): void {
  for (const [path, text] of locked) {
    const file = join(path, LOCK)
    try {
      if (readFileSync(file, 'utf8') === text) rmSync(file, { force: true })
    } catch {
      // the folder is gone, or the lock remains as a stale one
    }
  }
}

/** Removes a lock unless someone has removed it by hand and another process has locked the folder since. */
async function removeOwn(file: string, text: string): Promise<void> {
  if ((await read(file))?.text === text) await rm(file, { force: true })
}

/**
 * Creates the lock file, or replaces a stale one.
 *
 * Only the owner of a claim replaces a stale lock: of a lock file of its own, named after the contents of the stale one. No
 * two locks have the same contents, so a process that has read a stale lock and stalls cannot replace a later, valid one: it
 * finds other contents when it has its claim, and gives it up. A claim that a process left when it was killed is itself a
 * stale lock.
 *
 * @throws NativeMlpError INVALID_ARGUMENT when another process owns it
 */
async function acquire(file: string, text: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await create(file, text, folder)) return
    const found = await read(file)
    if (found === null) continue // released meanwhile, or a symbolic link to nothing
    if (found.owner !== null) throw lockedError(folder, found.owner, file)
    const claim = `${join(folder, LOCK)}.claim.${createHash('sha256').update(found.text).digest('hex').slice(0, 16)}`
    await acquire(claim, text, folder)
    try {
      const now = await read(file)
      if (now?.text !== found.text || now.owner !== null) continue // replaced before this process had its claim
      await replace(file, text, folder)
      return
    } finally {
      await removeOwn(claim, text)
    }
  }
  await refuseSpecialTarget('lock', file)
  throw lockedError(folder, (await read(file))?.owner ?? null, file)
}

/** Creates a lock file together with its contents. False: there is one already. */
async function create(file: string, text: string, folder: string): Promise<boolean> {
  const temporary = temporaryName(folder)
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
    // not if writing took so long that another process took the empty file for a stale one
    return (await read(file))?.text === text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error instanceof NativeMlpError ? error : fileSystemError('write into the folder', folder, error)
  }
}

async function replace(file: string, text: string, folder: string): Promise<void> {
  const temporary = temporaryName(folder)
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw fileSystemError('write into the folder', folder, error)
  }
}

function temporaryName(folder: string): string {
  return `${join(folder, LOCK)}.${process.pid}.${randomUUID()}`
}

/** Removes the temporary files and claims of processes that were killed. Call it with the lock. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, owner] = /^\.lock\.(\d+|claim)\./.exec(name) ?? []
    if (owner === undefined) continue
    const file = join(folder, name)
    const isLeft = owner === 'claim' ? (await read(file))?.owner === null : !isAlive(Number(owner))
    if (isLeft) await rm(file, { force: true })
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
    return { text, owner: isAlive(Number(pid)) && isSame(Number(pid), start) ? Number(pid) : null }
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
  const isUnknown = start === undefined || start === '-' || now === null
  // `locked` has the folders of this process
  return isUnknown ? pid !== process.pid : now === start
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
