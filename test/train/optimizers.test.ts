import { describe, expect, it } from 'vitest'
import type { UpdateRule } from '../../src/backend/rules.js'
import { MLP } from '../../src/model/mlp.js'
import { fit } from '../../src/train/fit.js'
import { adam, adamW, momentum, type Optimizer, sgd } from '../../src/train/optimizers.js'
import { BACKENDS } from '../model/backends.js'
import { pausedAt } from './paused-at.js'
import { clusters } from './toy-data.js'

const [NaN_, Inf] = [Number.NaN, Number.POSITIVE_INFINITY]

/** What every rule and config has by default. */
const PLAIN = { biasLearningRate: 1, firstLayerLearningRate: 1, l1: 0 } as const

/** Wrong values that every number refuses. */
const NO_NUMBERS = [NaN_, Inf, -1, '0.1', null, true]

describe('sgd', () => {
  it('leaves the biases without L2 unless asked', () => {
    expect(sgd({ learningRate: 0.1, l2: 0.05 }).rule(0)).toEqual({
      kind: 'sgd',
      learningRate: 0.1,
      ...PLAIN,
      l2: 0.05,
      l2Biases: 0,
    })
    expect(sgd({ learningRate: 0.1, l2: 0.05, l2Biases: true }).rule(7).l2Biases).toBe(0.05)
  })

  it.each([
    [{ learningRate: NaN_ }, /sgd\.learningRate.*NaN/],
    [{ learningRate: -1 }, /sgd\.learningRate/],
    [{ learningRate: 1e39 }, /sgd\.learningRate/],
    [{}, /sgd\.learningRate.*undefined/],
    [{ learningRate: 1, l2: '0' }, /sgd\.l2.*"0"/],
    [{ learningRate: 1, l2Biases: 1 }, /sgd\.l2Biases/],
    [{ learningrate: 1 }, /'learningrate'; did you mean 'learningRate'/],
    [undefined, /options object/],
  ])('refuses %o', (options, message) => {
    expect(() => sgd(options as never)).toThrow(message)
  })
})

describe('momentum, adam and adamW', () => {
  const MAKE = { momentum, adam, adamW } as const
  type Name = keyof typeof MAKE
  const make = (name: Name, options: object) => MAKE[name]({ learningRate: 0.1, ...options } as never)

  it.each<[Name, string, readonly unknown[]]>([
    ['momentum', 'learningRate', NO_NUMBERS],
    ['momentum', 'l2', [...NO_NUMBERS, 1e39].filter((value) => value !== null)],
    ['momentum', 'l2Biases', [1, 'true']],
    ['momentum', 'momentum', [...NO_NUMBERS, 1, 1.5].filter((value) => value !== null)],
    ['momentum', 'nesterov', [0, 'yes']],
    ['adam', 'learningRate', NO_NUMBERS],
    ['adam', 'l2', [-1e-9, Inf, '0']],
    ['adam', 'l2Biases', [0, 'false']],
    ['adam', 'beta1', [-0.1, 1, NaN_, '0.9']],
    ['adam', 'beta2', [-0.1, 1, NaN_, '0.999']],
    ['adam', 'epsilon', [0, 1e-17, -1, NaN_, Inf, '1e-8']],
    ['adamW', 'learningRate', NO_NUMBERS],
    ['adamW', 'weightDecay', [-1, NaN_, Inf, '0', 10, 11]],
    ['adamW', 'weightDecayBiases', [1, 'no']],
    ['adamW', 'beta1', [-0.1, 1, NaN_, '0.9']],
    ['adamW', 'beta2', [-0.1, 1, NaN_, '0.999']],
    ['adamW', 'epsilon', [0, 1e-17, -1, NaN_, Inf, '1e-8']],
  ])('%s refuses a %s of %j', (name, option, values) => {
    for (const value of values) {
      const message = expect.stringMatching(new RegExp(`^${name}\\.${option}: expected .*, got `))
      const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', message })
      expect(() => make(name, { [option]: value }), String(value)).toThrow(refused)
    }
  })

  it.each<[Name, object, RegExp]>([
    ['momentum', { beta1: 0.9 }, /^momentum: unknown option 'beta1'/],
    ['momentum', { nestrov: true }, /'nestrov'; did you mean 'nesterov'/],
    ['adam', { weightDecay: 0.1 }, /^adam: unknown option 'weightDecay'/],
    ['adamW', { l2: 0.1 }, /^adamW: unknown option 'l2'/],
  ])('%s does not know %j', (name, options, message) => {
    expect(() => make(name, options)).toThrow(message)
    expect(() => MAKE[name](undefined as never)).toThrow(/options object/)
  })

  it.each<[string, Optimizer, object]>([
    [
      'momentum',
      momentum({ learningRate: 0.1 }),
      { name: 'momentum', learningRate: 0.1, ...PLAIN, l2: 0, l2Biases: false, momentum: 0.9, nesterov: false },
    ],
    [
      'adam',
      adam({ learningRate: 0.1, l2: 0.5 }),
      { name: 'adam', learningRate: 0.1, ...PLAIN, l2: 0.5, l2Biases: false, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    ],
    [
      'adamW',
      adamW({ learningRate: 0.1, beta2: 0.99 }),
      {
        name: 'adamW',
        learningRate: 0.1,
        ...PLAIN,
        weightDecay: 0.01,
        weightDecayBiases: false,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
      },
    ],
  ])('%s says in its config all that it does, as plain frozen JSON', (_, optimizer, config) => {
    expect(optimizer.config).toEqual(config)
    expect(JSON.parse(JSON.stringify(optimizer.config))).toEqual(config)
    expect(Object.isFrozen(optimizer) && Object.isFrozen(optimizer.config)).toBe(true)
  })

  it('gives rules that follow the options, counting the steps of Adam from 1', () => {
    const shared = { learningRate: 0.1, ...PLAIN, l2: 0.5, l2Biases: 0 }
    expect(momentum({ learningRate: 0.1, l2: 0.5, momentum: 0.8, nesterov: true }).rule(3)).toEqual({
      ...{ kind: 'momentum', ...shared, momentum: 0.8, nesterov: true },
    })
    const moments = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    const none = { weightDecay: 0, weightDecayBiases: 0 }
    const { rule } = adam({ learningRate: 0.1, l2: 0.5 })
    expect([rule(0), rule(1), rule(99)]).toEqual(
      [1, 2, 100].map((t) => ({ kind: 'adam', ...shared, ...none, ...moments, t })),
    )
    expect(adamW({ learningRate: 0.1, weightDecay: 2 }).rule(4)).toEqual({
      ...{ kind: 'adam', learningRate: 0.1, ...PLAIN, l2: 0, l2Biases: 0, ...moments, t: 5 },
      ...{ weightDecay: 2, weightDecayBiases: 0 },
    })
    expect(adamW({ learningRate: 0.1, weightDecay: 2, weightDecayBiases: true }).rule(0)).toMatchObject({
      weightDecayBiases: 2,
    })
  })
})

describe.each(BACKENDS)('an optimizer of your own on %s', (_, backend) => {
  const data = clusters(40)
  const model = () => new MLP({ layers: [4, 7, 3], backend })
  const options = { epochs: 3, batchSize: 10 }
  const sgdRule = (learningRate: number) => ({ kind: 'sgd', learningRate, l2: 0, l2Biases: 0 }) as const
  const own = (rule: (step: number) => unknown, config: object = { name: 'mine' }) =>
    ({ config, rule }) as unknown as Optimizer

  it('trains like the built-in one whose rules it gives', async () => {
    for (const built of [sgd({ learningRate: 0.2 }), momentum({ learningRate: 0.1 }), adam({ learningRate: 0.01 })]) {
      const [one, other] = [model(), model()]
      await fit(one, data, { ...options, optimizer: built })
      await fit(other, data, { ...options, optimizer: own((step) => ({ ...built.rule(step) })) })
      expect(other.parametersDigest()).toBe(one.parametersDigest())
    }
  })

  it('may change its numbers at each step, and goes on from a checkpoint', async () => {
    const decaying = own((step) => sgdRule(0.3 / (1 + step)), { name: 'decaying', from: 0.3 })
    const whole = model()
    await fit(whole, data, { ...options, optimizer: decaying })
    const constant = model()
    await fit(constant, data, { ...options, optimizer: sgd({ learningRate: 0.3 }) })
    expect(whole.parametersDigest()).not.toBe(constant.parametersDigest())

    const resume = await pausedAt(5, model(), data, { ...options, optimizer: decaying })
    expect(resume.settings).toMatchObject({ 'optimizer.name': 'decaying', 'optimizer.from': 0.3 })
    const resumed = model()
    await fit(resumed, data, { ...options, optimizer: decaying, resume })
    expect(resumed.parametersDigest()).toBe(whole.parametersDigest())
    const other = own(decaying.rule, { name: 'decaying', from: 0.4 })
    await expect(fit(model(), data, { ...options, optimizer: other, resume })).rejects.toThrow(
      /^resume: optimizer\.from: .* 0\.3, .* 0\.4$/,
    )
  })

  it.each<[string, Optimizer, RegExp]>([
    ['a class as its rule', { config: { name: 'mine' }, rule: class {} } as never, /^optimizer: expected an optimizer/],
    ['no object', 'sgd' as never, /^optimizer: expected an optimizer such as sgd\(/],
    ['no rule', { config: { name: 'mine' } } as never, /^optimizer: expected an optimizer/],
    ['no config', { rule: () => sgdRule(1) } as never, /^optimizer: expected an optimizer/],
    ['no name', own(() => sgdRule(1), {}), /^optimizer: expected an optimizer/],
    ['a config that is not flat', own(() => sgdRule(1), { name: 'mine', a: [] }), /^optimizer\.config\.a: expected /],
    ['a config with NaN', own(() => sgdRule(1), { name: 'mine', a: NaN_ }), /^optimizer\.config\.a: .*got NaN$/],
    ['an infinite config', own(() => sgdRule(1), { name: 'mine', a: -Inf }), /^optimizer\.config\.a: .*-Infinity$/],
    ['no rule object', own(() => null), /^optimizer\.rule\(0\): expected a rule such as .*got null$/],
    ['an unknown kind', own(() => ({ ...sgdRule(1), kind: 'toString' })), /^optimizer\.rule\(0\): expected a rule/],
    ['a rule with NaN', own(() => sgdRule(NaN_)), /^optimizer\.rule\(0\)\.learningRate: .*got NaN$/],
    ['a rule without L2', own(() => ({ ...sgdRule(1), l2: undefined })), /^optimizer\.rule\(0\)\.l2: /],
    ['a wrong step', own((step) => sgdRule(step < 2 ? 0.1 : -1)), /^optimizer\.rule\(2\)\.learningRate: .*got -1$/],
    [
      'a momentum of 1',
      own(() => ({ ...sgdRule(1), kind: 'momentum', momentum: 1, nesterov: false })),
      /^optimizer\.rule\(0\)\.momentum: /,
    ],
    [
      'a yes for nesterov',
      own(() => ({ ...sgdRule(1), kind: 'momentum', momentum: 0, nesterov: 'yes' })),
      /^optimizer\.rule\(0\)\.nesterov: /,
    ],
    ['a t of 0', own((step) => ({ ...adam({ learningRate: 1 }).rule(step), t: step })), /^optimizer\.rule\(0\)\.t: /],
    [
      'a beta of 1',
      own((step) => ({ ...adam({ learningRate: 1 }).rule(step), beta2: 1 })),
      /^optimizer\.rule\(0\)\.beta2: /,
    ],
    [
      'an epsilon of 0',
      own((step) => ({ ...adam({ learningRate: 1 }).rule(step), epsilon: 0 })),
      /^optimizer\.rule\(0\)\.epsilon: /,
    ],
    [
      'a decay that turns parameters around',
      own((step) => ({ ...adam({ learningRate: 1 }).rule(step), weightDecayBiases: 1 })),
      /^optimizer\.rule\(0\)\.weightDecay: expected less than 1 \/ learningRate/,
    ],
    [
      'a kind that changes',
      own((step) => (step < 3 ? sgd({ learningRate: 0.1 }) : momentum({ learningRate: 0.1 })).rule(step)),
      /^optimizer\.rule\(3\)\.kind: expected .*'sgd', got "momentum"$/,
    ],
  ])('is refused with %s', async (_, optimizer, message) => {
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }
    await expect(fit(model(), data, { ...options, optimizer })).rejects.toMatchObject(refused)
  })

  it('is checked at each step even if it changes one and the same rule', async () => {
    const rule = { ...sgdRule(0.1) } as { -readonly [K in keyof UpdateRule]: UpdateRule[K] }
    const optimizer = own((step) => {
      if (step === 4) rule.learningRate = NaN_
      return rule
    })
    await expect(fit(model(), data, { ...options, optimizer })).rejects.toThrow(
      /^optimizer\.rule\(4\)\.learningRate: .*got NaN$/,
    )
  })
})
