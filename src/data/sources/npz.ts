import { resolve } from 'node:path'
import { integerInRange, knownOptions } from '../../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../../core/errors.js'
import { type NpyArray, readNpy } from '../../formats/npy.js'
import { npzNames, readNpz } from '../../formats/npz.js'
import { pathOrNone, rowShape } from '../idx-rows.js'
import { areLabels, npyLabels, npyRows, npyTargets } from '../npy-rows.js'
import { MAX_CLASSES } from '../samples-options.js'
import type { DataSource, RawData, RawSet } from './source.js'

/** Names of the arrays of a set: values [n][...] and either labels [n] or targets [n] or [n][targets]. */
export interface ArraySet {
  readonly values: string
  /** classes */
  readonly labels?: string
  /** of a regression, or 0 and 1 for each of several labels */
  readonly targets?: string
}

/** An archive of NumPy arrays. */
export interface NpzSpec {
  readonly path: string
  /** names in the archive; default: guessed, e.g. x_train and y_train, X and y, train_images and train_labels */
  readonly train?: ArraySet
  readonly test?: ArraySet
  /** labels are 0..classes-1; default: the largest training label + 1 */
  readonly classes?: number
}

/** NumPy files: the paths of the arrays of each set. */
export interface NpySpec {
  readonly train: ArraySet
  readonly test?: ArraySet
  /** labels are 0..classes-1; default: the largest training label + 1 */
  readonly classes?: number
}

/** Usual names of training values and labels, and of those of the test set. */
const USUAL_NAMES: readonly (readonly [string, string, string, string])[] = [
  ['x_train', 'y_train', 'x_test', 'y_test'],
  ['X_train', 'y_train', 'X_test', 'y_test'],
  ['train_images', 'train_labels', 'test_images', 'test_labels'],
  ['train_x', 'train_y', 'test_x', 'test_y'],
  ['x', 'y', '', ''],
  ['X', 'y', '', ''],
  ['data', 'target', '', ''],
  ['data', 'labels', '', ''],
  ['features', 'labels', '', ''],
  ['images', 'labels', '', ''],
  ['embeddings', 'labels', '', ''],
  ['values', 'labels', '', ''],
  ['values', 'targets', '', ''],
  ['arr_0', 'arr_1', 'arr_2', 'arr_3'],
]

export const npzSource: DataSource<NpzSpec> = {
  check(options, name, base) {
    knownOptions(name, options ?? null, ['path', 'train', 'test', 'classes'])
    const { path, train, test, classes } = options as NpzSpec
    if (train === undefined && test !== undefined) throw invalidArgument(`${name}.train`, 'names as for test', train)
    return {
      path: resolve(base, requiredPath(`${name}.path`, path)),
      ...(train !== undefined && { train: checkSet(train, `${name}.train`) }),
      ...(test !== undefined && { test: checkSet(test, `${name}.test`) }),
      ...(classes !== undefined && { classes: integerInRange(`${name}.classes`, classes, 1, MAX_CLASSES) }),
    }
  },

  recognize: async (path) => (/\.npz$/i.test(path) ? { path: resolve(path) } : null),

  path: ({ path, ...rest }) => (Object.keys(rest).length === 0 ? path : null),

  async read({ path, train, test, classes = null }): Promise<RawData> {
    const sets = train === undefined ? guessSets(await npzNames(path), path) : { train, test }
    const names = [sets.train, sets.test].flatMap((set) => (set ? Object.values(set) : []))
    const arrays = await readNpz(path, names)
    const find = (name: string): NpyArray => {
      const array = arrays.get(name)
      if (array === undefined) throw invalidFile(path, `no array '${name}'`)
      return array
    }
    const read = (name: string) => Promise.resolve(find(name))
    const make = (set: ArraySet) => makeSet(set, read, (name) => `${path}: ${name}`, train === undefined)
    return {
      train: await make(sets.train),
      test: sets.test === undefined ? null : await make(sets.test),
      source: `${path} (${names.join(', ')})`,
      classes,
    }
  },
}

export const npySource: DataSource<NpySpec> = {
  check(options, name, base) {
    knownOptions(name, options ?? null, ['train', 'test', 'classes'])
    const { train, test, classes } = options as NpySpec
    return {
      train: checkSet(train, `${name}.train`, base),
      ...(test !== undefined && { test: checkSet(test, `${name}.test`, base) }),
      ...(classes !== undefined && { classes: integerInRange(`${name}.classes`, classes, 1, MAX_CLASSES) }),
    }
  },

  recognize: async () => null,

  path: () => null,

  async read({ train, test, classes = null }): Promise<RawData> {
    const make = (set: ArraySet) =>
      makeSet(
        set,
        (path) => readNpy(path),
        (path) => path,
      )
    return {
      train: await make(train),
      test: test === undefined ? null : await make(test),
      source: [train.values, ...(test ? [test.values] : [])].join(', '),
      classes,
    }
  },
}

function requiredPath(name: string, path: unknown): string {
  const given = pathOrNone(name, path as string | undefined)
  if (given === undefined) throw invalidArgument(name, 'a path', given)
  return given
}

/** @param base of paths; undefined: the set has names */
function checkSet(set: unknown, name: string, base?: string): ArraySet {
  knownOptions(name, set ?? null, ['values', 'labels', 'targets'])
  const { labels, targets } = set as ArraySet
  if ((labels === undefined) === (targets === undefined)) {
    const got = labels === undefined ? 'neither' : 'both'
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: expected either labels (classes) or targets, got ${got}`)
  }
  const kinds = ['values', labels === undefined ? 'targets' : 'labels'] as const
  const entries = kinds.map((kind) => {
    const text = requiredPath(`${name}.${kind}`, (set as ArraySet)[kind])
    return [kind, base === undefined ? text : resolve(base, text)]
  })
  return Object.fromEntries(entries)
}

/** The `labels` may turn out to be targets. */
function guessSets(names: readonly string[], path: string): { train: ArraySet; test: ArraySet | undefined } {
  const usual = USUAL_NAMES.find(([values, labels]) => names.includes(values) && names.includes(labels))
  if (usual === undefined) {
    const example = '{"npz":{"path":"...","train":{"values":"...","labels":"..."}}}'
    throw invalidFile(path, `which arrays are values and labels? It has ${names.join(', ')}; name them: ${example}`)
  }
  const [values, labels, testValues, testLabels] = usual
  const hasTest = names.includes(testValues) && names.includes(testLabels)
  return {
    train: { values, labels },
    test: hasTest ? { values: testValues, labels: testLabels } : undefined,
  }
}

async function makeSet(
  set: ArraySet,
  read: (name: string) => Promise<NpyArray>,
  fileOf: (name: string) => string,
  isGuess = false,
): Promise<RawSet> {
  const { shape, values } = npyRows(await read(set.values), fileOf(set.values))
  const name = (set.labels ?? set.targets)!
  const file = fileOf(name)
  const answers = await read(name)
  const names = { values: fileOf(set.values), labels: file }
  const areTargets = set.labels === undefined || (isGuess && !areLabels(answers))
  const found = areTargets ? npyTargets(answers, file) : { labels: npyLabels(answers, file) }
  const rows = 'labels' in found ? found.labels.length : found.rows
  if (rows !== shape[0]) throw invalidFile(file, `${rows} rows, ${names.values} has ${shape[0]}`)
  return {
    ...{ names, values, ...rowShape(shape) },
    labels: 'labels' in found ? found.labels : null,
    targets: 'labels' in found ? null : found.targets,
  }
}
