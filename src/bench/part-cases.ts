import type { Backend } from '../backend/backend.js'
import type { Batch, Dataset, Layer, LayerOutput, Matrix } from '../backend/operands.js'
import { datasetOf } from '../model/datasets.js'
import { slotNames, slotsFor } from '../train/optimizers.js'
import type { BenchCase } from './case.js'
import { type BenchData, CLASSES, type Contents, fillRandom, PIXELS } from './data.js'
import { ADAM_W, around, epochOfBatches, type NetworkSize, network, OPTIMIZER } from './network.js'

/** The operands of a step of 784-H-10, as in TrainingStep. */
interface Operands {
  readonly backend: Backend
  readonly dataset: Dataset
  readonly batch: Batch
  readonly nextRows: () => Int32Array
  readonly layers: readonly Layer[]
  readonly hidden: LayerOutput
  readonly logits: LayerOutput
  readonly hiddenGradient: Matrix
  readonly logitsGradient: Matrix
  readonly labels: Int32Array
  readonly losses: Float64Array
  /** of ADAM_W, those of the first layer first */
  readonly slots: Float32Array
}

interface Part {
  readonly flops: (size: NetworkSize) => number
  readonly run: (operands: Operands) => void
}

const rule = OPTIMIZER.rule(0)
const firstProduct = ({ B, H }: NetworkSize) => 2 * B * PIXELS * H
const secondProduct = ({ B, H }: NetworkSize) => 2 * B * H * CLASSES

/** The operations of a step, in order. */
const PARTS: Readonly<Record<string, Part>> = {
  gather: { flops: () => 0, run: (o) => o.backend.gather(o.dataset, o.nextRows(), o.batch) },
  'forward 1': { flops: firstProduct, run: (o) => o.backend.forward(o.batch, o.layers[0], o.hidden) },
  'forward 2': { flops: secondProduct, run: (o) => o.backend.forward(o.hidden, o.layers[1], o.logits) },
  loss: {
    flops: () => 0,
    run: (o) => o.backend.loss('softmaxCrossEntropy', o.logits, o.labels, o.logitsGradient, o.losses),
  },
  backward: {
    flops: secondProduct,
    run: (o) => o.backend.backward(o.logitsGradient, o.layers[1], o.hidden, o.hiddenGradient),
  },
  'update 2': { flops: secondProduct, run: (o) => o.backend.update(o.hidden, o.logitsGradient, o.layers[1], rule) },
  'update 1': { flops: firstProduct, run: (o) => o.backend.update(o.batch, o.hiddenGradient, o.layers[0], rule) },
}

const adamRule = ADAM_W.rule(999)
/** To compare with 'update 1'. */
const ADAM_UPDATE: Part = {
  flops: firstProduct,
  run: (o) => o.backend.update(o.batch, o.hiddenGradient, o.layers[0], adamRule, o.slots),
}

const SIZES: readonly NetworkSize[] = [
  { B: 256, H: 128 },
  { B: 256, H: 512 },
]

/** The operations of a step one by one, each repeated on one batch; gather on the batches of an epoch in turn. */
export const PART_CASES: readonly BenchCase[] = (['dense', 'mnist'] as const).flatMap((contents) =>
  SIZES.flatMap((size) => [
    ...Object.entries(PARTS).map(([name, part]) => partCase(contents, size, name, part)),
    partCase(`adamW ${contents}`, size, 'update 1', ADAM_UPDATE, contents),
  ]),
)

function partCase(
  words: string,
  size: NetworkSize,
  name: string,
  part: Part,
  contents: Contents = words as Contents,
): BenchCase {
  return {
    name: `part ${words} B=${size.B} H=${size.H} ${name}`,
    group: 'part',
    flops: part.flops(size),
    prepare: async (backend, data) => {
      const operands = await prepareOperands(backend, data, contents, size)
      return { call: () => part.run(operands) }
    },
  }
}

async function prepareOperands(
  backend: Backend,
  data: BenchData,
  contents: Contents,
  { B, H }: NetworkSize,
): Promise<Operands> {
  const rows = await data.training(contents)
  const model = network(backend, H)
  const { layers } = model
  const dataset = datasetOf(backend, rows, 'bench')
  const operands: Operands = {
    backend,
    dataset,
    batch: backend.batch(dataset, B, H),
    nextRows: around(epochOfBatches(rows, B)),
    layers,
    hidden: backend.layerOutput(B, layers[0]),
    logits: backend.layerOutput(B, layers[1]),
    hiddenGradient: backend.matrix(B, H),
    logitsGradient: backend.matrix(B, CLASSES),
    labels: Int32Array.from({ length: B }, (_, r) => rows.labels![r]),
    losses: new Float64Array(B),
    slots: slotsFor(model, slotNames(adamRule, { averageDecay: 0 }))!,
  }
  for (const { run } of Object.values(PARTS)) run(operands)
  // repeated updates with the same gradient must not change the weights much
  shrink(operands.logitsGradient, CLASSES)
  shrink(operands.hiddenGradient, H)
  return operands
}

function shrink({ values, stride, rows }: Matrix, cols: number): void {
  for (let r = 0; r < rows; r++) {
    fillRandom(values.subarray(r * stride, r * stride + cols), `bench gradient ${r}`)
    for (let c = 0; c < cols; c++) values[r * stride + c] *= 1e-6
  }
}
