import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Sharp, SharpOptions } from 'sharp'
import { integerInRange, knownOptions, oneOf } from '../../core/checks.js'
import { byteWords, invalidArgument, invalidFile, NativeMlpError, orOutOfMemory, shortened } from '../../core/errors.js'
import { fileSystemError, newBytes } from '../../formats/read-file.js'
import { pathOrNone } from '../idx-rows.js'
import { MAX_CLASSES } from '../samples-options.js'
import type { DataSource, LoadDataOptions, RawData, RawSet } from './source.js'

/** A folder with one sub-folder of PNG or JPEG images for each class. */
export interface ImagesSpec {
  /** with the classes, or with `train` and `test` of the classes */
  readonly folder: string
  /** test images, in sub-folders of the same names */
  readonly test?: string
  /** [height, width] that every image is resized to; default: all must have the size of the first */
  readonly size?: readonly [number, number]
  /** 'grey': one value a pixel; 'color': red, green and blue; default: as the first image is */
  readonly channels?: 'grey' | 'color'
}

const IMAGE = /\.(png|jpe?g)$/i
/** Of a side, in pixels. */
const MAX_SIZE = 4096
/** Decoded at a time: sharp computes on its own threads. */
const AT_ONCE = 16

type MakeSharp = (input: string, options?: SharpOptions) => Sharp

export const imagesSource: DataSource<ImagesSpec> = {
  check(options, name, base) {
    knownOptions(name, options ?? null, ['folder', 'test', 'size', 'channels'])
    const { folder, test, size, channels } = options as ImagesSpec
    const path = pathOrNone(`${name}.folder`, folder)
    if (path === undefined) throw invalidArgument(`${name}.folder`, 'a path', path)
    const testPath = pathOrNone(`${name}.test`, test)
    if (size !== undefined && !(Array.isArray(size) && size.length === 2)) {
      throw invalidArgument(`${name}.size`, '[height, width]', size)
    }
    return {
      folder: resolve(base, path),
      ...(testPath !== undefined && { test: resolve(base, testPath) }),
      ...(size !== undefined && {
        size: [0, 1].map((i) => integerInRange(`${name}.size[${i}]`, size[i], 1, MAX_SIZE)) as [number, number],
      }),
      ...(channels !== undefined && { channels: oneOf(`${name}.channels`, channels, ['grey', 'color'] as const) }),
    }
  },

  recognize: async (path) => ((await isImageFolder(resolve(path))) ? { folder: resolve(path) } : null),

  path: ({ folder, ...rest }) => (Object.keys(rest).length === 0 ? folder : null),

  read: readImages,
}

/** Whether a folder has sub-folders with images. */
export async function isImageFolder(folder: string): Promise<boolean> {
  if (!(await isFolder(folder))) return false
  for (const name of await foldersIn(folder).catch(() => [])) {
    if ((await imagesIn(join(folder, name)).catch(() => [])).length > 0) return true
    if (name !== 'train') continue
    return await isImageFolder(join(folder, name))
  }
  return false
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

async function readImages(spec: ImagesSpec, load: LoadDataOptions): Promise<RawData> {
  const sharp = await loadSharp(spec.folder)
  const folders = await foldersIn(spec.folder)
  const isSplit = spec.test === undefined && folders.includes('train')
  const folder = isSplit ? join(spec.folder, 'train') : spec.folder
  const testFolder = isSplit && folders.includes('test') ? join(spec.folder, 'test') : spec.test
  const classes = await foldersIn(folder)
  if (classes.length === 0)
    throw new NativeMlpError('DATA_NOT_FOUND', `${folder}: expected a sub-folder for each class`)
  if (classes.length > MAX_CLASSES) throw invalidFile(folder, `${classes.length} sub-folders, at most ${MAX_CLASSES}`)
  const images = await listImages(folder, classes)
  const shape = await shapeOf(sharp, images[0].path, spec)
  const decode = (list: readonly ImageFile[], of: string) => decodeAll(sharp, list, { shape, of, spec, load })
  const test = testFolder === undefined ? null : await decode(await listTest(testFolder, classes), testFolder)
  return {
    train: await decode(images, folder),
    test,
    source: testFolder === undefined ? `images in ${folder}` : `images in ${folder}, ${testFolder}`,
    classes: classes.length,
    classNames: classes,
  }
}

async function loadSharp(folder: string): Promise<MakeSharp> {
  try {
    return (await import('sharp')).default
  } catch (cause) {
    const message = `${folder}: images need the npm package sharp (npm install sharp)`
    throw new NativeMlpError('DATA_NOT_FOUND', `${message}: ${(cause as Error).message}`, { cause })
  }
}

interface ImageFile {
  readonly path: string
  readonly label: number
}

async function listTest(folder: string, classes: readonly string[]): Promise<ImageFile[]> {
  const unknown = (await foldersIn(folder)).find((name) => !classes.includes(name))
  if (unknown !== undefined) {
    throw invalidFile(join(folder, unknown), 'a class that the training images do not have')
  }
  return await listImages(folder, classes)
}

/** In the order of classes and file names, so that equal folders give equal rows. */
async function listImages(folder: string, classes: readonly string[]): Promise<ImageFile[]> {
  const images: ImageFile[] = []
  for (const [label, name] of classes.entries()) {
    const inner = join(folder, name)
    if (!(await isFolder(inner))) continue
    for (const file of await imagesIn(inner)) images.push({ path: join(inner, file), label })
  }
  if (images.length === 0) {
    throw new NativeMlpError('DATA_NOT_FOUND', `${folder}: no PNG or JPEG images in its sub-folders`)
  }
  return images
}

interface ImageShape {
  readonly height: number
  readonly width: number
  /** 1 or 3 */
  readonly channels: 1 | 3
}

async function shapeOf(sharp: MakeSharp, path: string, { size, channels }: ImagesSpec): Promise<ImageShape> {
  try {
    const found = await sharp(path).metadata()
    const isColor = channels === undefined ? (found.channels ?? 3) > 2 : channels === 'color'
    const [height, width] = size ?? [found.height, found.width]
    return { height, width, channels: isColor ? 3 : 1 }
  } catch (error) {
    throw notReadable(path, error)
  }
}

interface Decoding {
  readonly shape: ImageShape
  readonly of: string
  readonly spec: ImagesSpec
  readonly load: LoadDataOptions
}

async function decodeAll(
  sharp: MakeSharp,
  images: readonly ImageFile[],
  { shape, of, spec, load }: Decoding,
): Promise<RawSet> {
  const { height, width, channels } = shape
  const cols = height * width * channels
  const need = `${images.length} images of ${byteWords(cols)}`
  const values = orOutOfMemory('images', need, () => newBytes(images.length * cols, load.shared ?? false))
  for (let start = 0; start < images.length; start += AT_ONCE) {
    if (load.signal?.aborted) {
      throw new NativeMlpError('ABORTED', `reading ${of}: aborted`, { cause: load.signal.reason })
    }
    const some = images.slice(start, start + AT_ONCE)
    const decoded = await Promise.all(some.map(({ path }) => decodeOne(sharp, path, shape, spec.size !== undefined)))
    decoded.forEach((pixels, i) => {
      values.set(pixels, (start + i) * cols)
    })
  }
  return {
    names: { values: of, labels: of },
    values,
    cols,
    imageShape: channels === 1 ? [height, width] : null,
    labels: Int32Array.from(images, ({ label }) => label),
    targets: null,
  }
}

async function decodeOne(sharp: MakeSharp, path: string, shape: ImageShape, isResized: boolean): Promise<Uint8Array> {
  const { height, width, channels } = shape
  try {
    const upright = sharp(path).rotate().flatten({ background: '#ffffff' })
    const sized = isResized ? upright.resize(width, height, { fit: 'fill' }) : upright
    const { data, info } = await sized
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    if (info.height !== height || info.width !== width) {
      const sizes = `${info.height} x ${info.width} pixels, the first image has ${height} x ${width}`
      throw invalidFile(path, `${sizes}; set size: [height, width] to resize all`)
    }
    if (info.channels !== channels) throw invalidFile(path, `${info.channels} channels, expected ${channels}`)
    return data
  } catch (error) {
    throw error instanceof NativeMlpError ? error : notReadable(path, error)
  }
}

function notReadable(path: string, error: unknown): NativeMlpError {
  return invalidFile(path, `cannot be read as an image: ${shortened((error as Error).message, 120)}`)
}

async function foldersIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).flatMap((entry) =>
    entry.isDirectory() && !entry.name.startsWith('.') ? entry.name : [],
  )
}

async function imagesIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).flatMap((entry) => (entry.isFile() && IMAGE.test(entry.name) ? entry.name : []))
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    throw fileSystemError('read', folder, error)
  }
}
