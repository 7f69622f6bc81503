import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { TrialOutcome } from '../../../src/search/trial/task.js'
import { BEGUN, essence, SILENT, StudyFixture, tasks, until, wait } from './queue-study.js'
import { RedisServer, redisMissing } from './redis-server.js'

const missing = redisMissing()

const TASKS = tasks(7, 150)

describe.skipIf(missing)('a study on a queue, when things die', () => {
  const study = new StudyFixture()
  let reference: TrialOutcome[]

  beforeAll(async () => {
    reference = await study.reference(TASKS)
    expect(new Set(reference.map(({ digest }) => digest)).size).toBe(TASKS.length)
  }, 60_000)
  afterAll(() => study.stop())

  it('gives the same when workers are killed or paused past their locks and the server restarts', async () => {
    const redis = await RedisServer.start({ persistent: true })
    onTestFinished(() => redis.remove())
    const executor = await study.open(redis.url)
    const finished = new Set<number>()
    const results = Promise.all(
      TASKS.map(async (task) => {
        const outcome = await executor.run(task, null, SILENT)
        finished.add(task.trial)
        return outcome
      }),
    )
    // each loses its first trial, so that there is enough left for the other one and for those who come later; unless it has
    // finished that one before the signal reaches it
    const lost = await Promise.all(
      (['SIGSTOP', 'SIGKILL'] as const).map(async (signal) => {
        const worker = study.worker(redis.url)
        const [, trial] = await worker.said(BEGUN)
        worker.kill(signal)
        return { worker, trial }
      }),
    )
    const others = [study.worker(redis.url), study.worker(redis.url)]
    await Promise.race(others.map((worker) => worker.said(BEGUN)))
    await redis.stop()
    await wait(300)
    await redis.start()
    const output = () => others.map((worker) => worker.output).join('')
    const begunByOthers = () => Array.from(output().matchAll(new RegExp(BEGUN, 'g')), ([, trial]) => Number(trial))
    for (const { trial } of lost) {
      await until(() => finished.has(Number(trial)) || begunByOthers().includes(Number(trial)), output)
    }
    lost[0].worker.kill('SIGCONT')
    expect((await results).map(essence)).toEqual(reference.map(essence))
    await executor.close()
  })

  it('enqueues again what a server without persistence has lost', async () => {
    const redis = await RedisServer.start()
    onTestFinished(() => redis.remove())
    const lines: string[] = []
    const executor = await study.open(redis.url, { log: (line) => lines.push(line) })
    const workers = [study.worker(redis.url), study.worker(redis.url)]
    const results = Promise.all(TASKS.map((task) => executor.run(task, null, SILENT)))
    await Promise.race(workers.map((worker) => worker.said(BEGUN)))
    await redis.stop()
    await wait(500)
    await redis.start()
    expect((await results).map(essence)).toEqual(reference.map(essence))
    expect(lines.join('\n')).toMatch(/cannot be reached|disconnected/)
    expect(lines.join('\n')).toMatch(/trial 6 is enqueued again/)
    await executor.close()
  })
})

it('ran with a Redis server, or says why not', () => {
  if (missing) console.warn(`queue tests skipped: ${missing}`)
  expect(missing === null || process.env.CI === undefined, missing ?? '').toBe(true)
})
