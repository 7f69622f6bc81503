import { describe, expect, it } from 'vitest'
import { expandGrid } from '../../src/search/grid.js'
import { type RunTrialsOptions, runTrials } from '../../src/search/run-trials.js'
import { shareData } from '../../src/search/shared-data.js'
import { clusters } from '../train/toy-data.js'

const entry = new URL('./crashing-worker.mjs', import.meta.url)
const data = clusters(20).split({ valid: 0.2 })

/** Runs a trial for each learning rate; 1, 2 and 3 crash, 4 never ends. */
async function run(learningRate: readonly number[], changes: Partial<RunTrialsOptions> = {}) {
  const started: number[] = []
  const ended: [rate: number, state: string, reason?: string][] = []
  let evaluations = 0
  await runTrials({
    entry,
    input: shareData(data),
    points: expandGrid({ learningRate, hidden: [2] }),
    workers: 1,
    family: { name: 'js', contract: 1 },
    onStart: (point) => void started.push(point.config.learningRate),
    onEvaluation: () => void evaluations++,
    onEnd: async ({ config }, _, { state, reason, history }) => {
      ended.push(reason === undefined ? [config.learningRate, state] : [config.learningRate, state, reason])
      expect(history).toHaveLength(1)
    },
    ...changes,
  })
  return { started, ended, evaluations }
}

describe('runTrials', () => {
  it('fails only the trial whose worker crashes, and goes on with another worker', async () => {
    const { started, ended, evaluations } = await run([10, 1, 11, 2, 3, 12])
    expect(started).toEqual([10, 1, 11, 2, 3, 12])
    expect(ended).toEqual([
      [10, 'completed'],
      [1, 'failed', 'worker crashed: it exited with code 7'],
      [11, 'completed'],
      [2, 'failed', 'worker crashed: out of luck'],
      [3, 'failed', 'worker crashed: out of promises'],
      [12, 'completed'],
    ])
    expect(evaluations).toBe(6)
  })

  it('runs each trial once on several workers, whatever some of them do', async () => {
    const rates = [2, 10, 1, 11, 3, 12, 13]
    const { ended } = await run(rates, { workers: 3 })
    expect(ended.map(([rate]) => rate).sort((a, b) => a - b)).toEqual([...rates].sort((a, b) => a - b))
    expect(ended.filter(([, state]) => state === 'failed')).toHaveLength(3)
  })

  it('calls onEnd one at a time', async () => {
    let inside = 0
    let most = 0
    const onEnd = async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 10))
      inside--
    }
    await run([10, 11, 12, 13], { workers: 4, onEnd })
    expect(most).toBe(1)
  })

  it('ends at once when the signal fires, without an end for what was running', async () => {
    const controller = new AbortController()
    const ended: number[] = []
    const study = run([10, 4, 4.5], {
      workers: 2,
      signal: controller.signal,
      onStart: ({ config }) => {
        if (config.learningRate === 4) setTimeout(() => controller.abort(new Error('enough')), 50)
      },
      onEnd: async ({ config }) => void ended.push(config.learningRate),
    })
    await expect(study).rejects.toMatchObject({ code: 'ABORTED', cause: new Error('enough') })
    expect(ended).not.toContain(4)
    await expect(run([10], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('ends with what a callback throws', async () => {
    const full = new Error('disk full')
    const fail = () => {
      throw full
    }
    await expect(run([10, 4], { workers: 2, onEnd: async () => fail() })).rejects.toBe(full)
    await expect(run([10, 4], { workers: 2, onEvaluation: fail })).rejects.toBe(full)
    await expect(run([10, 4], { workers: 2, onStart: fail })).rejects.toBe(full)
  })

  it('refuses a worker that computes in another numeric family', async () => {
    await expect(run([10], { family: { name: 'js', contract: 2 } })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: 'gridSearch: a worker computes in family js 1, not js 2',
    })
  })

  it('says why no worker could start', async () => {
    const missing = new URL('./no-such-worker.mjs', import.meta.url)
    await expect(run([10], { entry: missing })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/no worker could start: .*no-such-worker\.mjs/),
    })
  })
})

describe('shareData', () => {
  it('copies what sets have in common once, and what is shared already not at all', () => {
    const { train, valid, test } = shareData(data)
    expect(train.values.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(valid.values).toBe(train.values)
    expect(valid.labels).toBe(train.labels)
    expect(valid.rows).not.toBe(train.rows)
    expect([...train.rows]).toEqual([...data.train.rows])
    expect([...train.values]).toEqual([...data.train.values])
    expect(test).toBeNull()
    const again = clusters(20).toShared()
    expect(shareData({ train: again, valid: again }).train.values).toBe(again.values)
  })
})
