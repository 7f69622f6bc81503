import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { NativeMlpError } from '../core/errors.js'
import { fileSystemError } from './read-file.js'

/** The file that says whose a folder is while something writes into it; names that begin with it are passing ones. */
export const CLAIM = '.lock'

/** After taking over a dead process's claim: as long as another may need to do the same, ms. */
const SETTLE_MS = 50
/** A claim without an owner in it is being written, or was when its process died; ms. */
const UNFINISHED_MS = 5000

/** Folders that this process has claimed. */
const mine = new Set<string>()

/** The claim as it stands in the file: null where there is none. */
interface Claim {
  readonly text: string
  /** null: it has ended */
  readonly owner: number | string | null
}

/**
 * Takes an existing folder for oneself. What a process that has ended without `release` has left is taken over; of
 * several that try this at the same time one succeeds.
 *
 * @returns gives the folder up
 * @throws NativeMlpError INVALID_ARGUMENT when another process, or this one, is writing into it; FILE_SYSTEM
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const path = resolve(folder)
  const file = join(path, CLAIM)
  if (mine.has(path)) throw taken(folder, process.pid, file)
  mine.add(path)
  try {
    await take(file, folder)
  } catch (error) {
    mine.delete(path)
    throw error
  }
  const onExit = () => rmSync(file, { force: true })
  process.once('exit', onExit)
  return async () => {
    process.off('exit', onExit)
    await rm(file, { force: true })
    mine.delete(path)
  }
}

async function take(file: string, folder: string): Promise<void> {
  const text = `${process.pid} ${hostname()} ${startOf(process.pid) ?? '-'} ${randomUUID()}\n`
  if (await create(file, text, folder)) return
  const found = await read(file)
  if (found?.owner != null) throw taken(folder, found.owner, file)
  if (found !== null) await removeDead(file, found, folder)
  if (!(await create(file, text, folder))) throw taken(folder, (await read(file))?.owner ?? null, file)
  // whoever moved this claim away, thinking it the dead one's, puts it back
  await wait(SETTLE_MS)
  const now = await read(file)
  if (now?.text !== text) throw taken(folder, now?.owner ?? null, file)
  await removeLeftovers(folder)
}

/** Creates the claim with its owner in it, or not at all. */
async function create(file: string, text: string, folder: string): Promise<boolean> {
  const passing = `${file}.${process.pid}.${randomUUID()}`
  try {
    await writeFile(passing, text, { flag: 'wx' })
    await link(passing, file)
    return true
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (syscall === 'link') return await createWithoutLinks(file, text, folder)
    throw fileSystemError('write into the folder', folder, error)
  } finally {
    await rm(passing, { force: true })
  }
}

/** On file systems such as FAT. */
async function createWithoutLinks(file: string, text: string, folder: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw fileSystemError('write into the folder', folder, error)
  }
}

/** Moves a dead claim away: one of several processes can. One that has meanwhile moved a living claim puts it back. */
async function removeDead(file: string, dead: Claim, folder: string): Promise<void> {
  const passing = `${file}.${process.pid}.${randomUUID()}`
  try {
    await rename(file, passing)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw fileSystemError('write into the folder', folder, error)
  }
  const moved = await read(passing)
  if (moved !== null && moved.text !== dead.text) {
    await rename(passing, file)
    throw taken(folder, moved.owner, file)
  }
  await rm(passing, { force: true })
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = /^\.lock\.(\d+)\./.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

/** Null when there is none. */
async function read(file: string): Promise<Claim | null> {
  try {
    const text = await readFile(file, 'utf8')
    const [pid, host, start] = text.trim().split(' ')
    if (!/^[1-9]\d*$/.test(pid)) {
      const age = Date.now() - (await stat(file)).mtimeMs
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

/** Numbers of processes are used again; where it can be told, their start tells them apart. */
function isSame(pid: number, start: string | undefined): boolean {
  const now = startOf(pid)
  return start === undefined || start === '-' || now === null || now === start
}

/** In clock ticks since the machine started; null where there is no /proc. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name, in brackets, may hold anything; a zombie only waits for its parent to take note of its end
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? 'ended' : (fields[18] ?? null)
  } catch {
    return null
  }
}

function taken(folder: string, owner: number | string | null, file: string): NativeMlpError {
  const who = owner === null ? 'another process' : `process ${owner}`
  const hint = `where that is not so, remove ${file}`
  return new NativeMlpError('INVALID_ARGUMENT', `${folder}: ${who} is writing into this folder; ${hint}`)
}
