import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Resvg } from '@resvg/resvg-js'
import { NativeMlpError } from '../../core/errors.js'
import { resolveDependency } from '../../package/files.js'

const PACKAGE = 'dejavu-fonts-ttf'
const FONT_FILES = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']
const SAMPLE = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16">A</text></svg>'

/**
 * Calls `draw` with font files that resvg can read. It draws no text, without an error, if it cannot: as native code it does
 * not see files inside an archive (Yarn's zip files, Electron's asar) that Node reads. It gets copies of those.
 *
 * @throws NativeMlpError BACKEND_UNAVAILABLE if a font is not installed or cannot be read
 */
export async function withReadableFonts<T>(library: typeof Resvg, draw: (files: string[]) => T): Promise<T> {
  const files = FONT_FILES.map(findFont)
  if (files.every((file) => drawsText(library, file))) return draw(files)
  const contents = await Promise.all(files.map(readFont))
  const folder = await copied(files, contents)
  try {
    const copies = files.map((file) => join(folder, basename(file)))
    const useless = copies.findIndex((copy) => !drawsText(library, copy))
    if (useless !== -1) throw fontError(files[useless], 'not a font that resvg can read')
    return draw(copies)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function findFont(name: string): string {
  const path = `${PACKAGE}/ttf/${name}`
  const file = resolveDependency(path)
  if (file === undefined) throw fontError(path, `the npm package ${PACKAGE} is not installed`)
  return file
}

function drawsText(library: typeof Resvg, file: string): boolean {
  const font = { loadSystemFonts: false, fontFiles: [file], defaultFontFamily: 'DejaVu Sans' }
  return new library(SAMPLE, { font }).innerBBox() !== undefined
}

async function readFont(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw fontError(file, `cannot be read: ${(cause as Error).message}`, cause)
  }
}

/** The folder of the copies. */
async function copied(files: readonly string[], contents: readonly Uint8Array[]): Promise<string> {
  let folder: string | undefined
  try {
    folder = await mkdtemp(join(tmpdir(), 'native-mlp-fonts-'))
    for (const [i, file] of files.entries()) await writeFile(join(folder, basename(file)), contents[i])
    return folder
  } catch (cause) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    throw fontError(files.join(', '), `cannot be copied for resvg: ${(cause as Error).message}`, cause)
  }
}

function fontError(file: string, problem: string, cause?: unknown): NativeMlpError {
  return new NativeMlpError('BACKEND_UNAVAILABLE', `figures: font ${file}: ${problem}`, { cause })
}
