import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NativeMlpError } from '../../core/errors.js'
import { DEFAULT_MAX_BYTES, fileSystemError, readFileBytes } from '../../formats/read-file.js'
import { LOCK } from '../../io/folder-lock.js'

/** Names in a study's folder. */
export const STUDY_FILES = {
  journal: 'journal.jsonl',
  record: 'study.json',
  trials: 'trials.jsonl',
  results: 'results.csv',
  timings: 'timings.csv',
  model: 'best.safetensors',
  refit: 'refit.safetensors',
  figures: 'figures',
  checkpoints: 'checkpoints',
  models: 'models',
} as const

/** What a new study removes; figures are drawn over. */
export const REMOVED_FILES: readonly string[] = Object.values(STUDY_FILES).filter((name) => name.includes('.'))

/**
 * What stands in a folder that a study wants: one to be resumed, or nothing that hinders a new one.
 *
 * @throws NativeMlpError INVALID_ARGUMENT where it cannot have the folder, FILE_SYSTEM
 */
export async function lookInto(
  path: string,
  { overwrite = false, resume = false }: { readonly overwrite?: boolean; readonly resume?: boolean },
): Promise<'study' | 'nothing'> {
  const entries = await entriesOf(path)
  const isBegun = entries.includes(STUDY_FILES.journal) && (await hasLines(join(path, STUDY_FILES.journal)))
  if (isBegun && resume) return 'study'
  if (isBegun || entries.includes(STUDY_FILES.trials)) {
    if (overwrite) return 'nothing'
    const problem = resume
      ? `holds a study without ${STUDY_FILES.journal}, of an earlier version; it cannot be resumed`
      : 'holds an earlier study; resume goes on with it, overwrite replaces it'
    throw new NativeMlpError('INVALID_ARGUMENT', `${path}: ${problem}`)
  }
  // what a process leaves that was killed while it wrote one has a dot and a number behind the name
  const own: readonly string[] = Object.values(STUDY_FILES)
  if (entries.every((name) => own.includes(name.replace(/\.\d+$/, '')))) return 'nothing'
  const expected = 'expected a new or empty folder, this one holds other files'
  throw new NativeMlpError('INVALID_ARGUMENT', `${path}: ${expected}`)
}

/** A study that was killed while it wrote the first line of its journal has not begun. */
async function hasLines(journal: string): Promise<boolean> {
  return (await readFileBytes(journal, { maxBytes: DEFAULT_MAX_BYTES, shared: false })).includes(10)
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !name.startsWith(LOCK))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fileSystemError('read', path, error)
  }
}
