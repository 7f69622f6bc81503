import { execFileSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { connectQueue, queueAddress } from '../../../src/search/queue/connection.js'
import { command } from '../../cli/command.js'
import { essence, SILENT, StudyFixture, tasks, wait } from './queue-study.js'
import { RedisServer, redisMissing } from './redis-server.js'

const missing = redisMissing()
const PASSWORD = 'open-sesame-4711'
const [TASK] = tasks(1, 3)

describe.skipIf(missing)('a queue behind a password', () => {
  const study = new StudyFixture()
  afterEach(() => study.stop())

  it('is entered with it, and never shows it', async () => {
    const server = await RedisServer.start({ password: PASSWORD })
    onTestFinished(() => server.remove())
    const lines: string[] = []
    const inside = server.url.replace('//', `//:${PASSWORD}@`)
    const [outcome] = await study.reference([TASK])
    const executor = await study.open(inside, { log: (line) => lines.push(line) })
    const result = executor.run(TASK, null, SILENT)
    await server.stop()
    await wait(200)
    await server.start()
    const worker = study.worker(server.url, [], { NATIVE_MLP_REDIS_PASSWORD: PASSWORD })
    expect(essence(await result)).toEqual(essence(outcome))
    await worker.leave()
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
      expect(stderr).toContain(`error [QUEUE_UNAVAILABLE]: ${server.url}: rejects the connection: `)
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
    const log = () => {}
    const stranger = connectQueue(queueAddress(url, {}), { log, patienceMs: 5000 })
    await expect(stranger).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: /its certificate is not trusted: self-signed/,
    })
  })
})
