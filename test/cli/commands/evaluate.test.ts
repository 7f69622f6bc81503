import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nativeStatus } from '../../../src/backend/native.js'
import { encodeNpy } from '../../../src/formats/npy.js'
import { saveModel } from '../../../src/io/model-file.js'
import { MLP } from '../../../src/model/mlp.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { ROOT } from '../../repo/source-graph.js'
import { command, writeStripes } from '../command.js'

const folder = temporaryFolder()
const stripes = writeStripes(join(folder, 'stripes'), 30, 20)
/** The weights the homework's author published; they stand beside a checkout, not in it. */
const published = join(ROOT, '../shared/homework/best_model_save')

/** A network that sees which row is bright, up to one mistake: it takes 9 for 8. */
async function stripeModel(name: string): Promise<string> {
  const model = new MLP({ layers: [100, 10], init: { weights: 0, biases: 0 } })
  const weights = new Float32Array(1000)
  for (let pixel = 0; pixel < 100; pixel++) weights[pixel * 10 + Math.min(8, Math.floor(pixel / 10))] = 1
  model.setParameters([{ weights, biases: new Float32Array(10) }])
  await saveModel(join(folder, name), model)
  return join(folder, name)
}
const weights = await stripeModel('stripes.safetensors')

describe('native-mlp evaluate', () => {
  it.skipIf(!existsSync(published)).each(nativeStatus().available ? ['native', 'js'] : ['js'])(
    `finds 9721 of 10000 right with the published weights${existsSync(published) ? '' : ' (skipped: ../shared/homework is not there)'}, on backend %s`,
    async (backend) => {
      const env = { NATIVE_MLP_BACKEND: backend }
      const { code, stdout, stderr } = await command(['evaluate', '--weights', published], { env })
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^backend: (native|pure TypeScript)/) })
      expect(stdout).toMatch(/^9721 of 10000 correct \(97\.21 %\)\nloss 0\.0911\n/)
    },
  )

  it('prints a table of the classes, and the confusion matrix on request', async () => {
    const { stdout } = await command(['evaluate', '--weights', weights, '--data', stripes, '--confusion'])
    const [head, metrics, classes, confusion] = stdout.split('\n\n')
    expect(head).toMatch(/^18 of 20 correct \(90\.00 %\)\nloss \d+\.\d{4}$/)
    expect(metrics.split('\n').map((line) => line.split(/ {2,}/)[0])).toEqual([
      ...['metric', 'balanced accuracy', 'macro F1', 'micro F1', 'ROC AUC', 'top-5 accuracy', 'log loss'],
      ...['Brier score', 'calibration error'],
    ])
    expect(metrics).toMatch(/^balanced accuracy +0\.9000$/m)
    // 9 is never predicted; half of the rows predicted as 8 are 9
    expect(metrics).toMatch(/^macro F1 +0\.8667$/m)
    expect(classes.split('\n').slice(-2)).toEqual([
      '8        50.00 %  100.00 %     2',
      '9         0.00 %    0.00 %     2',
    ])
    expect(confusion.trimEnd().split('\n').at(-1)).toMatch(/^9( +0){8} +2 +0$/)
  })

  it('takes the training rows on request, and prints one JSON document', async () => {
    const args = ['evaluate', '--weights', weights, '--data', stripes, '--on', 'train', '--json']
    const { stdout } = await command(args)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ correct: 27, count: 30, accuracy: 0.9, on: 'train', layers: [100, 10], figures: [] })
    expect(result).toMatchObject({ balancedAccuracy: 0.9, top5Accuracy: 0.9, notDefined: {} })
    expect(result.confusion[9]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 3, 0])
    expect(result.perClass[8]).toEqual({ precision: 0.5, recall: 1, support: 3 })
  })

  it('says which metrics the rows do not define', async () => {
    const few = writeStripes(join(folder, 'few'), 30, 4)
    const args = ['evaluate', '--weights', weights, '--data', few]
    expect((await command(args)).stdout).toMatch(/^ROC AUC +no row has class 4$/m)
    const result = JSON.parse((await command([...args, '--json'])).stdout)
    expect(result).toMatchObject({ balancedAccuracy: 1, notDefined: { rocAuc: 'no row has class 4' } })
    expect(result).not.toHaveProperty('rocAuc')
  })

  it.each<[string, readonly number[], object, RegExp]>([
    ['other inputs', [30, 8, 10], {}, /has 30 inputs and 10 classes; MNIST, the default, has 784 and 10$/m],
    ['fewer classes', [784, 3], {}, /has 784 inputs and 3 classes; MNIST, the default, has 784 and 10$/m],
    ['no classes', [784, 10], { loss: 'meanSquaredError' }, /has 784 inputs and no classes; MNIST, the default, /],
  ])('loads and downloads nothing for a model of %s', async (name, layers, options, message) => {
    const path = join(folder, `${name}.safetensors`)
    await saveModel(path, new MLP({ layers, ...options }))
    for (const args of [['evaluate'], ['predict', '--rows', '0']]) {
      const { code, stderr } = await command([...args, '--weights', path])
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) })
      expect(stderr).toContain('--data: expected rows for the model, which has')
    }
  })

  it('draws what went wrong', async () => {
    const out = join(folder, 'drawn')
    const args = ['evaluate', '--weights', weights, '--data', stripes, '--out', out]
    expect(await command(args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(join(out, 'misclassified.{svg,png}')),
    })
    const names = ['calibration', 'confusion-matrix', 'misclassified', 'precision-recall-curves', 'roc-curves']
    expect(readdirSync(out).sort()).toEqual(names.flatMap((name) => [`${name}.png`, `${name}.svg`]))
  })

  it.each<[string, () => string[], number, string]>([
    ['no weights named', () => [], 2, '--weights: expected a model, a .safetensors file or a run folder'],
    ['weights that are not there', () => ['--weights', join(folder, 'none')], 1, 'error [FILE_SYSTEM]: '],
    ['a folder without a model', () => ['--weights', stripes], 1, 'no model in this folder'],
    ['a file that is none', () => ['--weights', join(stripes, 't10k-labels-idx1-ubyte')], 1, 'error [INVALID_FILE]: '],
    [
      'images of another size',
      () => ['--weights', weights],
      2,
      '--data: expected rows for the model, which has 100 inputs and 10 classes; MNIST, the default, has 784 and 10',
    ],
    ['rows there are none of', () => ['--weights', weights, '--on', 'valid'], 2, 'Allowed choices are test, train.'],
  ])('refuses %s in one line', async (_, args, code, message) => {
    const outcome = await command(['evaluate', ...args()])
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) })
    expect(
      outcome.stderr
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('backend: ')),
    ).toHaveLength(1)
  })

  it('refuses the homework’s folder with one file of another shape', async () => {
    const broken = join(folder, 'broken')
    mkdirSync(broken)
    const write = (name: string, shape: number[]) =>
      writeFileSync(join(broken, name), encodeNpy({ shape, data: new Float64Array(shape.reduce((a, b) => a * b)) }))
    write('fc1_Weight.npy', [100, 8])
    write('fc1_Bias.npy', [8])
    write('fc2_Weight.npy', [7, 10])
    write('fc2_Bias.npy', [10])
    expect(await command(['evaluate', '--weights', broken, '--data', stripes])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('fc2_Weight.npy: expected shape (8, outputs), got (7, 10)'),
    })
  })
})

/** e^z / (e^z + 9), z the sum of the bright row of image i: what the model gives one class, with 0 for the nine others. */
function certainty(i: number): string {
  let z = 0
  for (let col = 0; col < 10; col++) z += (200 + ((i * 7 + col * 13) % 50)) / 255
  return `${((100 * Math.exp(z)) / (Math.exp(z) + 9)).toFixed(2)} %`
}

describe('native-mlp predict', () => {
  const predict = (...args: string[]) => command(['predict', '--weights', weights, ...args])

  it('says class and probability of rows of the test set, and what they are', async () => {
    const { code, stdout } = await predict('--rows', '3,8-9', '--data', stripes)
    expect(code).toBe(0)
    const lines = stdout.split('\n').map((line) => line.split(/\s+/).join(' '))
    expect(lines).toEqual([
      'row class probability label',
      `3 3 ${certainty(3)} 3`,
      `8 8 ${certainty(8)} 8`,
      `9 8 ${certainty(9)} 9 wrong`,
      '',
    ])
  })

  it('reads IDX and .npy alike, and prints CSV and JSON', async () => {
    const images = join(stripes, 't10k-images-idx3-ubyte')
    const asJson = JSON.parse((await predict('--images', images, '--json')).stdout)
    expect(asJson.rows.map((row: { class: number }) => row.class)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8,
    ])
    const row = Uint8Array.from({ length: 100 }, (_, i) => (i >= 40 && i < 50 ? 255 : 0))
    const npy = join(folder, 'row.npy')
    for (const [data, shape] of [
      [row, [100]],
      [row, [1, 10, 10]],
      [Float32Array.from(row, (byte) => byte / 255), [1, 100]],
      [Float64Array.from(row, (byte) => byte / 255), [10, 10]],
    ] as const) {
      writeFileSync(npy, encodeNpy({ shape, data }))
      const { stdout } = await predict('--npy', npy, '--csv')
      expect(stdout).toMatch(/^row,class,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9\n0,4,(0\.\d+,?|[\d.]+e-\d+,?){10}\n$/)
    }
  })

  it.each<[string, string[], number, string]>([
    ['no input', [], 2, 'expected a table of rows, or one of --images, --npy and --rows, got none of them'],
    ['two inputs', ['--rows', '1', '--npy', 'x'], 2, 'got several'],
    ['two outputs', ['--rows', '1', '--csv', '--json'], 2, 'expected one of --json and --csv, got both'],
    ['a row there is not', ['--data', stripes, '--rows', '20'], 2, '--rows: expected an integer from 0 to 19, got 20'],
    [
      'a row that is none',
      ['--data', stripes, '--rows', '1,x'],
      2,
      '--rows: expected row numbers such as 0,1,2 or 0-9, got "x"',
    ],
    [
      'labels as images',
      ['--images', join(stripes, 't10k-labels-idx1-ubyte')],
      1,
      'expected rows of 100 values, the inputs of the model, got 20',
    ],
    ['an IDX file as .npy', ['--npy', join(stripes, 't10k-images-idx3-ubyte')], 1, 'error [INVALID_FILE]: '],
  ])('refuses %s', async (_, args, code, message) => {
    expect(await predict(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) })
  })

  it('ends quietly when nobody reads on', async () => {
    const args = ['predict', '--weights', weights, '--data', stripes, '--rows', Array(500).fill('0-19').join(), '--csv']
    const { code, stderr } = await command(args, { onStderr: (_, child) => child.stdout?.destroy() })
    expect({ code, stderr }).toEqual({ code: 141, stderr: expect.stringMatching(/^backend: .+\n$/) })
  })

  it('refuses values that are not finite', async () => {
    writeFileSync(
      join(folder, 'nan.npy'),
      encodeNpy({ shape: [1, 100], data: new Float32Array(100).fill(Number.NaN, 7, 8) }),
    )
    const { code, stderr } = await predict('--npy', join(folder, 'nan.npy'))
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nan\.npy: value 7 is NaN, expected a finite number/),
    })
  })
})

it('a model in a run folder is found by the name of the folder', async () => {
  mkdirSync(join(folder, 'run'))
  cpSync(weights, join(folder, 'run', 'best.safetensors'))
  const args = ['evaluate', '--weights', join(folder, 'run'), '--data', stripes]
  expect(await command(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('18 of 20 correct') })
})
