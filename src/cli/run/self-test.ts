import type { Backend } from '../../backend/backend.js'
import { NativeMlpError } from '../../core/errors.js'
import { randomStream } from '../../core/random.js'
import { type Samples, samples } from '../../data/samples.js'
import { MLP } from '../../model/mlp.js'
import { fit } from '../../train/fit.js'
import { sgd } from '../../train/optimizers.js'

const ROWS = 256
const COLS = 50
const CLASSES = 4
const STEPS = 10

/** Tolerance for a step's loss between the TypeScript backend and the addon, which sum in different orders. */
const TOLERANCE = 1e-5

interface Trained {
  readonly losses: readonly number[]
  readonly digest: string
}

/**
 * Trains a small network for ten steps on each backend. Compares the losses of the addon with those of the TypeScript backend
 * within 1e-5, and the parameters of all instruction sets with each other bit by bit.
 *
 * @returns what was compared, for people
 * @throws NativeMlpError BACKEND_UNAVAILABLE naming the backend that is wrong
 */
export async function selfTest(js: Backend, native: readonly Backend[]): Promise<string> {
  const data = rows()
  const expected = await train(js, data)
  if (!(expected.losses[STEPS - 1] < expected.losses[0]))
    throw mismatch(js, 'its loss does not decrease', expected.losses)
  let first: Trained | undefined
  for (const backend of native) {
    const actual = await train(backend, data)
    const worst = Math.max(...actual.losses.map((loss, i) => Math.abs(loss - expected.losses[i])))
    if (!(worst <= TOLERANCE)) throw mismatch(backend, `its losses differ from TypeScript's by ${worst}`, actual.losses)
    first ??= actual
    if (actual.digest !== first.digest)
      throw mismatch(backend, `its parameters differ from those of ${native[0].isa}`, actual.losses)
  }
  const names = [js, ...native].map(({ isa }) => isa)
  return `${STEPS} steps on ${names.join(', ')}: ${native.length > 0 ? 'they agree' : 'the loss decreases'}`
}

function mismatch(backend: Backend, problem: string, losses: readonly number[]): NativeMlpError {
  return new NativeMlpError(
    'BACKEND_UNAVAILABLE',
    `self-test on ${backend.isa}: ${problem}; losses ${losses.join(' ')}`,
  )
}

async function train(backend: Backend, data: Samples): Promise<Trained> {
  const model = new MLP({ layers: [COLS, 37, CLASSES], seed: 1, backend })
  const losses: number[] = []
  await fit(model, data, {
    optimizer: sgd({ learningRate: 0.1, l2: 0.001, l2Biases: true }),
    epochs: 1,
    batchSize: 32,
    stepsPerEpoch: STEPS,
    callbacks: { onStep: ({ loss }) => void losses.push(loss) },
  })
  return { losses, digest: model.parametersDigest() }
}

/** Sparse bytes; each class has large values in a different quarter of the columns. */
function rows(): Samples {
  const random = randomStream(1, 'split')
  const values = new Uint8Array(ROWS * COLS)
  const labels = new Int32Array(ROWS)
  for (let r = 0; r < ROWS; r++) {
    labels[r] = random.int(CLASSES)
    for (let c = 0; c < COLS; c++) {
      if (random.int(4) === 0)
        values[r * COLS + c] = c % CLASSES === labels[r] ? 128 + random.int(128) : random.int(128)
    }
  }
  return samples({ values, cols: COLS, labels, classes: CLASSES })
}
