import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { queueName, recordKey, STUDIES, taskKey } from '../../../src/search/queue/wire.js'
import type { TrialOutcome, TrialTask } from '../../../src/search/trial/task.js'
import { writeStripes } from '../../cli/command.js'
import {
  BEGUN,
  essence,
  Listener,
  SILENT,
  StudyFixture,
  tasks,
  until,
  type WorkerProcess,
  wait,
} from './queue-study.js'
import { RedisServer, redisMissing } from './redis-server.js'

const missing = redisMissing()
const [SHORT, OTHER] = tasks(2, 3)
/** Whoever takes it is interrupted by the test, on a machine of any speed. */
const ENDLESS: TrialTask = { ...OTHER, config: { ...OTHER.config, epochs: 1e8, evaluateEvery: 2000 } }

async function allKeys(redis: Redis): Promise<string[]> {
  return (await redis.keys('*')).filter((key) => !key.endsWith(':stalled-check'))
}

describe.skipIf(missing)('a worker on a queue', () => {
  const study = new StudyFixture()
  let server: RedisServer
  let redis: Redis
  let short: TrialOutcome

  beforeAll(async () => {
    short = (await study.reference([SHORT]))[0]
    server = await RedisServer.start()
    redis = new Redis(server.port, '127.0.0.1')
  }, 60_000)
  afterEach(async () => {
    await study.stop()
    await redis.flushall()
  })
  afterAll(async () => {
    redis?.disconnect()
    await server?.remove()
  })

  async function hasCheckpoint(): Promise<boolean> {
    const [key] = await redis.keys('native-mlp:checkpoint:*')
    return key !== undefined && (await redis.hexists(key, 'bytes')) === 1
  }

  it('ends when there is nothing to do, with --once', async () => {
    const worker = study.worker(server.url, ['--once'])
    expect(await worker.ended()).toBe(0)
    expect(worker.output).toMatch(/^backend: .*\n$/)
  })

  it('tells of starts and evaluations, and leaves nothing behind', async () => {
    const executor = await study.open(server.url)
    const worker = study.worker(server.url, ['--name', 'me'])
    const [starts, steps]: [unknown[], number[]] = [[], []]
    const outcome = await executor.run(SHORT, null, {
      ...SILENT,
      onStart: (name) => starts.push(name),
      onEvaluation: ({ step }) => steps.push(step),
    })
    expect(essence(outcome)).toEqual(essence(short))
    expect(starts).toEqual(['me'])
    expect(steps).toEqual(short.history.map(({ step }) => step))
    await executor.close()
    await worker.said(/: closed/)
    await worker.leave()
    expect(await allKeys(redis)).toEqual([expect.stringMatching(/^native-mlp:record:/)])
    expect(await redis.pttl((await allKeys(redis))[0])).toBeGreaterThan(0)
    await expect(executor.run(SHORT, null, SILENT)).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('saves and gives back its trial at SIGTERM; the next one goes on from there', async () => {
    const executor = await study.open(server.url)
    const first = study.worker(server.url)
    const listener = new Listener()
    const result = executor.run(ENDLESS, null, listener.callbacks).catch((error) => error.code)
    await listener.hears(first.name)
    await first.leave()
    const second = study.worker(server.url)
    await listener.hears(second.name)
    await executor.close()
    expect(await result).toBe('ABORTED')
    await second.said(/trial 1: continues from its last checkpoint/)
    const steps = listener.told.map(({ entry }) => entry.step)
    expect(steps, 'none twice').toEqual([...new Set(steps)].sort((a, b) => a - b))
    await listener.expectTrue(study, ENDLESS)
  })

  it('hands its last checkpoint to a study that is closed, from which it goes on anywhere', async () => {
    const executor = await study.open(server.url)
    const worker = study.worker(server.url)
    const before = new Listener()
    const result = executor.run(ENDLESS, null, before.callbacks).catch((error) => error.code)
    await until(hasCheckpoint, () => `a checkpoint: ${worker.output}`)
    await executor.close()
    expect(await result).toBe('ABORTED')
    await worker.said(/: closed/)
    expect(before.last).not.toBeNull()
    await redis.flushall()
    const again = await study.open(server.url)
    const after = new Listener()
    void again.run(ENDLESS, before.last, after.callbacks).catch(() => undefined)
    await after.hears()
    await worker.said(/continues from its last checkpoint/)
    await again.close()
    await after.expectTrue(study, ENDLESS)
  })

  it('pauses at a rung with a checkpoint, and goes on to the next with the same bits', async () => {
    const executor = await study.open(server.url)
    study.worker(server.url)
    let last: Uint8Array | null = null
    const onCheckpoint = (bytes: Uint8Array) => {
      last = bytes
    }
    const callbacks = { ...SILENT, onCheckpoint }
    const paused = await executor.run({ ...SHORT, untilStep: 50 }, null, callbacks)
    expect(paused).toMatchObject({ state: 'paused', steps: 50, model: null })
    expect(essence(await executor.run(SHORT, last, callbacks))).toEqual(essence(short))
    await executor.close()
  })

  it('computes a task once that was enqueued by two lives of a study', async () => {
    const killed = await study.open(server.url)
    void killed.run(SHORT, null, SILENT).catch(() => undefined)
    const worker = study.worker(server.url)
    await worker.said(/trial 0: completed/)
    const resumed = await study.open(server.url)
    expect(essence(await resumed.run(SHORT, null, SILENT))).toEqual(essence(short))
    await worker.leave()
    expect(worker.output.match(/trial 0: begins/g)).toHaveLength(1)
    await killed.close()
    await resumed.close()
  })

  it('begins again where the checkpoint in Redis is damaged', async () => {
    const executor = await study.open(server.url)
    const result = executor.run(SHORT, new Uint8Array([1, 2, 3]), SILENT)
    const worker = study.worker(server.url)
    expect(essence(await result)).toEqual(essence(short))
    expect(worker.output).toMatch(/warning: trial 0 starts again: .*checkpoint/)
    await executor.close()
  })

  it('is named with the other one when the two of them find different results', async () => {
    const executor = await study.open(server.url)
    const [id] = await redis.zrange(STUDIES, '0', '-1')
    const job = 'trial-0-fold-0-until-end'
    await redis.hset(taskKey(id, job, 'digests'), 'liar', 'ffffffffffffffff')
    const result = executor.run(SHORT, null, SILENT)
    study.worker(server.url, ['--name', 'honest'])
    await expect(result).rejects.toThrow(
      new RegExp(`trial 0: worker liar found f{16}, worker honest found ${short.digest}; one of`),
    )
    await expect(executor.run(ENDLESS, null, SILENT)).rejects.toMatchObject({ code: 'RESULTS_DIFFER' })
    await executor.close()
  })

  /** As if five workers had died of the task before this one does. */
  async function killSixth(worker: WorkerProcess): Promise<void> {
    const [key] = await redis.keys('native-mlp:study-*:trial-1-*-end')
    await redis.hset(key, 'stc', 5)
    worker.kill('SIGKILL')
  }

  it('tries a trial again that takes workers down but gets on', async () => {
    const executor = await study.open(server.url)
    const listener = new Listener()
    const stubborn = executor.run(ENDLESS, null, listener.callbacks).catch((error) => error.code)
    const first = study.worker(server.url)
    await until(hasCheckpoint, () => `a checkpoint: ${first.output}`)
    await killSixth(first)
    const second = study.worker(server.url)
    await listener.hears(second.name)
    await second.said(/continues from its last checkpoint/)
    await executor.close()
    expect(await stubborn).toBe('ABORTED')
    await listener.expectTrue(study, ENDLESS)
  })

  it('gives up a trial that takes workers down and does not get on', async () => {
    const executor = await study.open(server.url)
    let outcome: TrialOutcome | null = null
    void executor.run(ENDLESS, null, SILENT).then((failed) => {
      outcome = failed
    })
    while (outcome === null) {
      const worker = study.worker(server.url)
      const has = (words: RegExp) => words.test(worker.output)
      await until(
        () => outcome !== null || has(BEGUN),
        () => worker.output,
      )
      // one that was killed too late has got on, and another one is needed
      if (outcome === null) await killSixth(worker)
    }
    const reason = 'every worker failed: job stalled more than allowable limit'
    expect(outcome).toMatchObject({ state: 'failed', reason, digest: null })
  })

  it('refuses what it must not mix, once, by name, and leaves it to others', async () => {
    const other = { name: 'js' as const, contract: 99 }
    const executors = [
      await study.open(server.url, { family: other }),
      await study.open(server.url, { data: { digest: 'of something else', recipe: {} } }),
    ]
    const bad = { format: 2, version: '9.9.9' }
    const announce = (id: string, score: number) =>
      redis.multi().set(recordKey(id), JSON.stringify(bad)).zadd(STUDIES, score, id).exec()
    await announce('future', 1)
    const results = executors.map((executor) => executor.run(SHORT, null, SILENT).catch((error) => error.code))
    const elsewhere = writeStripes(`${study.folder}/elsewhere`, 1500, 101)
    const own = await study.open(server.url)
    results.push(own.run(SHORT, null, SILENT).catch((error) => error.code))
    const worker = study.worker(server.url, ['--data', elsewhere])
    await until(
      () => worker.output.match(/is refused/g)?.length === 4,
      () => `four refusals: ${worker.output}`,
    )
    const later = Date.now() + 3_600_000
    await announce('after-all-others', later)
    await worker.said(/study after-all-others is refused/)
    const { name, contract } = study.family
    for (const words of [
      /study future is refused: .*9\.9\.9/,
      `numeric family does not match: the study has js 99, this worker ${name} ${contract}`,
      'data.digest: expected a recipe with a digest, got undefined',
      /data digest does not match: expected \w{64}, got \w{64}/,
    ]) {
      expect(worker.output).toMatch(words)
    }
    expect(worker.output.match(/is refused/g)).toHaveLength(5)
    for (const id of await redis.zrange(STUDIES, '0', '-1')) {
      const jobs = `native-mlp:${queueName(id)}:wait`
      if (!['future', 'after-all-others'].includes(id)) {
        await until(
          async () => (await redis.llen(jobs)) === 1,
          () => `the job of ${id}`,
        )
      }
    }
    for (const executor of [...executors, own]) await executor.close()
    expect(await Promise.all(results)).toEqual(['ABORTED', 'ABORTED', 'ABORTED'])
  })

  it.runIf(study.family.name === 'native')('of the pure TypeScript backend does not take native trials', async () => {
    const executor = await study.open(server.url)
    const result = executor.run(SHORT, null, SILENT)
    const js = study.worker(server.url, [], { NATIVE_MLP_BACKEND: 'js' })
    await js.said(/is refused: numeric family does not match: the study has native \d+, this worker js \d+/)
    study.worker(server.url)
    expect(essence(await result)).toEqual(essence(short))
    expect(js.output).not.toContain('begins')
    await executor.close()
  })

  it('waits for a server that is away', async () => {
    const late = await RedisServer.start()
    onTestFinished(() => late.remove())
    await late.stop()
    const worker = study.worker(late.url, ['--idle-exit', '1'])
    await worker.said(/cannot be reached \(.*ECONNREFUSED.*\); waiting for it/)
    await wait(700)
    await late.start()
    expect(await worker.ended()).toBe(0)
    expect(worker.output.match(/cannot be reached/g)).toHaveLength(1)
    expect(worker.output).toMatch(/is connected/)
    await late.stop()
    await expect(study.open(late.url, { patienceMs: 300 })).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' })
  })
})
