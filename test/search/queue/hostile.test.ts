import { join } from 'node:path'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { loadModel, MLP, onQueue, search } from 'native-mlp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NativeMlpError } from '../../../src/core/errors.js'
import { encodeModel } from '../../../src/io/model-bytes.js'
import { connectQueue, queueAddress } from '../../../src/search/queue/connection.js'
import { openQueueExecutor } from '../../../src/search/queue/executor.js'
import { StudyService } from '../../../src/search/queue/service.js'
import {
  decodeStudy,
  excludedKey,
  jobId,
  PREFIX,
  queueName,
  recordKey,
  STUDIES,
  taskKey,
} from '../../../src/search/queue/wire.js'
import { readJournal } from '../../../src/search/store/journal.js'
import type { TrialOutcome } from '../../../src/search/trial/task.js'
import { essence, SILENT, StudyFixture, tasks, until, wait } from './queue-study.js'
import { RedisServer, redisMissing } from './redis-server.js'

const missing = redisMissing()

/** Whoever reaches the server can write into it. */
describe.skipIf(missing !== null)('a server with strange contents', () => {
  const [task, other] = tasks(2, 2)
  const id = jobId(task)
  let server: RedisServer
  let redis: Redis
  let study: StudyFixture
  let expected: TrialOutcome

  beforeAll(async () => {
    server = await RedisServer.start()
    redis = new Redis(server.url)
    study = new StudyFixture()
    expected = (await study.reference([task]))[0]
  })
  beforeEach(async () => void (await redis.flushall()))
  afterEach(() => study.killWorkers())
  afterAll(async () => {
    redis.disconnect()
    await study.stop()
    await server.remove()
  })

  it('is no reason for a worker to end: it refuses by name what is no study', async () => {
    const record = { format: 1, version: '1', family: study.family, digest: 'd', recipe: {}, open: true }
    const [notJson, ofAnother, noString] = ['a', 'b', 'c'].map((letter) => letter.repeat(16))
    await redis.zadd(STUDIES, '1', 'evil:id\n', '2', notJson, '3', ofAnother, '4', noString)
    await redis.set(recordKey(notJson), '{')
    await redis.set(recordKey(ofAnother), JSON.stringify({ ...record, id: 'y:z' }))
    await redis.lpush(recordKey(noString), 'x')
    const worker = study.worker(server.url, ['--once'])
    expect(await worker.ended()).toBe(0)
    for (const words of [
      'study "evil:id\\n" is refused: invalid study id',
      `study ${notJson} is refused: a study in Redis is not JSON`,
      `study ${ofAnother} is refused: its record has the id "y:z"`,
      `study ${noString} is refused: WRONGTYPE`,
    ]) {
      expect(worker.output).toContain(words)
    }
  })

  it('ends study and worker with an error that says why, and not with a hang', async () => {
    await redis.set(STUDIES, 'not a sorted set')
    const refusal = { code: 'QUEUE_UNAVAILABLE', message: expect.stringMatching(/^redis:[^:]*:\d+: WRONGTYPE/) }
    await expect(study.open(server.url)).rejects.toMatchObject(refusal)
    const worker = study.worker(server.url, ['--once'])
    expect(await worker.ended()).toBe(1)
    expect(worker.output).toMatch(/^error \[QUEUE_UNAVAILABLE\]: .*WRONGTYPE/m)
    expect(worker.output).not.toContain('    at ')
    const database = `${server.url}/99`
    const outOfRange = { code: 'QUEUE_UNAVAILABLE', message: `${database}: ERR DB index is out of range` }
    await expect(study.open(database)).rejects.toMatchObject(outOfRange)
  })

  it('gives no wrong result: neither by a forged job, nor a forged result, nor a forged event', async () => {
    const said: string[] = []
    const executor = await study.open(server.url, { log: (line) => void said.push(line) })
    const name = (await redis.zrange(STUDIES, '0', '-1'))[0]
    const queue = new Queue(queueName(name), { connection: redis, prefix: PREFIX })
    const config = { ...task.config, learningRate: other.config.learningRate }
    const forged = await queue.add('task', JSON.stringify({ ...task, config }), { jobId: id })
    await forged.updateProgress('{"type":"evaluation"}')
    const digest = 'f'.repeat(16)
    const outcome = JSON.stringify({ ...expected, model: undefined, digest })
    await redis.hset(taskKey(name, id, 'result'), { worker: 'x', task: JSON.stringify(task), outcome })
    const run = executor.run(task, null, SILENT)
    study.worker(server.url)
    expect(essence(await run)).toEqual(essence(expected))
    expect(said.join('\n')).toContain('invalid result')
    await queue.close()
    await executor.close()
  })

  it('ends no study by an event, whatever it holds, and shows none that is invalid', async () => {
    const lines: string[] = []
    const executor = await study.open(server.url, { log: (line) => void lines.push(line) })
    const name = (await redis.zrange(STUDIES, '0', '-1'))[0]
    const queue = new Queue(queueName(name), { connection: redis, prefix: PREFIX })
    const shares: number[] = []
    const run = executor.run(task, null, { ...SILENT, onEvaluation: (_, share) => void shares.push(share) })
    await until(
      async () => (await queue.getJob(id)) !== undefined,
      () => 'the job',
    )
    const job = (await queue.getJob(id))!
    const entry = { step: 0, epoch: 0, valid: { loss: 1, accuracy: 0.5 } }
    const evaluation = { type: 'evaluation', worker: 'x', entry, share: 0.5 }
    const events = [
      { ...evaluation, share: 1.5 },
      { ...evaluation, share: -1 },
      { ...evaluation, entry: { ...entry, valid: { loss: 1, accuracy: 1e300 } } },
      { ...evaluation, worker: 'x'.repeat(10_000) },
      { ...evaluation, entry: { ...entry, step: Number.MAX_VALUE } },
    ].map((event) => JSON.stringify(event))
    const others = ['', 'null', '7', '{"toString":1,"valueOf":1}', '[]', 'x'.repeat(100_000)]
    for (const text of [...events, ...others]) await job.updateProgress(text)
    await job.updateProgress({ toString: 1, valueOf: 1 })
    await job.updateProgress(JSON.stringify(evaluation))
    await until(
      () => shares.length > 0,
      () => `an event: ${lines}`,
    )
    expect(shares).toEqual([0.5])
    expect(lines.filter((line) => line.includes('an event in Redis'))).toHaveLength(events.length + others.length + 1)
    for (const line of lines) expect(line.length).toBeLessThan(400)
    study.worker(server.url)
    expect(essence(await run)).toEqual(essence(expected))
    await queue.close()
    await executor.close()
  })

  it('brings no result into a study that its trial cannot have', async () => {
    const lines: string[] = []
    const { data, options } = await study.search()
    const folder = join(study.folder, 'forged')
    const queued = { ...options, folder, executor: onQueue({ url: server.url, log: (line) => void lines.push(line) }) }
    const result = search({ ...queued, data })
    const names = async () => await redis.zrange(STUDIES, '0', '-1')
    await until(
      async () => (await names()).length > 0,
      () => 'the study',
    )
    const [name] = await names()
    const queue = new Queue(queueName(name), { connection: redis, prefix: PREFIX })
    const jobs = [0, 1, 2].map((trial) => `trial-${trial}-fold-0-until-end`)
    for (const each of jobs) {
      await until(
        async () => (await queue.getJob(each)) !== undefined,
        () => each,
      )
    }
    const entry = (loss: unknown, accuracy: number) => ({ step: 37, epoch: 0, valid: { loss, accuracy } })
    const forge = async (job: string, best: object) => {
      const small = new MLP({ layers: [3, 2] })
      const digest = small.parametersDigest()
      const timing = { total: 1, training: 1, evaluation: 0 }
      const known = { state: 'completed', history: [best], best, collapsed: null, steps: 38, digest, timing }
      const { data: task } = (await queue.getJob(job))!
      const model = Buffer.from(encodeModel(small as never))
      await redis.hset(taskKey(name, job, 'result'), { worker: 'x', task, outcome: JSON.stringify(known), model })
    }
    await forge(jobs[0], entry({ $number: 'NaN' }, 0.5))
    await forge(jobs[1], entry(0.1, 2))
    await forge(jobs[2], entry(0.1, 0.9))
    await until(
      () => lines.filter((line) => line.includes('invalid result')).length === 3,
      () => `three refusals: ${lines}`,
    )
    for (const words of ['valid: loss', 'valid: accuracy: Too big', 'expected a model 100-8-10, got 3-2']) {
      expect(lines.join('\n')).toContain(words)
    }
    study.worker(server.url)
    const { trials, best } = await result
    const alone = await search({ ...options, data, workers: 1 })
    expect(trials.map(({ digest }) => digest)).toEqual(alone.trials.map(({ digest }) => digest))
    expect((await loadModel(join(folder, 'best.safetensors'))).parametersDigest()).toBe(best!.digest)
    expect(
      (await readJournal(join(folder, 'journal.jsonl'))).events.filter(({ event }) => event === 'trial'),
    ).toHaveLength(3)
    await queue.close()
  })

  it('excludes workers that send invalid results, and goes on with others', async () => {
    const lines: string[] = []
    const executor = await study.open(server.url, { log: (line) => void lines.push(line), pollMs: 100 })
    const run = executor.run(task, null, SILENT)
    const name = (await redis.zrange(STUDIES, '0', '-1'))[0]
    const queue = new Queue(queueName(name), { connection: redis, prefix: PREFIX })
    const isExcluded = (worker: string) => lines.some((line) => line.startsWith(`worker ${worker} is excluded`))
    // more than the attempts of a trial
    for (const worker of ['bad-1', 'bad-2', 'bad-3', 'bad-4', 'bad-5']) {
      let job: Awaited<ReturnType<typeof queue.getJob>>
      await until(
        async () => {
          job = await queue.getJob(id)
          return job !== undefined && (await redis.exists(taskKey(name, id, 'result'))) === 0
        },
        () => `the job for ${worker}: ${lines}`,
      )
      await redis.hset(taskKey(name, id, 'result'), { worker, task: job!.data, outcome: '{"state":"completed"}' })
      await until(
        () => isExcluded(worker),
        () => `the exclusion of ${worker}: ${lines}`,
      )
    }
    const excluded = study.worker(server.url, ['--name', 'bad-3'])
    expect(await excluded.ended()).toBe(1)
    expect(excluded.output).toMatch(/^error \[BACKEND_UNAVAILABLE\]: study \w+: worker bad-3 is excluded/m)
    study.worker(server.url, ['--name', 'good'])
    expect(essence(await run)).toEqual(essence(expected))
    await queue.close()
    await executor.close()
    expect(await redis.exists(excludedKey(name))).toBe(0)
  })

  it('ends the study where an excluded worker goes on to send invalid results', async () => {
    const lines: string[] = []
    const executor = await study.open(server.url, { log: (line) => void lines.push(line), pollMs: 100 })
    const run = executor.run(task, null, SILENT).then(
      () => null,
      (error) => error,
    )
    const name = (await redis.zrange(STUDIES, '0', '-1'))[0]
    let ended = false
    void run.then(() => {
      ended = true
    })
    for (let i = 0; i < 200 && !ended; i++) {
      const result = { worker: 'bad', task: '{}', outcome: '{"state":"completed"}' }
      await redis.hset(taskKey(name, id, 'result'), result)
      await wait(50)
    }
    expect(await run).toMatchObject({ name: 'NativeMlpError', code: 'INVALID_FILE' })
    await executor.close().catch(() => undefined)
  })

  it('prints no long reason of a worker', async () => {
    const lines: string[] = []
    const executor = await study.open(server.url, { log: (line) => void lines.push(line) })
    const run = executor.run(task, null, SILENT)
    const name = (await redis.zrange(STUDIES, '0', '-1'))[0]
    const queue = new Queue(queueName(name), { connection: redis, prefix: PREFIX })
    const worker = new Worker(
      queueName(name),
      () => {
        throw new Error('x'.repeat(1_000_000))
      },
      { connection: redis.duplicate({ maxRetriesPerRequest: null }), prefix: PREFIX },
    )
    const outcome = await run
    expect(outcome).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^every worker failed: x+\.\.\.$/) })
    for (const text of [...lines, outcome.reason!]) expect(text.length).toBeLessThan(1000)
    await worker.close()
    await queue.close()
    await executor.close()
  })

  it('keeps the trials of a worker that can start none', async () => {
    const executor = await study.open(server.url)
    const connection = await connectQueue(queueAddress(server.url), { log: () => {}, patienceMs: 1000 })
    const name = (await redis.zrange(STUDIES, '0', '-1'))[0]
    const service = new StudyService({
      connection,
      record: decodeStudy(String(await redis.get(recordKey(name)))),
      executor: {
        slots: 1,
        run: async () => {
          throw new NativeMlpError('BACKEND_UNAVAILABLE', 'search: no worker could start')
        },
        close: async () => {},
      },
      ...{ worker: 'broken', lockMs: 1000, checkpointEveryMs: 1000, log: () => {} },
    })
    const run = executor.run(task, null, SILENT)
    await until(
      () => service.failure !== null,
      () => 'the worker gives up',
    )
    await service.leave()
    connection.close()
    study.worker(server.url)
    expect(essence(await run)).toEqual(essence(expected))
    await executor.close()
  })

  it('that is full ends the study with an error that says so, and has its workers wait in silence', async () => {
    const executor = await study.open(server.url)
    const worker = study.worker(server.url)
    await executor.run(other, null, SILENT)
    await redis.config('SET', 'maxmemory', '1')
    try {
      const error = await executor.run(task, null, SILENT).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'QUEUE_UNAVAILABLE', message: expect.stringContaining('OOM') })
      await executor.close()
      await worker.said(/queue: OOM/)
      await wait(3000) // it asks again, in vain
      expect(worker.output.match(/queue: OOM/g)).toHaveLength(1)
      expect(worker.exited).toBe(false)
      await expect(
        openQueueExecutor({ url: server.url, study: {}, family: study.family, data: { digest: '', recipe: 0 } }),
      ).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', message: expect.stringContaining('OOM') })
    } finally {
      await redis.config('SET', 'maxmemory', '0')
    }
  })
})
