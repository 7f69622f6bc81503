import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { integerInRange, knownOptions, trueOrFalse } from '../../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../../core/errors.js'
import { findIdxFiles, type IdxPaths, requireFiles } from '../idx-folder.js'
import { pathOrNone, readIdxLabels, readIdxRows, rowShape } from '../idx-rows.js'
import { MAX_CLASSES } from '../samples-options.js'
import { isImageFolder } from './images.js'
import type { DataSource, LoadDataOptions, RawData, RawSet } from './source.js'

/** The two files of a set, plain or .gz: values [n][...] of any type, labels [n]. */
export interface IdxSet {
  readonly images: string
  readonly labels: string
}

/** IDX files: a folder in MNIST's layout, or the path of each file. */
export interface IdxSpec {
  /** with train-images-idx3-ubyte and so on; t10k-... or test-... are optional */
  readonly folder?: string
  /** prefix of the file names in the folder, e.g. 'emnist-letters' */
  readonly prefix?: string
  readonly train?: IdxSet
  readonly test?: IdxSet
  /** labels are 0..classes-1; default: the largest training label + 1, and every test label must occur in training */
  readonly classes?: number
  /** swap rows and columns of each image, as EMNIST's need it to be upright; default false */
  readonly transpose?: boolean
}

export const idxSource: DataSource<IdxSpec> = {
  check(options, name, base) {
    knownOptions(name, options ?? null, ['folder', 'prefix', 'train', 'test', 'classes', 'transpose'])
    const { folder, prefix, train, test, classes, transpose } = options as IdxSpec
    if ((folder === undefined) === (train === undefined)) {
      const got = folder === undefined ? 'neither' : 'both'
      throw new NativeMlpError('INVALID_ARGUMENT', `${name}: expected either folder or train, got ${got}`)
    }
    if (folder !== undefined && test !== undefined) {
      throw new NativeMlpError('INVALID_ARGUMENT', `${name}.test: not allowed together with folder`)
    }
    if (prefix !== undefined && (folder === undefined || typeof prefix !== 'string' || prefix === '')) {
      throw invalidArgument(`${name}.prefix`, 'a prefix of file names in folder', prefix)
    }
    return {
      ...(folder !== undefined && { folder: resolve(base, pathOrNone(`${name}.folder`, folder)!) }),
      ...(prefix !== undefined && { prefix }),
      ...(train !== undefined && { train: checkSet(train, `${name}.train`, base) }),
      ...(test !== undefined && { test: checkSet(test, `${name}.test`, base) }),
      ...(classes !== undefined && { classes: integerInRange(`${name}.classes`, classes, 1, MAX_CLASSES) }),
      ...(transpose !== undefined && { transpose: trueOrFalse(`${name}.transpose`, transpose) }),
    }
  },

  async recognize(path) {
    const folder = resolve(path)
    const isFolder = await stat(folder).then(
      (stats) => stats.isDirectory(),
      () => false,
    )
    return isFolder && !(await isImageFolder(folder)) ? { folder } : null
  },

  path({ folder, ...rest }) {
    return folder !== undefined && Object.keys(rest).length === 0 ? folder : null
  },

  read: readIdxData,
}

function checkSet(set: unknown, name: string, base: string): IdxSet {
  knownOptions(name, set ?? null, ['images', 'labels'])
  const paths = (['images', 'labels'] as const).map((kind) => {
    const path = pathOrNone(`${name}.${kind}`, (set as IdxSet)[kind])
    if (path === undefined) throw invalidArgument(`${name}.${kind}`, 'a path', path)
    return [kind, resolve(base, path)]
  })
  return Object.fromEntries(paths)
}

async function readIdxData(spec: IdxSpec, { shared }: LoadDataOptions): Promise<RawData> {
  const { classes = null, transpose = false } = spec
  const read = async (set: IdxSet) => {
    const raw = await readSet(set, shared)
    return transpose ? transposed(raw) : raw
  }
  if (spec.folder === undefined) {
    const [train, test] = [spec.train!, spec.test]
    return {
      train: await read(train),
      test: test ? await read(test) : null,
      source: [train.images, ...(test ? [test.images] : [])].join(', '),
      classes,
    }
  }
  const source = `folder ${spec.folder}`
  const paths = await findIdxFiles(spec.folder, spec.prefix)
  const hasTest = paths.test.images !== undefined || paths.test.labels !== undefined
  requireFiles(paths, hasTest ? ['train', 'test'] : ['train'], source, spec.prefix)
  const { train, test } = paths as IdxPaths & { train: IdxSet; test: IdxSet }
  return { train: await read(train), test: hasTest ? await read(test) : null, source, classes }
}

async function readSet({ images, labels }: IdxSet, shared = false): Promise<RawSet> {
  const { shape, values } = await readIdxRows(images, shared)
  const classOf = await readIdxLabels(labels)
  if (classOf.length !== shape[0]) {
    throw invalidFile(labels, `has ${classOf.length} labels, ${images} has ${shape[0]} rows`)
  }
  return { names: { values: images, labels }, values, ...rowShape(shape), labels: classOf, targets: null }
}

/** Images with rows and columns swapped. @throws NativeMlpError INVALID_FILE for rows that are no images */
function transposed(set: RawSet): RawSet {
  const { values, imageShape, names } = set
  if (imageShape === null) throw invalidFile(names.values, 'transpose: expected images, rows of two dimensions')
  const [height, width] = imageShape
  const size = height * width
  const image = values.slice(0, size)
  for (let start = 0; start < values.length; start += size) {
    image.set(values.subarray(start, start + size) as Uint8Array)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) values[start + x * height + y] = image[y * width + x]
    }
  }
  return { ...set, imageShape: [width, height] }
}
