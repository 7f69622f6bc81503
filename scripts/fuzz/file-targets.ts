import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  accuracyCurvesFigure,
  decodeCheckpoint,
  decodeModel,
  encodeModel,
  fit,
  gridSearch,
  importJson,
  importOnnx,
  importSklearn,
  importTorch,
  loadData,
  loadHomeworkWeights,
  loadModel,
  lossCurvesFigure,
  RunFolder,
  readHistory,
  readIdx,
  readNpy,
  readTrainingCurve,
  type Samples,
  searchFigures,
  sgd,
} from 'native-mlp'
import {
  type Mutator,
  mutateGzip,
  mutateJsonFile,
  mutateJsonLines,
  mutateLines,
  mutateNpy,
  mutateNpz,
  mutatePlain,
  mutateSafetensors,
  mutateTable,
} from './containers.js'
import { internal } from './internal.js'
import { studyOptions } from './seed-files.js'
import { smallModel, smallSet } from './small-data.js'
import type { Target } from './targets.js'

interface Reader {
  readonly share?: number
  /** names of the seed files that are changed */
  readonly files: readonly string[]
  readonly mutate: Mutator
  /** @param file a changed file; @param name of the file it comes from */
  readonly read: (file: string, name: string, bytes: Uint8Array) => unknown
}

/**
 * A target for each reader.
 *
 * @param seeds folder of `makeSeedFiles`
 * @param work folder for changed files, emptied by the caller
 */
export async function fileTargets(seeds: string, work: string): Promise<Target[]> {
  const readers = await readersOf(seeds, work)
  return Object.entries(readers).flatMap(([name, { share = 100, files, mutate, read }]) =>
    files.map((file): Target => {
      const original = new Uint8Array(readFileSync(join(seeds, file)))
      const changed = join(work, `input${/\.\w+$/.exec(file)?.[0] ?? ''}`)
      return {
        name: `file: ${name} (${file})`,
        share: Math.ceil(share / files.length),
        content: (random) => mutate(original, random),
        run: async (_, content) => {
          writeFileSync(changed, content!)
          await read(changed, file, content!)
        },
      }
    }),
  )
}

const IMAGES = 'data/train-images-idx3-ubyte'
const LABELS = 'data/train-labels-idx1-ubyte'
const MODELS = ['classes.safetensors', 'regression.safetensors', 'labels.safetensors']
const CHECKPOINTS = ['run/checkpoint', 'run-sgd/checkpoint', 'run-momentum/checkpoint']
const WEIGHTS = ['fc1_Weight.npy', 'fc1_Bias.npy', 'fc2_Weight.npy', 'fc2_Bias.npy']

async function readersOf(seeds: string, work: string): Promise<Record<string, Reader>> {
  return { ...dataReaders(seeds, work), ...runReaders(seeds, work), ...(await searchReaders(seeds, work)) }
}

function dataReaders(seeds: string, work: string): Record<string, Reader> {
  const [images, labels] = [join(seeds, IMAGES), join(seeds, LABELS)]
  return {
    'IDX, readIdx': { files: [IMAGES, LABELS], mutate: mutatePlain, read: (file) => readIdx(file) },
    'IDX gzipped, readIdx': { files: ['images.gz'], mutate: mutateGzip, read: (file) => readIdx(file) },
    'IDX images, loadData': {
      files: [IMAGES],
      mutate: mutatePlain,
      read: (file) => loadData({ idx: { train: { images: file, labels } } }),
    },
    'IDX labels, loadData': {
      files: [LABELS],
      mutate: mutatePlain,
      read: (file) => loadData({ idx: { train: { images, labels: file } } }),
    },
    'NPY, readNpy': { files: ['float64.npy', 'float32.npy'], mutate: mutateNpy, read: (file) => readNpy(file) },
    'NPZ, loadData': { files: ['arrays.npz'], mutate: mutateNpz, read: (file) => loadData({ npz: { path: file } }) },
    'CSV, loadData': {
      files: ['table.csv'],
      mutate: mutateTable,
      read: async (file) => useSet((await loadData({ csv: { path: file, target: 'kind' } })).train),
    },
    'CSV gzipped, loadData': {
      files: ['table.csv.gz'],
      mutate: mutateGzip,
      read: (file) => loadData({ csv: { path: file, target: 'kind', text: ['count'] } }),
    },
    'JSON lines, loadData': {
      files: ['rows.jsonl'],
      mutate: mutateJsonLines,
      read: async (file) => useSet((await loadData({ jsonl: { path: file, target: 'kind' } })).train),
    },
    'NPY, loadHomeworkWeights': {
      files: WEIGHTS.map((name) => `homework/${name}`),
      mutate: mutateNpy,
      read: (file, name) => {
        for (const other of WEIGHTS) copyFileSync(join(seeds, 'homework', other), join(work, other))
        copyFileSync(file, join(work, name.replace('homework/', '')))
        return loadHomeworkWeights(work)
      },
    },
    'model, decodeModel': {
      files: MODELS,
      mutate: mutateSafetensors,
      read: (_, __, bytes) => useModel(decodeModel(bytes)),
    },
    'model, loadModel': { files: MODELS, mutate: mutateSafetensors, read: (file) => loadModel(file) },
    'ONNX, importOnnx': {
      files: ['mlp.onnx'],
      mutate: mutatePlain,
      read: async (_, __, bytes) => useModel(await importOnnx(bytes)),
    },
    'safetensors, importTorch': {
      files: ['torch.safetensors'],
      mutate: mutateSafetensors,
      read: (_, __, bytes) => useModel(importTorch(bytes)),
    },
    'NPZ, importSklearn': { files: ['sklearn.npz'], mutate: mutateNpz, read: (file) => importSklearn(file) },
    'JSON, importJson': {
      files: ['model.json'],
      mutate: mutateJsonFile,
      read: (_, __, bytes) => useModel(importJson(new TextDecoder().decode(bytes))),
    },
    'data spec, parseSpec': {
      files: ['data.json'],
      mutate: mutateJsonFile,
      read: async (file) => (await internal('data/spec.js')).parseSpec(file),
    },
  }
}

/** Encodes the rows, and divides them as a search does. */
function useSet(train: Samples): void {
  if (train.values.length !== train.length * train.cols) throw new Error('values of another length')
  if (train.length > 5) train.split({ valid: 0.4 })
}

/** What a reader takes must be usable. */
async function useModel(model: ReturnType<typeof decodeModel>): Promise<void> {
  encodeModel(model)
  await model.predict(new Float32Array(model.inputs), { kind: model.inputKind ?? 'floats' })
}

function runReaders(seeds: string, work: string): Record<string, Reader> {
  const folder = join(work, 'run')
  const training = { epochs: 4, batchSize: 16, evaluateOn: ['train', 'valid', 'test'] as const }
  const valid = smallSet('bytes', 12)
  const sets = { valid, test: valid }
  const optimizer = sgd({ learningRate: 0.01 })
  const resumed =
    (name: string): Reader['read'] =>
    async (file) => {
      cpSync(join(seeds, 'run-sgd'), folder, { recursive: true })
      copyFileSync(file, join(folder, name))
      await fit(smallModel(), smallSet(), { ...training, ...sets, optimizer, folder, resume: true })
    }
  return {
    'checkpoint, decodeCheckpoint': {
      files: CHECKPOINTS,
      mutate: mutateSafetensors,
      read: async (_, __, bytes) => {
        const resume = decodeCheckpoint(bytes, 'checkpoint')
        await fit(smallModel(), smallSet(), { ...training, ...sets, optimizer, resume })
      },
    },
    'checkpoint, fit': {
      share: 5,
      files: ['run-sgd/checkpoint'],
      mutate: mutateSafetensors,
      read: resumed('checkpoint'),
    },
    'run.json, fit': { share: 5, files: ['run-sgd/run.json'], mutate: mutateJsonFile, read: resumed('run.json') },
    'history, fit': {
      share: 5,
      files: ['run-sgd/history.jsonl'],
      mutate: mutateJsonLines,
      read: resumed('history.jsonl'),
    },
    'run.json, RunFolder': {
      files: ['run/run.json'],
      mutate: mutateJsonFile,
      read: async (file) => {
        cpSync(file, join(folder, 'run.json'), { recursive: true })
        const run = new RunFolder(folder, { resume: true })
        await run.check()
        await run.read()
      },
    },
    '.lock, RunFolder': {
      share: 3,
      files: ['run/run.json'],
      // a lock as a killed process leaves it
      mutate: (_, random) => mutateLines(new TextEncoder().encode('1 another.host 12345 9f2b7a\n'), random),
      read: async (file) => {
        cpSync(file, join(folder, '.lock'), { recursive: true })
        const run = new RunFolder(folder)
        await run.open()
        await run.end()
      },
    },
    'history, readHistory': {
      files: ['run/history.jsonl'],
      mutate: mutateJsonLines,
      read: async (file) => drawHistory(await readHistory(file)),
    },
    'training curve, readTrainingCurve': {
      files: ['curve.txt'],
      mutate: mutateLines,
      read: (file) => readTrainingCurve(file),
    },
  }
}

async function drawHistory(history: Awaited<ReturnType<typeof readHistory>>): Promise<void> {
  await lossCurvesFigure(history)
  await accuracyCurvesFigure(history)
}

async function searchReaders(seeds: string, work: string): Promise<Record<string, Reader>> {
  const folder = join(work, 'study')
  const options = await studyOptions(seeds)
  const { readJournal } = await internal('search/store/journal.js')
  const { readTrials, readStudy } = await internal('cli/run/read-trials.js')
  const { readConfig } = await internal('cli/config/config.js')
  const { resolveSearch } = await internal('cli/config/search-config.js')
  const resumed =
    (name: string): Reader['read'] =>
    async (file) => {
      cpSync(join(seeds, 'killed'), folder, { recursive: true })
      copyFileSync(file, join(folder, name))
      await gridSearch({ ...options, folder, resume: true })
    }
  const journals = ['study/journal.jsonl', 'killed/journal.jsonl']
  return {
    'journal, readJournal': { files: journals, mutate: mutateJsonLines, read: (file) => readJournal(file) },
    'journal, figures': {
      share: 10,
      files: journals,
      mutate: mutateJsonLines,
      read: async (file) => {
        cpSync(file, join(folder, 'journal.jsonl'), { recursive: true })
        const { trials } = await readStudy(folder)
        for (const { draw } of searchFigures(trials)) await draw()
      },
    },
    'journal, gridSearch': {
      share: 2,
      files: ['killed/journal.jsonl'],
      mutate: mutateJsonLines,
      read: resumed('journal.jsonl'),
    },
    'study.json, gridSearch': {
      share: 1,
      files: ['study/study.json'],
      mutate: mutateJsonFile,
      read: resumed('study.json'),
    },
    'trials.jsonl, readTrials': {
      files: ['study/trials.jsonl'],
      mutate: mutateJsonLines,
      read: (file) => readTrials(file),
    },
    'config, readConfig': { files: ['train.json'], mutate: mutateJsonFile, read: (file) => readConfig(file) },
    'config, resolveSearch': {
      files: ['search.json', 'grid.json'],
      mutate: mutateJsonFile,
      read: (file) => resolveSearch(file, {}, {}),
    },
  }
}

/** Removes what an input has left. */
export function emptyFolder(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
}
