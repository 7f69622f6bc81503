import { BroadcastChannel } from 'node:worker_threads'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { HistoryEntry } from '../../../src/core/results.js'
import { LocalExecutor, type LocalExecutorOptions } from '../../../src/search/threads/executor.js'
import { shareData } from '../../../src/search/threads/thread.js'
import type { TaskCallbacks, TrialTask } from '../../../src/search/trial/task.js'
import { clusters } from '../../train/toy-data.js'

const entry = new URL('./crashing-worker.mjs', import.meta.url)
const data = clusters(20).split({ valid: 0.2 })
const family = { name: 'js', contract: 1 } as const
const opened: LocalExecutor[] = []
const heldTasks = new BroadcastChannel('end what is held')

afterAll(() => heldTasks.close())
afterEach(async () => {
  for (const executor of opened.splice(0)) await executor.close()
})

function open(changes: Partial<LocalExecutorOptions> = {}): LocalExecutor {
  const executor = new LocalExecutor({ entry, folds: [data], workers: 1, family, ...changes })
  opened.push(executor)
  return executor
}

/** A trial for a learning rate; 1, 2 and 3 crash, 4, 4.5 and 4.75 never end, 6 does when it is told. */
function task(learningRate: number): TrialTask {
  return { trial: 0, fold: 0, config: { learningRate, hidden: 2 }, untilStep: null }
}

function record(changes: Partial<TaskCallbacks> = {}) {
  const seen = { starts: [] as (number | string)[], entries: [] as HistoryEntry[], checkpoints: [] as number[] }
  const callbacks: TaskCallbacks = {
    onStart: (worker) => void seen.starts.push(worker),
    onEvaluation: (evaluation) => void seen.entries.push(evaluation),
    onCheckpoint: (bytes) => void seen.checkpoints.push(bytes[0]),
    ...changes,
  }
  return { seen, callbacks }
}

/** However long the thread takes to start. */
function heard(assertion: () => void): Promise<void> {
  return vi.waitFor(assertion, { timeout: 60_000 })
}

/** What begins together: a worker tells nothing of a task before it has all tasks of the stack, and all of each in order. */
class Stacks {
  readonly all: number[][] = []
  readonly #growing = new Map<number | string, number[]>()

  start(worker: number | string, which: number): void {
    const stack = this.#growing.get(worker) ?? []
    if (stack.length === 0) this.all.push(stack)
    stack.push(which)
    this.#growing.set(worker, stack)
  }

  hear(worker: number | string): void {
    this.#growing.delete(worker)
  }
}

describe('LocalExecutor', () => {
  it('fails only the task whose workers crash again and again, and goes on with another one', async () => {
    const executor = open()
    for (const [rate, reason] of [
      [1, 'it exited with code 7'],
      [2, 'out of luck'],
      [3, 'out of promises'],
    ] as const) {
      const { seen, callbacks } = record()
      const outcome = await executor.run(task(rate), null, callbacks)
      expect(outcome).toMatchObject({ state: 'failed', reason: `worker crashed: ${reason} (3 times)`, model: null })
      expect(outcome.history, 'once, however often it was made').toHaveLength(1)
      expect(seen.starts).toEqual([0, 0, 0])
      expect(seen.entries).toHaveLength(3)
    }
    expect(await executor.run(task(10), null, record().callbacks)).toMatchObject({ state: 'completed' })
  })

  it('goes on from the last checkpoint when a worker crashes', async () => {
    const { seen, callbacks } = record()
    expect(await open().run(task(1.5), null, callbacks)).toMatchObject({ state: 'completed' })
    expect(seen.checkpoints).toEqual([1, 2, 3])
  })

  it('starts again where a checkpoint is refused, and says so', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      const { seen, callbacks } = record()
      expect(await open().run(task(5), Uint8Array.of(7), callbacks)).toMatchObject({ state: 'completed' })
      expect(seen.checkpoints.at(-1)).toBe(1)
      expect(warnings.mock.calls).toEqual([['trial 0 starts again: not mine', 'NativeMlpWarning']])
    } finally {
      warnings.mockRestore()
    }
  })

  it('runs more tasks than it has workers one after another', async () => {
    const executor = open({ workers: 2 })
    const { seen, callbacks } = record()
    const outcomes = await Promise.all([10, 11, 12, 13, 1].map((rate) => executor.run(task(rate), null, callbacks)))
    expect(outcomes.map(({ state }) => state)).toEqual([...Array(4).fill('completed'), 'failed'])
    expect(new Set(seen.starts)).toEqual(new Set([0, 1]))
  })

  it('hands out a last checkpoint when it is closed, and waits until it is put away', async () => {
    const executor = open({ workers: 2 })
    let saved = 0
    const { seen, callbacks } = record({
      onCheckpoint: async (bytes) => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        saved = bytes[0]
      },
    })
    const running = executor.run(task(4.5), null, callbacks)
    running.catch(() => undefined)
    await heard(() => expect(seen.entries).toHaveLength(1))
    await executor.close()
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
    expect(saved).toBe(99)
    await expect(executor.run(task(10), null, callbacks)).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('does not wait for ever for a worker that does not listen', async () => {
    const executor = open()
    const { seen, callbacks } = record()
    const running = executor.run(task(4), null, callbacks)
    running.catch(() => undefined)
    await heard(() => expect(seen.entries).toHaveLength(1))
    await executor.close()
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('ends a task with what a callback throws', async () => {
    const full = new Error('disk full')
    const fail = () => {
      throw full
    }
    for (const changes of [{ onStart: fail }, { onEvaluation: fail }, { onCheckpoint: fail }]) {
      await expect(open().run(task(4), null, record(changes).callbacks)).rejects.toBe(full)
    }
    await expect(open().run(task(4), null, record({ onCheckpoint: async () => fail() }).callbacks)).rejects.toBe(full)
  })

  it('refuses a worker that computes in another numeric family', async () => {
    const executor = open({ family: { name: 'js', contract: 2 } })
    await expect(executor.run(task(10), null, record().callbacks)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: 'search: a worker computes in family js 1, not js 2',
    })
  })

  it('says why no worker could start', async () => {
    const executor = open({ entry: new URL('./no-such-worker.mjs', import.meta.url) })
    await expect(executor.run(task(10), null, record().callbacks)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/no worker could start: .*no-such-worker\.mjs/),
    })
  })
})

describe('stacks', () => {
  type Start = { readonly rate: number; readonly worker: number | string }

  /** @param mayEnd whether the tasks of rate 6 that run may end, asked whenever a worker has told something */
  async function starts(
    rates: number[],
    changes: Partial<LocalExecutorOptions>,
    { hidden = 2, mayEnd = () => true }: { hidden?: number; mayEnd?: (log: readonly Start[]) => boolean } = {},
  ) {
    const executor = open(changes)
    const log: Start[] = []
    const stacks = new Stacks()
    const run = (rate: number) => {
      let worker: number | string = -1
      const onStart = (name: number | string) => {
        worker = name
        log.push({ rate, worker })
        stacks.start(worker, rate)
      }
      const onEvaluation = () => {
        stacks.hear(worker)
        if (mayEnd(log)) heldTasks.postMessage('')
      }
      const one = { ...task(rate), config: { learningRate: rate, hidden } }
      return executor.run(one, null, record({ onStart, onEvaluation }).callbacks)
    }
    return { outcomes: await Promise.all(rates.map(run)), stacks: stacks.all, log }
  }

  it('takes as many tasks of one shape at once as the option says, and has twice as many at hand', async () => {
    expect(open({ stack: 3, workers: 2 }).slots).toBe(12)
    expect(open({ stack: 1, workers: 2 }).slots).toBe(2)
    expect(open({ stack: false, workers: 2 }).slots).toBe(2)
    expect(open({ workers: 2 }).slots).toBe(2)
    const { stacks } = await starts([6, 6.1, 6.2, 6.3, 6.4, 6.5, 6.6], { stack: 3 })
    expect(stacks).toEqual([[6, 6.1, 6.2], [6.3, 6.4, 6.5], [6.6]])
  })

  it('leaves no worker without a task', async () => {
    const bothWork = (log: readonly Start[]) => new Set(log.map(({ worker }) => worker)).size === 2
    const { stacks, log } = await starts([6, 6.1, 6.2, 6.3], { stack: 4, workers: 2 }, { mayEnd: bothWork })
    expect(stacks.flat().sort()).toEqual([6, 6.1, 6.2, 6.3])
    expect(Math.max(...stacks.map(({ length }) => length))).toBeLessThan(4)
    expect(new Set(log.map(({ worker }) => worker))).toEqual(new Set([0, 1]))
  })

  it("takes as many as are fast together, with 'auto'", async () => {
    const { stacks } = await starts([6, 6.1, 6.2], { stack: 'auto' }, { hidden: 200 })
    expect(stacks.map(({ length }) => length)).toEqual([2, 1])
  })

  it('stacks what differs in nothing but learning rate, regularisation and initial weights', async () => {
    const executor = open({ stack: 8 })
    const stacks = new Stacks()
    const base = { batchSize: 8, hidden: 4, seed: 1, learningRate: 7 }
    const tasks: TrialTask[] = [
      { trial: 0, fold: 0, untilStep: null, config: base },
      { trial: 1, fold: 0, untilStep: null, config: { ...base, batchSize: 9 } },
      {
        trial: 2,
        fold: 0,
        untilStep: null,
        config: { l2: 1, l2Biases: true, init: 'glorot', ...base, learningRate: 7.1 },
      },
      { trial: 3, fold: 1, untilStep: null, config: base },
      { trial: 4, fold: 0, untilStep: 7, config: base },
      { trial: 5, fold: 0, untilStep: null, config: { ...base, seed: 2 } },
    ]
    const run = (one: TrialTask) => {
      const onStart = (worker: number | string) => stacks.start(worker, one.trial)
      return executor.run(one, null, record({ onStart, onEvaluation: () => stacks.hear(0) }).callbacks)
    }
    await Promise.all(tasks.map(run))
    expect(stacks.all).toEqual([[0, 2], [1], [3], [4], [5]])
  })

  it('tries each task of a stack alone whose worker has crashed, so that only the one that crashes fails', async () => {
    const hasBegunAgain = (log: readonly Start[]) => log.filter(({ rate }) => rate === 6).length === 2
    const { outcomes, log } = await starts([6, 1, 6.5, 1.5], { stack: 4 }, { mayEnd: hasBegunAgain })
    expect(outcomes.map(({ state }) => state)).toEqual(['completed', 'failed', 'completed', 'completed'])
    expect(log.filter(({ rate }) => rate === 6)).toHaveLength(2)
    expect(log.filter(({ rate }) => rate === 1)).toHaveLength(3)
  })

  it('hands out a last checkpoint of each task when it is closed, and begins none that waits', async () => {
    const executor = open({ stack: 2 })
    const kept = [0, 0, 0]
    const runs = [4.5, 4.5, 4.5].map((rate, i) => {
      const { seen, callbacks } = record({ onCheckpoint: (bytes) => void kept.splice(i, 1, bytes[0]) })
      return { seen, result: executor.run(task(rate), null, callbacks) }
    })
    for (const { result } of runs) result.catch(() => undefined)
    await heard(() => expect(runs.map(({ seen }) => seen.entries.length)).toEqual([1, 1, 0]))
    await executor.close()
    for (const { result } of runs) await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    expect(kept).toEqual([99, 99, 0])
    expect(runs[2].seen.starts).toEqual([])
  })

  it('does not end a worker before each task of its stack has handed out its last checkpoint', async () => {
    const executor = open({ stack: 2 })
    const kept = [0, 0]
    let told = 0
    let isClosing = false
    // told after the other task has stopped: a worker's messages arrive in order
    const onEvaluation = () => {
      told++
      if (isClosing) setImmediate(() => heldTasks.postMessage(''))
    }
    const results = [4.5, 4.75].map((rate, i) => {
      const onCheckpoint = (bytes: Uint8Array) => void kept.splice(i, 1, bytes[0])
      return executor.run(task(rate), null, record({ onCheckpoint, onEvaluation }).callbacks)
    })
    for (const result of results) result.catch(() => undefined)
    await heard(() => expect(told).toBe(2))
    isClosing = true
    await executor.close()
    for (const result of results) await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    expect(kept).toEqual([99, 99])
  })
})

describe('shareData', () => {
  it('copies what sets and folds have in common once, and what is shared already not at all', () => {
    const [{ train, valid, test }, other] = shareData([data, { train: data.valid, valid: data.train }]).folds
    expect(train.values.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(valid.values).toBe(train.values)
    expect(valid.labels).toBe(train.labels)
    expect(other.valid.rows).toBe(train.rows)
    expect(valid.rows).not.toBe(train.rows)
    expect([...train.rows]).toEqual([...data.train.rows])
    expect([...train.values]).toEqual([...data.train.values])
    expect(test).toBeNull()
    const again = clusters(20).toShared()
    expect(shareData([{ train: again, valid: again }]).folds[0].train.values).toBe(again.values)
  })
})
