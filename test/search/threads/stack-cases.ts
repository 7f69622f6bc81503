// from the built package: workers run only as built files
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { backendInfo, type SearchOptions, samples, search } from 'native-mlp'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters, pixels } from '../../train/toy-data.js'

type Options = Omit<SearchOptions, 'data'>

function rebuilt({ values, cols, labels, classes }: ReturnType<typeof pixels>) {
  return samples({ values, cols, labels: labels!, classes })
}

const dense = rebuilt(clusters(240)).split({ test: 0.2 })
/** the native backend multiplies lists of what is not zero */
const sparse = rebuilt(pixels(300, 1, 40)).split({ test: 0.2 })
const base = { epochs: 4, batchSize: 16, evaluateEvery: 4 }

/** One rate is too small to get anywhere, one kills the hidden units, one overflows. */
const rates = [1e-9, 0.02, 0.05, 0.2, 300, 1e30]
const grid: Options = {
  grid: { learningRate: rates, hidden: [8, 24], l2: [0, 0.01] },
  base: { ...base, stopOnCollapse: true, patience: 3 },
  keepModels: true,
}
/** Stacks are of trials of one shape: these are all of one. */
const narrow: Options = { ...grid, grid: { ...grid.grid, hidden: [8] } }
const studies: [name: string, options: Options][] = [
  ['a grid with trials that fail, collapse and stop early', grid],
  ['batches drawn with replacement', { ...narrow, base: { ...base, sampling: 'replacement', stepsPerEpoch: 7 } }],
  ['folds', { grid: { learningRate: rates.slice(1, 5), hidden: [6] }, base, folds: 3, keepModels: true }],
  [
    'successive halving',
    {
      ...narrow,
      strategy: 'halving',
      halving: { minEpochs: 1, maxEpochs: 4, factor: 2 },
      base: { ...base, epochs: 4 },
    },
  ],
  [
    'optimisers with and without memory',
    {
      grid: { optimizer: ['sgd', 'momentum', 'adam', 'adamW'], learningRate: [0.02], hidden: [6] },
      base,
      keepModels: true,
    },
  ],
  ['repeats', { grid: { learningRate: [0.02, 0.2], hidden: [6] }, base, repeats: 2, keepModels: true }],
]

function run(path: string, options: Options, changes: Options, sets = dense) {
  const { train, test } = sets
  const data = options.folds ? { train, test } : { ...train.split({ valid: 0.2 }), test }
  return search({ data, ...options, folder: path, resume: true, ...changes })
}

/** The table and every model. */
function outcome(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
  const names = ['results.csv', ...files.filter((name) => name.endsWith('.safetensors'))]
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name)).toString('base64')]))
}

/** Each backend in a file of its own: a process chooses one for good. */
export function describeStacks(backend: 'native' | 'js'): void {
  describe(`stacked trials on ${backend}`, () => {
    it('are computed there', () => expect(backendInfo().backend).toBe(backend))

    it.each(studies)('give the bytes they give alone: %s', async (_, options) => {
      const folder = temporaryFolder()
      const alone = join(folder, 'alone')
      const { trials } = await run(alone, options, { stack: false, workers: 1 })
      expect(Object.keys(outcome(alone)).length).toBeGreaterThan(1)
      if (options === grid) {
        expect(new Set(trials.map(({ state }) => state))).toEqual(new Set(['completed', 'collapsed', 'failed']))
        const steps = trials.filter(({ state }) => state === 'completed').map((trial) => trial.steps!)
        expect(Math.min(...steps), 'some stop early').toBeLessThan(Math.max(...steps))
      }
      for (const [workers, stack] of [
        [1, 4],
        [2, 'auto'],
      ] as const) {
        const path = join(folder, `${workers} ${stack}`)
        await run(path, options, { stack, workers })
        expect(outcome(path), `${workers} workers, stack ${stack}`).toEqual(outcome(alone))
      }
    })

    it('give the bytes they give alone on inputs that are mostly zero', async () => {
      const folder = temporaryFolder()
      const [alone, stacked] = ['alone', 'stacked'].map((name) => join(folder, name))
      await run(alone, narrow, { stack: 1, workers: 1 }, sparse)
      await run(stacked, narrow, { stack: 4, workers: 1 }, sparse)
      expect(outcome(stacked)).toEqual(outcome(alone))
    })

    it('give the same when they are interrupted again and again, and go on in other stacks', async () => {
      const folder = temporaryFolder()
      const [alone, broken] = ['alone', 'broken'].map((name) => join(folder, name))
      await run(alone, grid, { stack: false, workers: 1 })
      let interrupted = 0
      for (const stack of [2, 4, 'auto', 3, 1, ...Array<4>(30).fill(4)] as const) {
        const controller = new AbortController()
        let happened = 0
        const count = () => {
          if (++happened === 35) controller.abort()
        }
        const callbacks = { onTrialProgress: count }
        const changes = { stack, workers: 1 + (interrupted % 2), callbacks, signal: controller.signal }
        const error = await run(broken, grid, changes).then(
          () => null,
          (reason) => reason,
        )
        if (error === null) break
        expect(error).toMatchObject({ code: 'ABORTED' })
        interrupted++
      }
      expect(interrupted).toBeGreaterThan(2)
      expect(outcome(broken)).toEqual(outcome(alone))
      await run(broken, grid, {})
      expect(outcome(broken)).toEqual(outcome(alone))
    })
  })
}
