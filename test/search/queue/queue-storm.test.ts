import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { TrialOutcome } from '../../../src/search/task.js'
import { essence, SILENT, StudyFixture, tasks, wait } from './queue-study.js'
import { RedisServer, redisMissing } from './redis-server.js'

const missing = redisMissing()
if (missing) process.stderr.write(`queue tests are skipped: ${missing}\n`)

const TASKS = tasks(7, 150)

describe.skipIf(missing)('a study on a queue, when things die', () => {
  const study = new StudyFixture()
  let reference: TrialOutcome[]

  beforeAll(async () => {
    reference = await study.reference(TASKS)
    expect(new Set(reference.map(({ digest }) => digest)).size).toBe(TASKS.length)
  }, 60_000)
  afterAll(() => study.remove())

  it('gives the same when workers are killed or paused past their locks and the server restarts', async () => {
    const redis = await RedisServer.start({ persistent: true })
    onTestFinished(() => redis.remove())
    const workers = Array.from({ length: 4 }, () => study.worker(redis.url))
    const executor = await study.open(redis.url)
    const results = Promise.all(TASKS.map((task) => executor.run(task, null, SILENT)))
    await Promise.all(workers.map((worker) => worker.said(/: begins/)))
    workers[0].kill('SIGSTOP')
    workers[1].kill('SIGKILL')
    await redis.stop()
    await wait(300)
    await redis.start()
    await wait(2500)
    workers[0].kill('SIGCONT')
    expect((await results).map(essence)).toEqual(reference.map(essence))
    await executor.close()
    // the trial of the worker that was paused, and that of the one that was killed, went to others
    for (const [w, worker] of workers.slice(0, 2).entries()) {
      const [, trial] = /trial (\d+): begins/.exec(worker.output)!
      const others = workers.filter((_, i) => i !== w).map(({ output }) => output)
      expect(others.join('')).toMatch(new RegExp(`trial ${trial}: (begins|goes on)`))
    }
  })

  it('enqueues again what a server without persistence has lost', async () => {
    const redis = await RedisServer.start()
    onTestFinished(() => redis.remove())
    const lines: string[] = []
    const executor = await study.open(redis.url, { say: (line) => lines.push(line) })
    const workers = [study.worker(redis.url), study.worker(redis.url)]
    const results = Promise.all(TASKS.map((task) => executor.run(task, null, SILENT)))
    await Promise.all(workers.map((worker) => worker.said(/: begins/)))
    await redis.stop()
    await wait(500)
    await redis.start()
    expect((await results).map(essence)).toEqual(reference.map(essence))
    expect(lines.join('\n')).toMatch(/cannot be reached|has gone/)
    expect(lines.join('\n')).toMatch(/trial 6 is enqueued again/)
    await executor.close()
  })
})
