import { rmSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { NativeMlpError } from '../core/errors.js'
import { fileSystemError } from './read-file.js'

/** The file that says whose a folder is while something writes into it. */
export const CLAIM = '.lock'

/** Folders that this process has claimed. */
const mine = new Set<string>()

/**
 * Takes an existing folder for oneself. What a process that has ended without `release` has left is taken over.
 *
 * @returns gives the folder up
 * @throws NativeMlpError INVALID_ARGUMENT when another process, or this one, is writing into it; FILE_SYSTEM
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const path = resolve(folder)
  const file = join(path, CLAIM)
  if (mine.has(path)) throw taken(folder, process.pid, file)
  if (!(await create(file, folder))) {
    const owner = await ownerOf(file)
    if (owner !== null) throw taken(folder, owner, file)
    await rm(file, { force: true })
    if (!(await create(file, folder))) throw taken(folder, await ownerOf(file), file)
  }
  mine.add(path)
  const onExit = () => rmSync(file, { force: true })
  process.once('exit', onExit)
  return async () => {
    mine.delete(path)
    process.off('exit', onExit)
    await rm(file, { force: true })
  }
}

async function create(file: string, folder: string): Promise<boolean> {
  try {
    await writeFile(file, `${process.pid} ${hostname()}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw fileSystemError('write into the folder', folder, error)
  }
}

/** The process that holds the claim; null when it has ended. */
async function ownerOf(file: string): Promise<number | string | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw fileSystemError('read', file, error)
  }
  const [pid, host] = text.trim().split(' ')
  if (!/^[1-9]\d*$/.test(pid)) return 'unknown' // being written at this moment
  if (host !== hostname()) return `${pid} on ${host}`
  return Number(pid) !== process.pid && isAlive(Number(pid)) ? Number(pid) : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function taken(folder: string, owner: number | string | null, file: string): NativeMlpError {
  const who = owner === null ? 'another process' : `process ${owner}`
  const hint = `where that is not so, remove ${file}`
  return new NativeMlpError('INVALID_ARGUMENT', `${folder}: ${who} is writing into this folder; ${hint}`)
}
