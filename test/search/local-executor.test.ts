import { afterEach, describe, expect, it, vi } from 'vitest'
import type { HistoryEntry } from '../../src/core/results.js'
import { LocalExecutor, type LocalExecutorOptions } from '../../src/search/local-executor.js'
import { shareData } from '../../src/search/shared-data.js'
import type { TaskCallbacks, TrialTask } from '../../src/search/task.js'
import { clusters } from '../train/toy-data.js'

const entry = new URL('./crashing-worker.mjs', import.meta.url)
const data = clusters(20).split({ valid: 0.2 })
const family = { name: 'js', contract: 1 } as const
const opened: LocalExecutor[] = []

afterEach(async () => {
  for (const executor of opened.splice(0)) await executor.close()
})

function open(changes: Partial<LocalExecutorOptions> = {}): LocalExecutor {
  const executor = new LocalExecutor({ entry, folds: [data], workers: 1, family, ...changes })
  opened.push(executor)
  return executor
}

/** A trial for a learning rate; 1, 2 and 3 crash, 4 and 4.5 never end. */
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
    await vi.waitFor(() => expect(seen.entries).toHaveLength(1))
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
    await vi.waitFor(() => expect(seen.entries).toHaveLength(1))
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
