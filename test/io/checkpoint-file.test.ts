import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeSafetensors, parseSafetensors, type Tensor } from '../../src/formats/safetensors.js'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/io/checkpoint-file.js'
import { encodeModel } from '../../src/io/model-bytes.js'
import { MLP } from '../../src/model/mlp.js'
import type { TrainingCheckpoint } from '../../src/train/checkpoint.js'
import { fit as runFit } from '../../src/train/fit.js'
import type { FitOptions } from '../../src/train/fit-options.js'
import { adamW, momentum, sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, curve } from '../train/toy-data.js'

const [, js] = BACKENDS[0]
const optimizer = sgd({ learningRate: 0.25, l2: 0.5 })

async function checkpointAt(step: number, model: MLP, options: Partial<FitOptions> = {}): Promise<TrainingCheckpoint> {
  const found: TrainingCheckpoint[] = []
  const train = model.loss === 'meanSquaredError' ? curve(12) : clusters(12)
  await runFit(model, train, {
    ...{ optimizer, batchSize: 5, evaluateEvery: 1, untilStep: step, checkpointEveryMs: 1e9 },
    callbacks: { onCheckpoint: ({ checkpoint }) => void found.push(checkpoint) },
    ...options,
  })
  return found[0]
}

const make = (backend = js) => new MLP({ layers: [4, 5, 3], seed: 3, backend })
const checkpoint = await checkpointAt(4, make(), { valid: clusters(9, 2) })
const bytes = encodeCheckpoint(checkpoint)

describe('a checkpoint file', () => {
  it.each(BACKENDS)('gives the checkpoint back, and the same bytes again: %s', async (_, backend) => {
    const cases = [
      await checkpointAt(4, make(backend), { valid: clusters(9, 2), patience: 9 }),
      await checkpointAt(1, make(backend), { sampling: 'replacement', evaluateEvery: undefined }),
      await checkpointAt(3, new MLP({ layers: [2, 3, 2], loss: 'meanSquaredError', backend })),
      await checkpointAt(4, make(backend), { optimizer: momentum({ learningRate: 0.1 }) }),
      await checkpointAt(4, make(backend), { optimizer: adamW({ learningRate: 0.1 }), valid: clusters(9, 2) }),
    ]
    for (const one of cases) {
      const encoded = encodeCheckpoint(one)
      const decoded = decodeCheckpoint(encoded, 'bytes')
      expect(decoded).toEqual(one)
      expect(encodeCheckpoint(decoded)).toEqual(encoded)
      expect(encodeCheckpoint(structuredClone(one))).toEqual(encoded)
    }
    expect(cases[2].history[0].train!.accuracy).toBeNaN()
    expect(cases.map(({ slots }) => Object.keys(slots))).toEqual([
      ...[[], [], [], ['momentum'], ['firstMoment', 'secondMoment']],
    ])
  })

  it('keeps values that are not finite: the run that goes on is the one to find them', async () => {
    const weights = Float32Array.of(...checkpoint.parameters[0].weights).fill(Number.NaN, 0, 2)
    weights[1] = Number.NEGATIVE_INFINITY
    const parameters = [{ ...checkpoint.parameters[0], weights }, checkpoint.parameters[1]]
    expect(decodeCheckpoint(encodeCheckpoint({ ...checkpoint, parameters }), 'bytes').parameters).toEqual(parameters)
  })

  it('is safetensors, with everything but the parameters in its metadata, in fixed order', () => {
    const { metadata, tensors } = parseSafetensors(bytes, 'bytes')
    const { settings, slots, state, history, digest, ...rest } = metadata
    expect(Object.keys(metadata)).toEqual([
      ...[
        'format',
        'format_version',
        'digest',
        'family',
        'contract',
        'layers',
        'settings',
        'slots',
        'state',
        'history',
      ],
    ])
    expect(rest).toEqual({
      ...{ format: 'native-mlp checkpoint', format_version: '2', layers: '[4,5,3]' },
      ...{ family: 'js', contract: String(js.family.contract) },
    })
    expect(JSON.parse(settings)).toMatchObject({ 'optimizer.learningRate': 0.25, batchSize: 5, 'train.rows': 12 })
    expect(slots).toBe('[]')
    expect(Object.keys(JSON.parse(state))).toEqual(['step', 'best', 'patience', 'collapsed', 'epoch', 'sampler'])
    expect(history.split('\n').map((line) => line && JSON.parse(line).step)).toEqual([0, 1, 2, 3, ''])
    expect([...tensors]).toEqual(
      (['layers', 'best'] as const).flatMap((group) =>
        checkpoint[group === 'best' ? 'bestParameters' : 'parameters']!.flatMap(({ weights, biases }, l) => [
          [`${group}.${l}.weights`, { shape: [[4, 5][l], [5, 3][l]], data: weights }],
          [`${group}.${l}.biases`, { shape: [[5, 3][l]], data: biases }],
        ]),
      ),
    )
    // an independent SHA-256: of the file with 64 zeros for the digest
    const text = Buffer.from(bytes).toString('latin1').replace(digest, '0'.repeat(64))
    expect(digest).toBe(createHash('sha256').update(text, 'latin1').digest('hex'))
  })

  it('keeps what the optimizer remembers as tensors of their own', async () => {
    const one = await checkpointAt(2, make(), { optimizer: adamW({ learningRate: 0.1 }) })
    const { metadata, tensors } = parseSafetensors(encodeCheckpoint(one), 'bytes')
    expect(JSON.parse(metadata.slots)).toEqual(['firstMoment', 'secondMoment'])
    for (const slot of ['firstMoment', 'secondMoment']) {
      one.slots[slot].forEach(({ weights, biases }, l) => {
        const [inputs, outputs] = [[4, 5][l], [5, 3][l]]
        expect(tensors.get(`optimizer.${slot}.${l}.weights`)).toEqual({ shape: [inputs, outputs], data: weights })
        expect(tensors.get(`optimizer.${slot}.${l}.biases`)).toEqual({ shape: [outputs], data: biases })
      })
    }
    expect(tensors.size).toBe(3 * 4)
  })

  it('says nothing of the machine, so that equal runs give equal bytes', async () => {
    expect(encodeCheckpoint(await checkpointAt(4, make(), { valid: clusters(9, 2) }))).toEqual(bytes)
    expect(Buffer.from(bytes).toString('latin1')).not.toMatch(/isa|thread|time|host|node/i)
  })
})

const refused = (message: string | RegExp) =>
  expect.objectContaining({
    code: 'INVALID_FILE',
    message: expect.stringMatching(message),
  })

/** What `decodeCheckpoint` says about bytes that it must not take. */
function problem(given: Uint8Array): unknown {
  try {
    return decodeCheckpoint(given, 'x/checkpoint')
  } catch (error) {
    return error
  }
}

describe('a hostile checkpoint file', () => {
  it('is refused with any bit of any byte changed', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] ^= 1 << (at % 8)
      expect(problem(changed), `byte ${at}`).toEqual(refused(/^x\/checkpoint/))
    }
  })

  it('is refused at every length but its own', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(problem(bytes.slice(0, length)), `${length} bytes`).toEqual(refused(/^x\/checkpoint/))
    }
    expect(problem(Uint8Array.of(...bytes, 0))).toEqual(refused(/trailing bytes/))
  })

  /** A file with other contents and the digest they ask for. */
  const forged = (change: Record<string, string | undefined>, more: ReadonlyMap<string, Tensor> = new Map()) => {
    const { metadata, tensors } = parseSafetensors(bytes, 'bytes')
    const text = Object.entries({ ...metadata, ...change, digest: '0'.repeat(64) }).filter(([, value]) => value)
    const all = new Map([...tensors, ...more].filter(([, tensor]) => tensor.shape.length > 0))
    const file = encodeSafetensors({ tensors: all, metadata: Object.fromEntries(text) as Record<string, string> })
    const at = Buffer.from(file).indexOf('0'.repeat(64))
    file.set(new TextEncoder().encode(createHash('sha256').update(file).digest('hex')), at)
    return file
  }
  const state = (change: object) => {
    const own = JSON.parse(parseSafetensors(bytes, 'bytes').metadata.state)
    return { state: JSON.stringify({ ...own, ...change }) }
  }

  const sampler = (change: object) => state({ sampler: { ...checkpoint.sampler, ...change } })
  const epoch = (change: object) => state({ epoch: { ...checkpoint.epoch, ...change } })
  const settings = (change: object) => ({ settings: JSON.stringify({ ...checkpoint.settings, ...change }) })
  const lines = (...steps: (number | [step: number, epoch: number] | false)[]) =>
    steps
      .filter((step) => step !== false)
      .map((given) => {
        const [step, epoch = Math.floor(step / 3)] = typeof given === 'number' ? [given] : given
        const valid = { loss: 1, accuracy: 0.5 }
        return `${JSON.stringify({ step, epoch, ...(steps.includes(false) ? {} : { valid }) })}\n`
      })
      .join('')

  it('is the same file when nothing is forged', () => {
    expect(forged({})).toEqual(bytes)
  })

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    ['another format', { format: 'native-mlp' }, /not a checkpoint: its metadata have no format/],
    ['a newer version', { format_version: '3' }, /format version '3', but this version reads 2/],
    ['an older version', { format_version: '1' }, /format version '1', but this version reads 2/],
    ['unknown slots', { slots: '["third"]' }, /slots in its metadata: 0: /],
    ['slots without tensors', { slots: '["momentum"]' }, /tensor 'optimizer\.momentum\.0\.weights' is missing/],
    ['no version', { format_version: undefined }, /format version ''/],
    ['an unknown family', { family: 'gpu' }, /its family: name: /],
    ['a contract that is no number', { contract: 'one' }, /its family: contract: /],
    ['no layers', { layers: undefined }, /its metadata have no layers/],
    ['layers that are not JSON', { layers: '[4,' }, /layers in its metadata is not JSON/],
    [
      'layers of another shape',
      { layers: '[4,6,3]' },
      /tensor 'layers\.0\.weights': expected float32 of shape \[4, 6\]/,
    ],
    ['more layers than tensors', { layers: '[4,5,3,2]' }, /tensor 'layers\.2\.weights' is missing/],
    ['fewer layers than tensors', { layers: '[4,5]' }, /expected 4 tensors, got 8/],
    ['a setting that is a list', { settings: '{"seed":[1]}' }, /settings in its metadata: seed/],
    ['a negative step', state({ step: -1 }), /state in its metadata: step/],
    ['a state with more in it', state({ more: 1 }), /state in its metadata: .*more/],
    ['a best outside its history', state({ best: 4 }), /: best: expected a position in the history, got 4/],
    [
      'no best although there was a validation',
      state({ best: null }),
      /: best: expected a position, because history\[0\]/,
    ],
    [
      'a history after its step',
      state({ step: 3 }),
      /: history\[3\]\.step: expected a step after 2 and before 3, got 3/,
    ],
    ['a history out of order', { history: lines(0, 2, 1, 3) }, /: history\[2\]\.step: expected a step after 2/],
    [
      'a history of other epochs',
      { history: lines(0, 1, 2, [3, 0]) },
      /: history\[3\]\.epoch: expected 1, the epoch of step 3/,
    ],
    ['a best without validation', { history: lines(0, 1, 2, 3, false) }, /: best: history\[\d\] has no validation/],
    ['more misses than evaluations', state({ patience: { reference: 1, misses: 9 } }), /: patience\.misses: /],
    ['a collapse at no evaluation', state({ collapsed: { step: 7, deadShare: 1 } }), /: collapsed\.step: /],
    ['more rows than its batches have', epoch({ rows: 6 }), /: epoch\.rows: expected those of 1 steps at step 4/],
    ['more right rows than rows', epoch({ rows: 5, correct: 6 }), /: epoch\.correct: expected an integer from 0 to 5/],
    [
      'another batch size than its settings',
      sampler({ batchSize: 6 }),
      /: sampler\.batchSize: expected 5, as in the settings/,
    ],
    ['other rows than its settings', sampler({ rows: 13 }), /: sampler\.rows: expected 12, as in the settings/],
    ['another sampling than its settings', sampler({ mode: 'replacement' }), /: sampler\.mode: expected "shuffle"/],
    ['batches of another step', sampler({ position: 10 }), /: sampler\.position: expected 5 at step 4, got 10/],
    ['a random stream of zeros', sampler({ random: [0, 0, 0, 0] }), /: sampler\.random: /],
    ['best parameters that are not kept', settings({ keepBest: false }), /: bestParameters: expected none with best/],
    ['a history that is not one', { history: '{"step":0}\n' }, /line 1 of its history: epoch/],
  ])('is refused with %s', (_, change, message) => {
    expect(problem(forged(change))).toEqual(refused(message))
  })

  it('is refused with other tensors than its layers ask for', () => {
    const tensor = { shape: [2], data: new Float32Array(2) }
    expect(problem(forged({}, new Map([['extra', tensor]])))).toEqual(refused(/expected 8 tensors, got 9/))
    const whole = { shape: [5], data: new Int32Array(5) }
    expect(problem(forged({}, new Map([['best.0.biases', whole]])))).toEqual(
      refused(/'best\.0\.biases': expected float32/),
    )
  })

  it('is not a model, and what is no checkpoint is not written', () => {
    expect(problem(encodeModel(make()))).toEqual(refused(/not a checkpoint/))
    const { slots: _, ...old } = checkpoint
    for (const nonsense of [null, 'checkpoint', {}, old, { ...checkpoint, slots: null }]) {
      expect(() => encodeCheckpoint(nonsense as never)).toThrow(/^checkpoint: expected a checkpoint/)
    }
    expect(() => decodeCheckpoint('bytes' as never, 'x')).toThrow(/^bytes: expected a Uint8Array, got "bytes"/)
  })
})

describe('a checkpoint that contradicts itself', () => {
  const [first, second] = checkpoint.parameters
  const { valid: _, ...unvalidated } = checkpoint.history[checkpoint.best!]
  const history = checkpoint.history.map((entry, i) => (i === checkpoint.best ? unvalidated : entry))
  const cases: [string, object, RegExp][] = [
    ['a best without validation', { history }, /\.best: history\[\d\] has no validation$/],
    ['a step before its history', { step: 2 }, /\.history\[2\]\.step: /],
    ['another position of its batches', { sampler: { ...checkpoint.sampler, position: 0 } }, /\.sampler\.position: /],
    ['the sums of other steps', { epoch: { loss: 0, correct: 0, rows: 0 } }, /\.epoch\.rows: /],
    [
      'short parameters',
      { parameters: [first, { ...second, biases: new Float32Array(2) }] },
      /\.parameters\[1\]\.biases/,
    ],
    ['best parameters of other layers', { bestParameters: [first] }, /\.bestParameters\[1\]\.weights/],
    ['a state of early stopping that is a list', { patience: { reference: [], misses: 0 } }, /\.patience\.reference/],
  ]

  it.each(cases)('is neither written nor continued: %s', async (_, change, message) => {
    const wrong = { ...checkpoint, ...change } as TrainingCheckpoint
    expect(() => encodeCheckpoint(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => encodeCheckpoint(wrong)).toThrow(message)
    const options = { optimizer, batchSize: 5, evaluateEvery: 1, valid: clusters(9, 2), resume: wrong }
    const resumed = expect(runFit(make(), clusters(12), options)).rejects
    await resumed.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
    await resumed.toThrow(/^resume\./)
  })
})
