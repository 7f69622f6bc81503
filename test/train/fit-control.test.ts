import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../src/core/results.js'
import { samples } from '../../src/data/samples.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { fit as runFit } from '../../src/train/fit.js'
import { adam, sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { clusters, curve } from './toy-data.js'

const optimizer = sgd({ learningRate: 0.1 })
/** Moves the parameters, but no prediction. */
const hardly = sgd({ learningRate: 1e-6 })

describe.each(BACKENDS)('when and what fit evaluates, keeps and reports on %s', (_, backend) => {
  const make = (options: Partial<MLPOptions> = {}) => new MLP({ layers: [4, 16, 3], backend, ...options })

  it("evaluates after steps 0, 100 and 200 of each of the homework's epochs: 21 times", async () => {
    const valid = clusters(20, 2)
    const options = { valid, test: valid, epochs: 7, stepsPerEpoch: 234, batchSize: 8, evaluateEvery: 100, optimizer }
    const { history, steps } = await runFit(make(), clusters(60), {
      ...options,
      sampling: 'replacement',
      evaluateOn: ['test', 'train', 'valid'],
    })
    expect(steps).toBe(1638)
    const expected = Array.from({ length: 7 }, (_, e) => [0, 100, 200].map((s) => [e * 234 + s, e])).flat()
    expect(history.map(({ step, epoch }) => [step, epoch])).toEqual(expected)
    for (const entry of history) expect(Object.keys(entry)).toEqual(['step', 'epoch', 'train', 'valid', 'test'])
  })

  it('waits for every callback, and ends with what its promise ends with', async () => {
    const model = make()
    const order: string[] = []
    const note = (name: string) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      order.push(name)
    }
    const callbacks = { onStart: note('start'), onStep: note('step'), onEpoch: note('epoch') }
    await runFit(model, clusters(20), { epochs: 1, batchSize: 10, optimizer, callbacks })
    expect(order).toEqual(['start', 'step', 'step', 'epoch'])
    for (const name of ['onStart', 'onStep']) {
      const failing = { [name]: () => Promise.reject(new Error(`no ${name}`)) }
      await expect(runFit(model, clusters(20), { optimizer, callbacks: failing })).rejects.toThrow(`no ${name}`)
    }
  })

  it.each<[unknown, RegExp]>([
    [undefined, /^optimizer\.rule\(3\): expected a rule .*got undefined/],
    [{ kind: 'toString' }, /^optimizer\.rule\(3\): expected a rule/],
    [{ kind: 'adam' }, /^optimizer\.rule\(3\)\.learningRate: .*got undefined/],
    [adam({ learningRate: 1 }).rule(3), /^optimizer\.rule\(3\)\.kind: expected one of 'sgd', got "adam"/],
    [{ kind: 'sgd', learningRate: '1', l2: 0, l2Biases: 0 }, /^optimizer\.rule\(3\)\.learningRate: .*got "1"/],
    [{ kind: 'sgd', learningRate: 1, l2: Number.NaN, l2Biases: 0 }, /^optimizer\.rule\(3\)\.l2: .*got NaN/],
  ])('refuses the rule %o', async (nonsense, message) => {
    const own = { ...optimizer, rule: (step: number) => (step < 3 ? optimizer.rule(step) : (nonsense as never)) }
    const run = runFit(make(), clusters(60), { optimizer: own, batchSize: 10 })
    await expect(run).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
  })

  it('says that its data have changed while it trained', async () => {
    const data = clusters(60)
    const onStep = () => void structuredClone(data.values, { transfer: [data.values.buffer as ArrayBuffer] })
    const run = runFit(make(), data, { optimizer, batchSize: 10, callbacks: { onStep } })
    await expect(run).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^fit at step 1: .*have changed since validation: /),
      cause: expect.any(Error),
    })
  })

  it('says what most likely made its numbers overflow', async () => {
    const run = (learningRate: number, l2: number, change = {}) =>
      runFit(make(), clusters(60), { optimizer: { ...sgd({ learningRate, l2 }), ...change }, epochs: 200 })
    await expect(run(1, 50)).rejects.toThrow(
      /too high, or l2 \(50\): their product is 50, and from 2 on the L2 term alone/,
    )
    await expect(run(1e25, 0)).rejects.toThrow(/learning rate \(1e\+25\)/)
    // its step does not grow with the L2 term
    await expect(run(1, 50, adam({ learningRate: 1e30, l2: 1 }))).rejects.toThrow(
      /; most likely the learning rate \(1e\+30\) is too high for these inputs: /,
    )
    const config = { config: { name: 'own' } }
    await expect(run(1e25, 0, config)).rejects.toThrow(/most likely the learning rate is too high/)
  })

  it('blames large targets rather than inputs that are well scaled', async () => {
    const failed = (size: number, inputs = 1) => {
      const { values, targets } = curve(60)
      const set = samples({
        values: values.map((value) => value * inputs),
        cols: 2,
        targets: targets!.map((target) => target * size),
      })
      const model = make({ layers: [2, 16, 2], loss: 'meanSquaredError' })
      return runFit(model, set, { optimizer: sgd({ learningRate: 1 }), epochs: 50 })
    }
    await expect(failed(1e7)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(
        /learning rate \(1\) is too high for these targets, up to \d+0000 in size: try targets scaled to about -1\.\.1/,
      ),
    })
    await expect(failed(1e7, 1e3)).rejects.toThrow(
      /for these inputs and targets, .* try inputs scaled to 0\.\.1 and targets/,
    )
    await expect(failed(1, 1e7)).rejects.toThrow(/for these inputs: try a tenth of it, or inputs scaled to 0\.\.1/)
    // neither of them is at fault
    const overflowing = runFit(make(), clusters(60), { optimizer: sgd({ learningRate: 1e30 }), epochs: 50 })
    await expect(overflowing).rejects.toThrow(/for these inputs: try a tenth of it$/)
  })

  it('keeps the earlier of two evaluations of the same accuracy if the loss is not asked', async () => {
    const model = make()
    const digests: string[] = []
    const onEvaluation = () => void digests.push(model.parametersDigest())
    const options = { valid: clusters(40, 2), epochs: 1, batchSize: 10, evaluateEvery: 1, optimizer: hardly }
    const selectBy = 'firstAccuracy'
    const result = await runFit(model, clusters(60), { ...options, selectBy, callbacks: { onEvaluation } })
    expect(new Set(result.history.map((entry) => entry.valid!.accuracy)).size).toBe(1)
    expect(new Set(digests).size).toBe(6)
    expect(result.best).toBe(result.history[0])
    expect(model.parametersDigest()).toBe(digests[0])
  })

  it('restores the best of a run that gets worse, or not when asked', async () => {
    const run = async (keepBest: boolean) => {
      const model = make()
      const digests: string[] = []
      const best: boolean[] = []
      const onEvaluation = ({ isBest }: { isBest: boolean }) => {
        digests.push(model.parametersDigest())
        best.push(isBest)
      }
      const options = { valid: clusters(200, 2), epochs: 3, batchSize: 10, evaluateEvery: 1, keepBest }
      const wild = sgd({ learningRate: 1.5 })
      const result = await runFit(model, clusters(60), { ...options, optimizer: wild, callbacks: { onEvaluation } })
      return { result, digests, best, digest: model.parametersDigest() }
    }
    const { result, digests, best, digest } = await run(true)
    const scores = result.history.map((entry) => entry.valid!)
    const [first] = [...scores].sort((a, b) => b.accuracy - a.accuracy || a.loss - b.loss)
    const top = scores.indexOf(first)
    expect(top).toBeLessThan(scores.length - 1)
    expect(result.best).toBe(result.history[top])
    expect(digest).toBe(digests[top])
    expect(best.lastIndexOf(true)).toBe(top)
    const last = await run(false)
    expect(last.digest).toBe(digests.at(-1))
    expect(last.result.best).toEqual(result.best)
  })

  it('stops early when patience runs out', async () => {
    const options = { valid: clusters(40, 2), epochs: 20, batchSize: 10, evaluateEvery: 1, optimizer: hardly }
    const result = await runFit(make(), clusters(60), { ...options, patience: 3 })
    expect(result).toMatchObject({ stopped: 'early', steps: 4 })
    const delta = await runFit(make(), clusters(60), {
      ...options,
      optimizer,
      patience: 5,
      minDelta: 1,
    })
    expect(delta).toMatchObject({ stopped: 'early', steps: 6 })
  })

  it('calls back in order and waits', async () => {
    const log: string[] = []
    const pause = () => new Promise((resolve) => setTimeout(resolve, 2))
    const losses: number[] = []
    const result = await runFit(make(), clusters(25), {
      epochs: 2,
      batchSize: 10,
      optimizer,
      callbacks: {
        onStart: (event) => log.push(`start ${JSON.stringify(event)}`),
        onStep: ({ step, epoch, rows, loss }) => {
          losses.push(loss * rows)
          log.push(`step ${step} ${epoch} ${rows}`)
        },
        onEvaluation: async ({ entry, isBest }) => {
          await pause()
          log.push(`evaluation ${entry.step} ${isBest}`)
        },
        onEpoch: async ({ epoch, steps, loss, accuracy }) => {
          await pause()
          expect(loss).toBeCloseTo(losses.splice(0).reduce((a, b) => a + b) / 25, 10)
          expect(accuracy * 25).toBeCloseTo(Math.round(accuracy * 25), 10)
          log.push(`epoch ${epoch} ${steps}`)
        },
        onEnd: (result) => void log.push(`end ${result.steps}`),
      },
    })
    expect(log).toEqual([
      'start {"epochs":2,"stepsPerEpoch":3,"batchSize":10,"totalSteps":6,"step":0,"rows":25}',
      ...['step 0 0 10', 'step 1 0 10', 'step 2 0 5', 'evaluation 2 false', 'epoch 0 3'],
      ...['step 3 1 10', 'step 4 1 10', 'step 5 1 5', 'evaluation 5 false', 'epoch 1 6'],
      'end 6',
    ])
    expect(result.timing.total).toBeGreaterThan(0)
  })

  it('ends with the error a callback throws, and can be used again', async () => {
    const model = make()
    const callbacks = {
      onStep: () => {
        throw new Error('mine')
      },
    }
    await expect(runFit(model, clusters(25), { epochs: 1, optimizer, callbacks })).rejects.toThrow('mine')
    await runFit(model, clusters(25), { epochs: 1, optimizer })
  })

  it('stops when its signal fires, with the parameters of the last whole step', async () => {
    const model = make()
    const controller = new AbortController()
    let digest = ''
    const onStep = ({ step }: { step: number }) => {
      digest = model.parametersDigest()
      if (step === 4) controller.abort('enough')
    }
    const options = { epochs: 50, batchSize: 10, optimizer, signal: controller.signal, callbacks: { onStep } }
    const running = runFit(model, clusters(60), options)
    await expect(running).rejects.toMatchObject({
      code: 'ABORTED',
      message: 'fit at step 5: aborted',
      cause: 'enough',
    })
    expect(model.parametersDigest()).toBe(digest)
  })

  it('lets timers run, so that one can stop it', async () => {
    const signal = AbortSignal.timeout(30)
    // one epoch, evaluated at its end: the pauses are the run's own
    const running = runFit(make(), clusters(60), { epochs: 1, stepsPerEpoch: 300_000, batchSize: 1, optimizer, signal })
    await expect(running).rejects.toMatchObject({
      code: 'ABORTED',
      message: expect.stringMatching(/^fit at step \d+: aborted$/),
    })
  })

  it.each([
    ['an evaluation', 5000],
    ['the probe for a collapse', 20],
  ])('says where it was stopped in %s too', async (_, rows) => {
    const controller = new AbortController()
    // fires in the first pause of the evaluation; only the larger set has more to evaluate then
    const onStep = () => void setImmediate(() => controller.abort())
    const options = { valid: clusters(rows, 2), epochs: 1, batchSize: 10, evaluateEvery: 1, optimizer }
    const model = make({ layers: [4, 2000, 3] })
    const running = runFit(model, clusters(60), { ...options, signal: controller.signal, callbacks: { onStep } })
    await expect(running).rejects.toMatchObject({ code: 'ABORTED', message: 'fit at step 1: aborted' })
  })

  it('refuses to train one model twice at a time', async () => {
    const model = make()
    const first = runFit(model, clusters(60), { epochs: 2, optimizer })
    await expect(runFit(model, clusters(60), { epochs: 2, optimizer })).rejects.toThrow(/another fit/)
    expect((await first).stopped).toBe('completed')
  })
})

describe.each(BACKENDS)('how fit notices that training has failed on %s', (_, backend) => {
  const make = (options: Partial<MLPOptions> = {}) => new MLP({ layers: [4, 16, 3], backend, ...options })

  it('stops at a loss that is not finite, naming step, layer and cause', async () => {
    const running = runFit(make(), clusters(60), { epochs: 3, batchSize: 10, optimizer: sgd({ learningRate: 1e25 }) })
    await expect(running).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/training loss is NaN at step \d: .* layer [12] .*learning rate \(1e\+25\)/),
    })
  })

  it('stops at a parameter that is not finite, which a loss may not show', async () => {
    // the weights overflow in the update of the only step, after its loss was taken
    const model = make({ layers: [4, 3], init: { weights: 0, biases: 0 } })
    const optimizer = sgd({ learningRate: 3e38 })
    const running = runFit(model, clusters(60, 1, 4, 3, 500), { epochs: 1, batchSize: 60, optimizer })
    await expect(running).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/parameters of layer 1 are not finite after step 0/),
    })
  })

  /** A model whose first `dead` of 20 hidden units are off for every row. */
  const withDead = (dead: number, options: Partial<MLPOptions> = {}) => {
    const model = make({ layers: [4, 12, 8, 3], ...options })
    const parameters = model.getParameters()
    parameters[0].biases.fill(-1000, 0, Math.min(12, dead))
    parameters[0].biases.fill(100, Math.min(12, dead))
    parameters[1].weights.fill(0)
    parameters[1].biases.fill(1).fill(-1, 0, Math.max(0, dead - 12))
    model.setParameters(parameters)
    return model
  }
  const once = { epochs: 2, batchSize: 30, evaluateEvery: 1, optimizer: sgd({ learningRate: 0 }) }

  it('reports a collapsed run once, and goes on', async () => {
    const result = await runFit(withDead(19), clusters(60), once)
    expect(result).toMatchObject({ collapsed: { step: 0, deadShare: 0.95 }, stopped: 'completed', steps: 4 })
  })

  it('stops a collapsed run when asked', async () => {
    const result = await runFit(withDead(20), clusters(60), { ...once, stopOnCollapse: true })
    expect(result).toMatchObject({ collapsed: { step: 0, deadShare: 1 }, stopped: 'collapsed', steps: 1 })
  })

  it('does not mistake 90 % dead, or units that cannot die, for a collapse', async () => {
    expect((await runFit(withDead(18), clusters(60), once)).collapsed).toBeNull()
    expect((await runFit(withDead(20, { activation: 'leakyRelu' }), clusters(60), once)).collapsed).toBeNull()
    expect((await runFit(make({ layers: [4, 3] }), clusters(60), once)).collapsed).toBeNull()
  })

  it('looks at 1,024 rows before it calls units dead, and at no more', async () => {
    // one row wakes all units: the 1,024th is looked at, the 1,025th is not
    for (const [waking, collapsed] of [
      [1023, null],
      [1024, { step: 0, deadShare: 1 }],
    ] as const) {
      const data = clusters(1100)
      data.values.fill(0)
      data.values.fill(1, waking * 4, waking * 4 + 4)
      const model = make()
      const parameters = model.getParameters()
      parameters[0].weights.fill(1)
      parameters[0].biases.fill(-1)
      model.setParameters(parameters)
      const entries: HistoryEntry[] = []
      const onEvaluation = ({ entry }: { entry: HistoryEntry }) => void entries.push(entry)
      const options = { ...once, epochs: 1, batchSize: 1100, callbacks: { onEvaluation } }
      expect((await runFit(model, data, options)).collapsed).toEqual(collapsed)
      expect(entries).toHaveLength(1)
    }
  })
})
