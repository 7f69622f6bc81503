import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { NativeMlpError } from '../core/errors.js'

export type SetPart = 'train' | 'test'
export type FileKind = 'images' | 'labels'

/** Paths of the files of a folder in MNIST's layout; undefined for missing files. */
export type IdxPaths = Readonly<Record<SetPart, Readonly<Record<FileKind, string | undefined>>>>

/** 'train-images-idx3-ubyte', 't10k-labels.idx1-ubyte.gz', 'emnist-letters-test-images-idx3-ubyte', 'qmnist-test-labels-idx2-int'. */
const FILE_NAME = /^(?:(?<prefix>.+)-)?(?<part>train|t10k|test)-(?<kind>images|labels)[-.]idx\d+-\w+?(?<gz>\.gz)?$/

interface Candidate {
  readonly prefix: string
  readonly part: SetPart
  readonly kind: FileKind
  readonly path: string
}

/**
 * Finds the files of a folder in MNIST's layout, as used by Fashion-MNIST, KMNIST and EMNIST: plain or .gz, with a dash or a
 * dot before 'idx', or, as Kaggle unpacks them, in a folder of the same name.
 *
 * @param prefix prefix of the file names, as in EMNIST; undefined: none, or the only one in the folder
 * @throws NativeMlpError INVALID_ARGUMENT if the folder has sets with several prefixes and none is given, FILE_SYSTEM
 */
export async function findIdxFiles(folder: string, prefix?: string): Promise<IdxPaths> {
  const candidates = await candidatesIn(folder)
  const prefixes = [...new Set(candidates.map((candidate) => candidate.prefix))].sort()
  const chosen = prefix ?? (prefixes.length === 0 || prefixes.includes('') ? '' : prefixes[0])
  if (prefix === undefined && chosen !== '' && prefixes.length > 1) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `folder ${folder}: several data sets, ${prefixes.join(', ')}; choose one, e.g. ` +
        JSON.stringify({ idx: { folder, prefix: chosen } }),
    )
  }
  const find = (part: SetPart, kind: FileKind) =>
    candidates.find((one) => one.prefix === chosen && one.part === part && one.kind === kind)?.path
  return {
    train: { images: find('train', 'images'), labels: find('train', 'labels') },
    test: { images: find('test', 'images'), labels: find('test', 'labels') },
  }
}

/** Where torchvision and EMNIST's own archive keep the files. */
const INNER_FOLDERS = ['raw', 'gzip']

/** The preferred spelling of each file first. If the folder has none, those of an inner folder. */
async function candidatesIn(folder: string): Promise<Candidate[]> {
  const own = await ownCandidates(folder)
  if (own.length > 0) return own
  for (const inner of INNER_FOLDERS) {
    const found = await ownCandidates(join(folder, inner))
    if (found.length > 0) return found
  }
  return own
}

async function ownCandidates(folder: string): Promise<Candidate[]> {
  const found: (Candidate & { readonly rank: number })[] = []
  for (const entry of await entriesOf(folder)) {
    const parsed = parse(entry.name)
    if (parsed === null) continue
    const own = join(folder, entry.name)
    const type = await typeOf(own, entry)
    const path = type === 'folder' ? await innerFile(own, parsed) : own
    if (path !== undefined) found.push({ ...parsed, path, rank: parsed.rank + RANKS[type] })
  }
  return found.sort((a, b) => a.rank - b.rank)
}

/** What is neither a file nor a folder with one is found where there is nothing else, so that its error names it. */
const RANKS = { file: 0, folder: 8, other: 16 } as const

/** Of what a symbolic link leads to. */
async function typeOf(path: string, entry: Dirent): Promise<keyof typeof RANKS> {
  const target = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry
  if (target?.isDirectory()) return 'folder'
  return target?.isFile() ? 'file' : 'other'
}

function parse(name: string) {
  const { prefix = '', part, kind, gz } = FILE_NAME.exec(name)?.groups ?? {}
  if (part === undefined) return null
  const rank = (gz ? 4 : 0) + (name.includes('.idx') ? 2 : 0) + (part === 'test' ? 1 : 0)
  return { prefix, part: part === 'train' ? 'train' : 'test', kind: kind as FileKind, rank } as const
}

/** For a folder named like a data file, the file of the same set in it. */
async function innerFile(folder: string, { prefix, part, kind }: Omit<Candidate, 'path'>): Promise<string | undefined> {
  const files = (await entriesOf(folder)).flatMap((entry) => {
    const parsed = entry.isDirectory() ? null : parse(entry.name)
    const fits = parsed?.prefix === prefix && parsed.part === part && parsed.kind === kind
    return fits ? [{ path: join(folder, entry.name), rank: parsed.rank }] : []
  })
  return files.sort((a, b) => a.rank - b.rank)[0]?.path
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    if (code === 'ENOTDIR') {
      throw new NativeMlpError('DATA_NOT_FOUND', `${folder}: expected a folder with IDX files, got a file`)
    }
    throw new NativeMlpError('FILE_SYSTEM', `${folder}: cannot read: ${(error as Error).message}`, { cause: error })
  }
}

const NAMES: Readonly<Record<SetPart, Readonly<Record<FileKind, string>>>> = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
}

/**
 * @param parts required sets
 * @throws NativeMlpError DATA_NOT_FOUND naming every missing file
 */
export function requireFiles(paths: IdxPaths, parts: readonly SetPart[], what: string, prefix = ''): void {
  const start = prefix === '' ? '' : `${prefix}-`
  const missing = parts.flatMap((part) =>
    (['images', 'labels'] as const).filter((kind) => !paths[part][kind]).map((kind) => `${start}${NAMES[part][kind]}`),
  )
  if (missing.length === 0) return
  const dotted = missing[0].replace(/-(idx\d)/, '.$1')
  throw new NativeMlpError('DATA_NOT_FOUND', `${what}: missing ${missing.join(', ')} (plain or .gz, also as ${dotted})`)
}
