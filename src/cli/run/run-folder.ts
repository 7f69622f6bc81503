import { mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { invalidArgument, invalidFile, NativeMlpError } from '../../core/errors.js'
import type { HistoryEntry } from '../../core/results.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { makeFolders, removeFiles, removeTemporaries } from '../../formats/folder.js'
import { fileSystemError, readFileBytes } from '../../formats/read-file.js'
import { LOCK, lockFolder } from '../../io/folder-lock.js'
import { historyLine } from '../../io/history.js'
import { saveModel } from '../../io/model-file.js'
import type { MLP } from '../../model/mlp.js'
import { FIGURE_NAMES } from './run-figures.js'
import { type RunRecord, recordSchema } from './run-record.js'

const FILES = {
  record: 'run.json',
  history: 'history.jsonl',
  model: 'best.safetensors',
  checkpoint: 'checkpoint',
  curve: 'Training_Curve.txt',
  homework: 'best_model_save',
  figures: 'figures',
} as const

/** Everything a run writes, which --overwrite may remove. */
const OWN = [
  ...Object.values(FILES).filter((name) => name !== FILES.figures && name !== FILES.homework),
  ...['fc1_Weight', 'fc1_Bias', 'fc2_Weight', 'fc2_Bias'].map((name) => `${FILES.homework}/${name}.npy`),
  ...FIGURE_NAMES.flatMap((name) => [`${FILES.figures}/${name}.svg`, `${FILES.figures}/${name}.png`]),
]

const TEMPORARY_RECORD = /^run\.json\.\d+$/

/** What training itself fills as it goes on. */
const FILLED = [FILES.history, FILES.model, FILES.curve, FILES.checkpoint]

/** The folder of one run. */
export class RunFolder {
  readonly path: string
  /** gives up a folder that was made for a run */
  readonly release: () => Promise<void>

  constructor(path: string, release: () => Promise<void> = async () => undefined) {
    this.path = path
    this.release = release
  }

  file(name: keyof typeof FILES): string {
    return join(this.path, FILES[name])
  }

  async write(record: RunRecord): Promise<void> {
    await writeFileAtomic(this.file('record'), `${JSON.stringify(record, null, 2)}\n`)
  }

  /**
   * Puts curve and model back to where a run stood at its checkpoint, or at its beginning, whatever a process that was killed
   * has left half done. A crash in the middle of it harms nothing: the checkpoint holds all that is written.
   *
   * @param history the evaluations until then
   * @param best the best model until then
   * @throws NativeMlpError FILE_SYSTEM
   */
  async rewind(history: readonly HistoryEntry[] | null, best: MLP | null): Promise<void> {
    await removeTemporaries(this.path, OWN)
    if (history === null) return removeFiles(this.path, FILLED)
    await writeFileAtomic(this.file('history'), history.map(historyLine).join(''))
    if (best) await saveModel(this.file('model'), best)
    else await removeFiles(this.path, [FILES.model])
  }

  /** Paths of the figures that are there, in the order of FIGURE_NAMES. */
  async figures(): Promise<string[]> {
    const there = await entriesOf(this.file('figures'))
    const names = FIGURE_NAMES.flatMap((name) => [`${name}.svg`, `${name}.png`]).filter((name) => there.includes(name))
    return names.map((name) => join(this.file('figures'), name))
  }

  async removeCheckpoint(): Promise<void> {
    await removeFiles(this.path, [FILES.checkpoint])
  }

  /** @throws NativeMlpError FILE_SYSTEM, or INVALID_FILE when there is no run in it */
  async read(): Promise<RunRecord> {
    const file = this.file('record')
    const bytes = await readFileBytes(file, { maxBytes: 1 << 24, shared: false })
    let value: unknown
    try {
      value = JSON.parse(new TextDecoder().decode(bytes))
    } catch (error) {
      throw invalidFile(file, `not JSON: ${(error as Error).message}`)
    }
    const parsed = recordSchema.safeParse(value)
    if (parsed.success) return parsed.data as unknown as RunRecord
    const { path, message } = parsed.error.issues[0]
    throw invalidFile(file, [...path.map(String), message].join(': '))
  }
}

/**
 * Whether a run may go into the folder that --out names: it is not there, empty, or an earlier run's with `overwrite`.
 *
 * @throws NativeMlpError INVALID_ARGUMENT when it may not, FILE_SYSTEM
 */
export async function checkOut(out: string, overwrite: boolean): Promise<void> {
  checkPath(out)
  const entries = await entriesOf(out)
  if (entries.length === 0) return
  if (!entries.includes(FILES.record)) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `--out ${out}: expected a new or empty folder, this one holds other files`,
    )
  }
  if (!overwrite) {
    throw new NativeMlpError('INVALID_ARGUMENT', `--out ${out}: holds an earlier run; --overwrite replaces it`)
  }
  await new RunFolder(out).read()
}

/**
 * Makes the folder that --out names, without what an earlier run left there, or a new one: runs/<name>, runs/<name>-2, ...
 * Nobody else can write into it until it is released.
 *
 * @throws NativeMlpError INVALID_ARGUMENT when another run has it, FILE_SYSTEM
 */
export async function makeRunFolder(out: string | undefined, name: string, overwrite: boolean): Promise<RunFolder> {
  const path = out ?? (await makeNumbered(name))
  const folder = new RunFolder(path, await makeAndLock(path))
  try {
    await checkOut(path, overwrite) // another run may have come and gone since the first look
    await removeFiles(path, OWN)
  } catch (error) {
    await folder.release()
    throw error
  }
  return folder
}

/**
 * Takes the folder of an earlier run, to go on with it. Nobody else can write into it until it is released.
 *
 * @throws NativeMlpError INVALID_ARGUMENT when there is no run in it or another process has it; FILE_SYSTEM, INVALID_FILE
 */
export async function openRunFolder(path: string): Promise<RunFolder> {
  await new RunFolder(path).read().catch((error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error
    throw new NativeMlpError('INVALID_ARGUMENT', `--resume ${path}: holds no run; start it again with --out ${path}`)
  })
  return new RunFolder(path, await lockFolder(path))
}

/** @throws NativeMlpError INVALID_ARGUMENT for an empty path */
export function checkPath(out: string, flag = '--out'): void {
  if (out === '') throw invalidArgument(flag, 'a path', out)
}

/** Makes the folder and takes it. */
export async function makeAndLock(out: string): Promise<() => Promise<void>> {
  await makeFolders(out)
  return lockFolder(out)
}

/** Makes the first of runs/<name>, runs/<name>-2, ... that is not there. */
export async function makeNumbered(name: string): Promise<string> {
  const base = join('runs', name)
  await makeFolders(dirname(base))
  for (let n = 1; ; n++) {
    const path = n === 1 ? base : `${base}-${n}`
    try {
      await mkdir(path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileSystemError('make the folder', path, error)
    }
  }
}

/** Without what another process leaves for a moment while it takes the folder and writes its record. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    if (!(await stat(folder)).isDirectory()) {
      throw new NativeMlpError('INVALID_ARGUMENT', `--out ${folder}: expected a folder, this is a file`)
    }
    return (await readdir(folder)).filter((name) => !name.startsWith(LOCK) && !TEMPORARY_RECORD.test(name))
  } catch (error) {
    if (error instanceof NativeMlpError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fileSystemError('read', folder, error)
  }
}
