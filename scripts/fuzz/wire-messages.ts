import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { search } from 'native-mlp'
import { internal } from './internal.js'
import { smallSet } from './small-data.js'

export type SearchOptions = Parameters<typeof search>[0]
export type Executor = Awaited<ReturnType<NonNullable<SearchOptions['executor']>>>
export type Outcome = Awaited<ReturnType<Executor['run']>>
export type Task = Parameters<Executor['run']>[0]

/** Parts of what a study and its workers exchange, each a file among the seed files. */
export const PARTS = ['study', 'task', 'start', 'evaluation', 'outcome', 'model', 'checkpoint'] as const
export type Part = (typeof PARTS)[number]
/** By loss and state, which the parts differ in. */
export const KINDS = ['classes', 'values', 'paused'] as const
export type Kind = (typeof KINDS)[number]

/** The search whose messages are changed: one trial. */
export function studyOf(kind: Kind): SearchOptions {
  const set = (rows: number) => smallSet(kind === 'values' ? 'targets' : 'floats', rows)
  const base = { hidden: 4, epochs: 3, batchSize: 16, ...(kind === 'values' && { loss: 'meanSquaredError' as const }) }
  const common = { data: { train: set(48), valid: set(12) }, base, workers: 1 }
  if (kind !== 'paused') return { ...common, strategy: 'grid', grid: { learningRate: [0.1] } }
  const halving = { minSteps: 3, maxSteps: 9, factor: 3 }
  return { ...common, strategy: 'halving', space: { learningRate: { uniform: [0.1, 0.2] } }, trials: 2, halving }
}

/** Runs a search of each kind and keeps the messages of its first task. */
export async function writeMessages(folder: string): Promise<void> {
  const { runTask } = await internal('search/trial/run-task.js')
  const { encode, QUEUE_FORMAT } = await internal('search/queue/wire.js')
  for (const kind of KINDS) {
    const own = join(folder, kind)
    mkdirSync(own, { recursive: true })
    const write = (part: Part, content: object | Uint8Array | null) =>
      content && writeFileSync(join(own, part), content instanceof Uint8Array ? content : encode(content))
    const options = studyOf(kind)
    const run: Executor['run'] = async (task, checkpoint, callbacks) => {
      let last: Uint8Array | null = null
      const outcome: Outcome = await runTask(task, options.data, {
        checkpoint,
        onEvaluation: (entry: object, share: number) =>
          write('evaluation', { type: 'evaluation', worker: 'host:1', entry, share }),
        onCheckpoint: (content: Uint8Array) => {
          last = content
        },
      })
      if (last) await callbacks.onCheckpoint(last)
      if (task.trial > 0 || (kind === 'paused' && outcome.state !== 'paused')) return outcome
      const { model, ...rest } = outcome
      write('task', task)
      write('start', { type: 'start', worker: 'host:1' })
      write('outcome', rest)
      write('model', model)
      write('checkpoint', outcome.state === 'paused' ? last : null)
      return outcome
    }
    await search({ ...options, executor: async () => ({ slots: 1, run, close: async () => {} }) })
    const recipe = { data: { idx: { folder: join(folder, '..', 'data') }, scale: 'unit', digest: '0' }, folds: 1 }
    const family = { name: 'native', contract: 1 }
    write('study', { format: QUEUE_FORMAT, version: '0.1.0', id: 'a', family, digest: '0', recipe, open: true })
  }
}
