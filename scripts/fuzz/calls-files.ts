import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeModel, exportJson, exportOnnx, loadData, RunFolder, StudyFolder, sgd } from 'native-mlp'
import type { Calls } from './calls.js'
import { smallModel, smallSet } from './small-data.js'

const entry = () => ({ step: 1, epoch: 0, train: { loss: 1, accuracy: 0.5 }, valid: { loss: 1, accuracy: 0.5 } })
const whole = () => ({ ...entry(), test: { loss: 1, accuracy: 0.5 } })

/** Calls that read and write files and folders. */
export function fileCalls(seeds: string, work: string): Calls {
  return { ...readingCalls(seeds), ...writingCalls(seeds, work), ...folderCalls(seeds, work) }
}

function readingCalls(seeds: string): Calls {
  const data = join(seeds, 'data')
  const set = () => ({ images: join(data, 'train-images-idx3-ubyte'), labels: join(data, 'train-labels-idx1-ubyte') })
  const options = () => ({ shared: true, download: false, mirrors: ['http://127.0.0.1:1/'], cacheDir: 'cache' })
  return {
    loadData: { args: () => [{ idx: { train: set(), test: set(), classes: 3 }, scale: 'raw' }, options()] },
    'loadData of a folder': { args: () => [{ idx: { folder: data } }, { signal: new AbortController().signal }] },
    'loadData of a recipe': { args: async () => [(await loadData({ idx: { folder: data } })).recipe] },
    mnist: { args: () => [{ dir: data, classes: 3, scale: 'raw', ...options(), onProgress: () => {} }] },
    readIdx: { args: () => [set().images, { maxBytes: 100_000, shared: true }] },
    readNpy: { args: () => [join(seeds, 'float64.npy'), { maxBytes: 100_000 }] },
    readHistory: { args: () => [join(seeds, 'run', 'history.jsonl')] },
    readTrainingCurve: { args: () => [join(seeds, 'curve.txt')] },
    loadModel: { args: () => [join(seeds, 'classes.safetensors'), {}] },
    loadHomeworkWeights: { args: () => [join(seeds, 'homework'), {}] },
    importTorch: {
      args: () => [
        new Uint8Array(readFileSync(join(seeds, 'torch.safetensors'))),
        { activation: 'tanh', loss: 'softmaxCrossEntropy', layers: ['0'], classNames: ['a', 'b'] },
        'name',
      ],
    },
    importOnnx: { args: async () => [await exportOnnx(smallModel()), { classNames: ['a', 'b', 'c'] }, 'name'] },
    importJson: { args: () => [exportJson(smallModel()), {}, 'name'] },
    importSklearn: { args: () => [join(seeds, 'sklearn.npz'), { activation: 'relu' }] },
    decodeModel: { args: () => [new Uint8Array(readFileSync(join(seeds, 'classes.safetensors'))), 'name', {}] },
  }
}

function writingCalls(seeds: string, work: string): Calls {
  const path = (name: string) => join(work, name)
  return {
    encodeNpy: { args: () => [{ shape: [2, 3], data: new Float64Array(6) }] },
    encodeModel: { args: () => [smallModel()] },
    exportJson: { args: () => [smallModel()] },
    exportOnnx: { args: () => [smallModel(), { numbers: 'float' }] },
    saveOnnx: { args: () => [path('model.onnx'), smallModel(), {}] },
    saveModel: { args: () => [path('model.safetensors'), smallModel()] },
    saveHomeworkWeights: { args: () => [path('homework'), smallModel({ inputScale: 'raw', inputKind: 'bytes' })] },
    writeFileAtomic: { args: () => [path('text'), 'text'] },
    'writeFileAtomic of bytes': { args: () => [path('bytes'), encodeModel(smallModel())] },
    appendHistory: { args: () => [path('history.jsonl'), [entry(), whole()]] },
    writeTrainingCurve: { args: () => [path('curve.txt'), [whole(), whole()]] },
    'fit in a folder': {
      args: () => [
        smallModel(),
        smallSet(),
        {
          optimizer: sgd({ learningRate: 0.1 }),
          epochs: 1,
          folder: path('run'),
          overwrite: true,
          signal: AbortSignal.timeout(300),
        },
      ],
      fixed: ['2.signal', '2.epochs'],
      anything: false,
      share: 5,
    },
    'fit with a folder to resume': {
      args: () => [
        smallModel(),
        smallSet(),
        { optimizer: sgd({ learningRate: 0.1 }), epochs: 1, folder: join(seeds, 'run'), resume: true },
      ],
      fixed: ['2.signal', '2.epochs', '2.folder', '2.overwrite'],
      anything: false,
      share: 5,
    },
  }
}

function folderCalls(seeds: string, work: string): Calls {
  const method = <T extends object>(make: () => T, name: keyof T & string) => ({
    of: () => {
      const object = make()
      return (object[name] as () => unknown).bind(object)
    },
  })
  const run = () => new RunFolder(join(work, 'run'), { overwrite: true })
  const study = () => new StudyFolder(join(work, 'study'), { overwrite: true })
  const options = () => ({ overwrite: false, resume: true, about: { source: 'here' } })
  return {
    RunFolder: { args: () => [join(work, 'run'), options()] },
    'RunFolder.file': { ...method(run, 'file'), args: () => ['record'] },
    'RunFolder.end': {
      ...method(run, 'end'),
      args: () => [{ error: new Error('x'), results: {}, keepCheckpoint: true }],
    },
    'RunFolder.callbacks': { ...method(run, 'callbacks'), args: () => [smallModel()] },
    StudyFolder: { args: () => [join(seeds, 'study'), options()] },
    'StudyFolder.file': { ...method(study, 'file'), args: () => ['journal'] },
    'StudyFolder.end': { ...method(study, 'end'), args: () => [new Error('x')] },
  }
}
