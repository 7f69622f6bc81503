import { functionOrNone, knownOptions, signalOrNone, trueOrFalse } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import { idxLabels, idxRows, pathOrNone, rowShape } from '../idx-rows.js'
import { MNIST_FILES } from '../mnist-files.js'
import { cacheSource, defaultCacheFolder, type MnistSource, packageSource } from '../mnist-sources.js'
import type { DataSource, LoadDataOptions, RawData, RawSet, Surroundings } from './source.js'

/** MNIST, from the first available place; no options. */
export type MnistSpec = Readonly<Record<string, never>>

const CLASSES = 10

const MIRRORS = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
]

export const mnistSource: DataSource<MnistSpec> = {
  check(options, name) {
    knownOptions(name, options, [])
    return {}
  },
  recognize: async () => null,
  path: () => null,
  shape: { name: 'MNIST', inputs: 784, classes: CLASSES },
  read: (_, load, surroundings) => readMnist(load, surroundings),
}

/** From the npm package, else the user's cache, else the network; always verified. */
async function readMnist(load: LoadDataOptions, surroundings: Surroundings): Promise<RawData> {
  const shared = trueOrFalse('shared', load.shared ?? false)
  const source = await findSource(load, surroundings)
  const [train, test] = [await readSet(source, 'train', shared), await readSet(source, 'test', shared)]
  return { train, test, source: source.name, classes: CLASSES }
}

/** Validates all options, used or not. */
async function findSource(load: LoadDataOptions, { env, findPackage }: Surroundings): Promise<MnistSource> {
  const cacheDir = pathOrNone('cacheDir', load.cacheDir)
  const download = trueOrFalse('download', load.download ?? true)
  const signal = signalOrNone('signal', load.signal)
  functionOrNone('onProgress', load.onProgress)
  const mirrors = checkMirrors(load.mirrors, env.NATIVE_MLP_MNIST_MIRRORS)
  const installed = findPackage()
  if (installed !== undefined) return packageSource(installed)
  return cacheSource(cacheDir ?? (await defaultCacheFolder()), {
    download,
    mirrors,
    signal,
    onProgress: load.onProgress,
  })
}

function checkMirrors(option: readonly string[] | undefined, variable: string | undefined): string[] {
  const name = option === undefined ? 'NATIVE_MLP_MNIST_MIRRORS' : 'mirrors'
  if (option !== undefined && (!Array.isArray(option) || option.length === 0)) {
    throw invalidArgument(name, 'an array with at least one address', option)
  }
  const listed = (variable ?? '').split(',').flatMap((address) => address.trim() || [])
  const mirrors = option ?? (listed.length > 0 ? listed : MIRRORS)
  return mirrors.map((address) => {
    if (typeof address !== 'string' || !/^https?:\/\//.test(address) || !URL.canParse(address)) {
      throw invalidArgument(name, 'http:// or https:// addresses', address)
    }
    return address.endsWith('/') ? address : `${address}/`
  })
}

async function readSet(source: MnistSource, part: 'train' | 'test', shared: boolean): Promise<RawSet> {
  const [images, labels] = MNIST_FILES.filter((file) => file.part === part)
  const { shape, values } = idxRows(await source.read(images, shared), images.name)
  const classOf = idxLabels(await source.read(labels, false), labels.name)
  const names = { values: `${source.name}: ${images.name}`, labels: `${source.name}: ${labels.name}` }
  return { names, values, ...rowShape(shape), labels: classOf, targets: null }
}
