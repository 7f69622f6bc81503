import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadStudy, search, showSearchProgress } from 'native-mlp'
import { type Mutator, mutateJsonFile, mutateSafetensors } from './containers.js'
import { internal } from './internal.js'
import type { Target } from './targets.js'
import {
  type Executor,
  KINDS,
  type Kind,
  type Outcome,
  PARTS,
  type Part,
  type SearchOptions,
  studyOf,
  type Task,
} from './wire-messages.js'

type Files = { [part in Part]: Uint8Array | null }

const text = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes ?? new Uint8Array(0))

const JSON_PARTS: readonly Part[] = ['study', 'task', 'start', 'evaluation', 'outcome']

/**
 * Targets for all that others can write into Redis: a study and its tasks, as a worker reads them, results and events, as a
 * study does.
 *
 * @param seeds folder of `makeSeedFiles`
 * @param work folder for what a search writes
 */
export async function wireTargets(seeds: string, work: string): Promise<Target[]> {
  const reads = await readers(work)
  return KINDS.flatMap((kind) => {
    const files = filesOf(join(seeds, 'messages', kind))
    return Object.entries(reads).flatMap(([name, { parts, share, read }]) =>
      parts
        .filter((part) => files[part] !== null)
        .map((part): Target => {
          const mutate: Mutator = JSON_PARTS.includes(part) ? mutateJsonFile : mutateSafetensors
          return {
            name: `wire: ${name} (${kind}, ${part})`,
            share,
            content: (random) => mutate(files[part]!, random),
            run: (_, content) => read({ ...files, [part]: content }, kind),
          }
        }),
    )
  })
}

function filesOf(folder: string): Files {
  const read = (part: Part) => {
    try {
      return new Uint8Array(readFileSync(join(folder, part)))
    } catch {
      return null
    }
  }
  return Object.fromEntries(PARTS.map((part) => [part, read(part)])) as Files
}

interface Reader {
  readonly parts: readonly Part[]
  readonly share: number
  readonly read: (files: Files, kind: Kind) => unknown
}

async function readers(work: string): Promise<Record<string, Reader>> {
  const { decodeStudy, decodeTask, decodeEvent, encode } = await internal('search/queue/wire.js')
  const { QueueStore } = await internal('search/queue/store.js')
  const { runTask, openCheckpoint } = await internal('search/trial/run-task.js')
  const { checkOutcome } = await internal('search/trial/task.js')
  const { readStudy } = await internal('cli/run/read-trials.js')

  /** As a study takes it from Redis. */
  const received = async (files: Files, task: Task, data: SearchOptions['data']): Promise<Outcome> => {
    const store = new QueueStore(redisOf(files), 'a')
    const { outcome, checkpoint } = await store.result('job', text(files.task))
    checkOutcome(outcome, task, data, 'the result')
    if (checkpoint) openCheckpoint(checkpoint, task.config, task.untilStep)
    return outcome
  }
  return {
    study: {
      parts: ['study'],
      share: 40,
      read: async (files) => loadStudy(decodeStudy(text(files.study)).recipe),
    },
    'task, run': {
      parts: ['task', 'checkpoint'],
      share: 60,
      read: async (files, kind) => {
        const task: Task = decodeTask(text(files.task))
        if (isLarge(task)) return
        const { data } = studyOf(kind)
        const signal = AbortSignal.timeout(300)
        encode(await runTask(task, data, { checkpoint: files.checkpoint, signal }))
      },
    },
    result: {
      parts: ['outcome', 'model', 'checkpoint'],
      share: 150,
      read: (files, kind) => received(files, decodeTask(text(files.task)), studyOf(kind).data),
    },
    'result, search': {
      parts: ['outcome', 'model'],
      share: 20,
      read: async (files, kind) => {
        const folder = join(work, 'study')
        const options = studyOf(kind)
        const run: Executor['run'] = async (task) =>
          task.trial === 0
            ? await received(files, task, options.data)
            : await runTask(task, options.data, { checkpoint: null })
        const executor = async () => ({ slots: 1, run, close: async () => {} })
        if (kind === 'paused') return
        await search({ ...options, folder, executor })
        // a result that was taken must not make the folder unreadable
        await asRaw(() => readStudy(folder))
        await asRaw(() => search({ ...options, folder, resume: true }))
      },
    },
    'event, search': {
      parts: ['start', 'evaluation'],
      share: 60,
      read: async (files, kind) => {
        const options = studyOf(kind)
        const start = decodeEvent(text(files.start))
        const evaluation = decodeEvent(text(files.evaluation))
        const run: Executor['run'] = async (task, checkpoint, { onStart, onEvaluation }) => {
          for (const event of [start, evaluation]) {
            if (event.type === 'start') onStart(event.worker)
            if (event.type === 'evaluation') onEvaluation(event.entry, event.share)
          }
          return await runTask(task, options.data, { checkpoint })
        }
        const executor = async () => ({ slots: 1, run, close: async () => {} })
        if (kind === 'paused') return
        for (const isTTY of [true, false]) {
          const progress = showSearchProgress({ stream: { isTTY, columns: 80, rows: 24, write: () => true } })
          // what is only shown must not end a study
          await asRaw(() => search({ ...options, executor, callbacks: progress.callbacks })).finally(progress.stop)
        }
      },
    },
  }
}

/** An error of the package here is a fault. */
async function asRaw(call: () => Promise<unknown>): Promise<void> {
  try {
    await call()
  } catch (cause) {
    throw new Error(`after it was taken: ${(cause as Error).message}`, { cause })
  }
}

/** The commands that a study reads a result with. */
function redisOf({ outcome, task, model, checkpoint }: Files): object {
  const fields = { outcome, task, model, checkpoint } as Record<string, Uint8Array | null>
  return {
    hstrlen: async (_: string, field: string) => fields[field]?.length ?? 0,
    hmgetBuffer: async (_: string, ...names: string[]) =>
      names.map((name) => (fields[name] ? Buffer.from(fields[name]) : null)),
  }
}

/** A valid task may ask for more memory or time than an input may take. */
function isLarge({ config }: Task): boolean {
  const hidden = [config.hidden ?? []].flat() as number[]
  return hidden.reduce((sum, size) => sum + size, 0) > 500 || hidden.length > 20
}
