/**
 * Draws the pictures of docs/schedules.md: the factor of each schedule over the epochs of a run, and a learning-rate range test.
 *
 *     npm run schedules
 *     npm run schedules -- --out folder --no-range-test
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Figure,
  findLearningRate,
  fitOptionsOf,
  learningRateFigure,
  loadData,
  MLP,
  modelOptionsOf,
  PRESETS,
  writeFileAtomic,
} from 'native-mlp'
import { parseFlags } from './flags.js'
import { internal } from './fuzz/internal.js'

const { values: flags } = parseFlags({
  options: { out: { type: 'string', default: 'docs/images' }, 'no-range-test': { type: 'boolean', default: false } },
})
const { scheduleFactor, plateauDecays } = await internal('train/schedules.js')
const { composePage, placePlot } = await internal('plot/page/page.js')
const { loadDrawing } = await internal('plot/page/libraries.js')
const { FONT_SIZE, FRAME, GRID, OKABE_ITO } = await internal('plot/page/theme.js')

const EPOCHS = 10
const STEPS_PER_EPOCH = 50
const USUAL = { warmup: null, decayFactor: 0.5, decayEvery: 2, cycles: null }

/** Validation accuracies after each epoch: the third and fourth are not better, nor are the seventh to ninth. */
const STALLING = [0.8, 0.9, 0.9, 0.9, 0.93, 0.94, 0.94, 0.93, 0.94, 0.95]

/** By the name of the picture: what differs from `USUAL`, and its title. */
const PICTURES: Readonly<Record<string, { readonly title: string; readonly options: object }>> = {
  constant: { title: 'constant', options: { schedule: 'constant' } },
  step: { title: 'step, decayFactor 0.5, decayEvery 2', options: { schedule: 'step' } },
  exponential: { title: 'exponential, decayFactor 0.5, decayEvery 2', options: { schedule: 'exponential' } },
  cosine: { title: 'cosine', options: { schedule: 'cosine' } },
  'cosine-cycles': { title: 'cosine, cycles 4', options: { schedule: 'cosine', cycles: 4 } },
  oneCycle: { title: 'oneCycle', options: { schedule: 'oneCycle' } },
  flatCosine: { title: 'flatCosine', options: { schedule: 'flatCosine' } },
  logCosine: { title: 'logCosine', options: { schedule: 'logCosine' } },
  plateau: { title: 'plateau, decayFactor 0.5, decayEvery 2', options: { schedule: 'plateau' } },
  warmup: { title: 'cosine, warmup 0.3', options: { schedule: 'cosine', warmup: 0.3 } },
}

const folder = join(flags.out, 'schedules')
await mkdir(folder, { recursive: true })
for (const [name, { title, options }] of Object.entries(PICTURES)) {
  await save(join(folder, `${name}.svg`), await draw(title, factors({ ...USUAL, ...options })))
}
if (!flags['no-range-test']) await save(join(flags.out, 'learning-rate.svg'), await rangeTest())

function factors(options: object): { epoch: number; factor: number }[] {
  const totalSteps = EPOCHS * STEPS_PER_EPOCH
  return Array.from({ length: totalSteps }, (_, step) => {
    const epoch = step / STEPS_PER_EPOCH
    const decays = plateauDecays(STALLING.slice(0, Math.floor(epoch)), USUAL.decayEvery)
    const factor = scheduleFactor(options, { step, totalSteps, stepsPerEpoch: STEPS_PER_EPOCH, decays })
    return { epoch, factor }
  })
}

async function draw(title: string, points: readonly { epoch: number; factor: number }[]): Promise<Figure> {
  const { Plot, document } = await loadDrawing()
  const [width, height] = [420, 170]
  const text = { fontSize: FONT_SIZE.tick, labelArrow: 'none', labelAnchor: 'center', tickSize: 4 }
  const plot = Plot.plot({
    document,
    ...{ width, height, marginLeft: 58, marginRight: 14, marginTop: 8, marginBottom: 42 },
    x: { domain: [0, EPOCHS], label: null },
    y: { domain: [0, 1.05], label: null },
    marks: [
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: [0, 0.5, 1] }),
      Plot.frame({ stroke: FRAME }),
      Plot.axisX({ ...text, label: 'epoch', labelOffset: 36, ticks: EPOCHS }),
      Plot.axisY({ ...text, label: 'factor', labelOffset: 50, ticks: [0, 0.5, 1] }),
      Plot.line(points, { x: 'epoch', y: 'factor', stroke: OKABE_ITO.blue, strokeWidth: 2, strokeLinejoin: 'round' }),
    ],
  })
  return composePage({ title, body: placePlot(plot, 0, 0), bodyWidth: width, bodyHeight: height })
}

/** Of the preset fast on MNIST. */
async function rangeTest(): Promise<Figure> {
  const { train } = await loadData({ mnist: {} })
  const model = new MLP(modelOptionsOf(PRESETS.fast, train))
  const { optimizer, batchSize, labelSmoothing } = fitOptionsOf(PRESETS.fast)
  const found = await findLearningRate(model, train, { optimizer, batchSize: batchSize!, labelSmoothing })
  return await learningRateFigure(found, { subtitle: 'preset fast: 784-512-10, adam, MNIST' })
}

async function save(path: string, { svg }: Figure): Promise<void> {
  await writeFileAtomic(path, svg)
  console.log(path)
}
