import { execFileSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { queueAddress } from '../../../src/search/queue/address.js'
import { connectQueue } from '../../../src/search/queue/connection.js'
import { queueName, recordKey, STUDIES, taskKey } from '../../../src/search/queue/keys.js'
import type { TrialOutcome, TrialTask } from '../../../src/search/task.js'
import { command, writeStripes } from '../../cli/command.js'
import { essence, SILENT, StudyFixture, tasks, until, wait } from './queue-study.js'
import { RedisServer, redisMissing } from './redis-server.js'

const missing = redisMissing()
const PASSWORD = 'open-sesame-4711'
const [SHORT, PROBE] = tasks(2, 3)
/** The long task takes about so many seconds anywhere: workers hand out a checkpoint about once a second. */
const LONG_SECONDS = 2

async function allKeys(redis: Redis): Promise<string[]> {
  return (await redis.keys('*')).filter((key) => !key.endsWith(':stalled-check'))
}

describe.skipIf(missing)('a worker on a queue', () => {
  const study = new StudyFixture()
  let server: RedisServer
  let redis: Redis
  let short: TrialOutcome
  let long: TrialOutcome
  let LONG: TrialTask

  beforeAll(async () => {
    const lasting = (epochs: number) => ({ ...PROBE, config: { ...PROBE.config, epochs } })
    const [first, probe] = await study.reference([SHORT, lasting(200)])
    LONG = lasting(Math.ceil((200 * LONG_SECONDS) / probe.timing!.total))
    short = first
    long = (await study.reference([LONG]))[0]
    server = await RedisServer.start()
    redis = new Redis(server.port, '127.0.0.1')
  }, 60_000)
  afterEach(async () => {
    await study.killWorkers()
    await redis.flushall()
  })
  afterAll(async () => {
    redis?.disconnect()
    await server?.remove()
    await study.remove()
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
    const worker = study.worker(server.url, ['--name', 'me', '--idle-exit', '0.5'])
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
    expect(await worker.ended()).toBe(0)
    expect(await allKeys(redis)).toEqual([expect.stringMatching(/^native-mlp:record:/)])
    expect(await redis.pttl((await allKeys(redis))[0])).toBeGreaterThan(0)
    await expect(executor.run(SHORT, null, SILENT)).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('saves and gives back its trial at SIGTERM; the next one goes on from there', async () => {
    const executor = await study.open(server.url)
    const first = study.worker(server.url)
    let evaluations = 0
    const onEvaluation = () => {
      if (++evaluations === 1) first.kill('SIGTERM')
    }
    const result = executor.run(LONG, null, { ...SILENT, onEvaluation })
    expect(await first.ended()).toBe(143)
    const second = study.worker(server.url)
    expect(essence(await result)).toEqual(essence(long))
    expect(second.output).toMatch(/trial 1: goes on from its last checkpoint/)
    await executor.close()
  })

  it('hands its last checkpoint to a study that is closed, from which it goes on anywhere', async () => {
    const executor = await study.open(server.url)
    const worker = study.worker(server.url)
    let last: Uint8Array | null = null
    const onCheckpoint = (bytes: Uint8Array) => {
      last = bytes
    }
    const result = executor.run(LONG, null, { ...SILENT, onCheckpoint }).catch((error) => error.code)
    await until(hasCheckpoint, () => `a checkpoint: ${worker.output}`)
    await executor.close()
    expect(await result).toBe('ABORTED')
    await worker.said(/: closed/)
    expect(last).not.toBeNull()
    await redis.flushall()
    const again = await study.open(server.url)
    expect(essence(await again.run(LONG, last, SILENT))).toEqual(essence(long))
    expect(worker.output).toMatch(/goes on from its last checkpoint/)
    await again.close()
  })

  it('pauses at a rung with a checkpoint, and goes on to the next with the same bits', async () => {
    const executor = await study.open(server.url)
    study.worker(server.url, ['--idle-exit', '1'])
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
    const worker = study.worker(server.url, ['--idle-exit', '1'])
    await worker.said(/trial 0: completed/)
    const resumed = await study.open(server.url)
    expect(essence(await resumed.run(SHORT, null, SILENT))).toEqual(essence(short))
    expect(await worker.ended()).toBe(0)
    expect(worker.output.match(/trial 0: begins/g)).toHaveLength(1)
    await killed.close()
    await resumed.close()
  })

  it('begins again where the checkpoint in Redis is damaged', async () => {
    const executor = await study.open(server.url)
    const result = executor.run(SHORT, new Uint8Array([1, 2, 3]), SILENT)
    const worker = study.worker(server.url, ['--idle-exit', '1'])
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
    study.worker(server.url, ['--name', 'honest', '--idle-exit', '1'])
    await expect(result).rejects.toThrow(
      new RegExp(`trial 0: worker liar found f{16}, worker honest found ${short.digest}; one of`),
    )
    await expect(executor.run(LONG, null, SILENT)).rejects.toMatchObject({ code: 'RESULTS_DIFFER' })
    await executor.close()
  })

  it('tries a trial again that takes workers down but gets on, and gives up one that does not', async () => {
    const executor = await study.open(server.url)
    const doomed = async (getsOn: boolean) => {
      const worker = study.worker(server.url)
      await worker.said(/: begins/)
      await until(
        async () => !getsOn || (await hasCheckpoint()),
        () => worker.output,
      )
      const [key] = await redis.keys('native-mlp:study-*:trial-1-*-end')
      await redis.hset(key, 'stc', 5) // as if five workers had died of it before
      worker.kill('SIGKILL')
      study.worker(server.url)
    }
    const stubborn = executor.run(LONG, null, SILENT)
    await doomed(true)
    expect(essence(await stubborn)).toEqual(essence(long))
    await executor.close()
    await study.killWorkers()
    await redis.flushall()
    const again = await study.open(server.url)
    const hopeless = again.run(LONG, null, SILENT)
    await doomed(false)
    const reason = 'every worker failed: job stalled more than allowable limit'
    expect(await hopeless).toMatchObject({ state: 'failed', reason, digest: null })
    await again.close()
  })

  it('refuses what it must not mix, once, by name, and leaves it to others', async () => {
    const other = { name: 'js' as const, contract: 99 }
    const executors = [
      await study.open(server.url, { family: other }),
      await study.open(server.url, { data: { digest: 'of something else', recipe: {} } }),
    ]
    const bad = { format: 2, version: '9.9.9' }
    await redis.multi().set(recordKey('future'), JSON.stringify(bad)).zadd(STUDIES, 1, 'future').exec()
    const results = executors.map((executor) => executor.run(SHORT, null, SILENT).catch((error) => error.code))
    const elsewhere = writeStripes(`${study.folder}/elsewhere`, 1500, 101)
    const own = await study.open(server.url)
    results.push(own.run(SHORT, null, SILENT).catch((error) => error.code))
    const worker = study.worker(server.url, ['--data', elsewhere])
    await worker.said(/9\.9\.9[\s\S]*js 99[\s\S]*recipe of the data[\s\S]*the data of this machine are not the study's/)
    await wait(1500)
    const { name, contract } = study.family
    expect(worker.output).toContain(`it computes in family js 99, this worker in ${name} ${contract}`)
    expect(worker.output.match(/is refused/g)).toHaveLength(4)
    for (const id of await redis.zrange(STUDIES, '0', '-1')) {
      if (id !== 'future') expect(await redis.llen(`native-mlp:${queueName(id)}:wait`)).toBe(1)
    }
    for (const executor of [...executors, own]) await executor.close()
    expect(await Promise.all(results)).toEqual(['ABORTED', 'ABORTED', 'ABORTED'])
  })

  it.runIf(study.family.name === 'native')('of the pure TypeScript backend does not take native trials', async () => {
    const executor = await study.open(server.url)
    const result = executor.run(SHORT, null, SILENT)
    const js = study.worker(server.url, [], { NATIVE_MLP_BACKEND: 'js' })
    await js.said(/is refused: it computes in family native \d+, this worker in js \d+; their results are not mixed/)
    study.worker(server.url, ['--idle-exit', '1'])
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
    expect(worker.output).toMatch(/is there/)
    await late.stop()
    await expect(study.open(late.url, { patienceMs: 300 })).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' })
  })
})

describe.skipIf(missing)('a queue behind a password', () => {
  const study = new StudyFixture()
  afterAll(() => study.remove())

  it('is entered with it, and never shows it', async () => {
    const server = await RedisServer.start({ password: PASSWORD })
    onTestFinished(() => server.remove())
    const lines: string[] = []
    const inside = server.url.replace('//', `//:${PASSWORD}@`)
    const [outcome] = await study.reference([SHORT])
    const executor = await study.open(inside, { say: (line) => lines.push(line) })
    const result = executor.run(SHORT, null, SILENT)
    await server.stop()
    await wait(200)
    await server.start()
    const worker = study.worker(server.url, ['--idle-exit', '1'], { NATIVE_MLP_REDIS_PASSWORD: PASSWORD })
    expect(essence(await result)).toEqual(essence(outcome))
    await worker.ended()
    const redis = new Redis(inside)
    const kept = await Promise.all((await redis.keys('*')).map((key) => redis.dump(key)))
    redis.disconnect()
    await executor.close()
    for (const text of [...lines, worker.output, ...kept.map(String)]) expect(text).not.toContain(PASSWORD)
    expect(lines.join('\n')).toContain(server.url)
  })

  it('refuses a wrong one, in one line that shows neither', async () => {
    const server = await RedisServer.start({ password: PASSWORD })
    onTestFinished(() => server.remove())
    for (const secret of ['wrong-4712', '']) {
      const env = {
        NATIVE_MLP_REDIS_URL: server.url.replace('//', `//${secret && `:${secret}@`}`),
        NATIVE_MLP_DEBUG: '1',
      }
      const { code, stdout, stderr } = await command(['worker'], { env })
      expect(code).toBe(1)
      expect(stderr).toContain(`error [QUEUE_UNAVAILABLE]: ${server.url}: refuses us: `)
      if (secret) expect(stdout + stderr).not.toContain(secret)
    }
  })

  it('is reached over TLS, if its certificate is trusted', async (context) => {
    let server: RedisServer
    try {
      execFileSync('openssl', ['version'])
      server = await RedisServer.start({ tls: true, password: PASSWORD })
    } catch (error) {
      return context.skip(`no TLS here: ${(error as Error).message}`)
    }
    onTestFinished(() => server.remove())
    const url = server.url.replace('//', `//:${PASSWORD}@`)
    const worker = study.worker(url, ['--once'], { NODE_EXTRA_CA_CERTS: server.certificate })
    expect(await worker.ended()).toBe(0)
    const say = () => {}
    const stranger = connectQueue(queueAddress(url, {}), { say, patienceMs: 5000 })
    await expect(stranger).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: /cannot be trusted: self-signed/,
    })
  })
})
