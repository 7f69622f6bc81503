import { describe, expect, it } from 'vitest'
import { queueAddress, redactUrl } from '../../../src/search/queue/connection.js'
import { runQueueWorker } from '../../../src/search/queue/worker.js'

describe('queueAddress', () => {
  it('reads host, port, database, user and password', () => {
    expect(queueAddress('redis://me:p%40ss@example.org:7000/3', {})).toEqual({
      shown: 'redis://example.org:7000/3',
      host: 'example.org',
      port: 7000,
      db: 3,
      username: 'me',
      password: 'p@ss',
      tls: false,
    })
    expect(queueAddress('rediss://[::1]', {})).toMatchObject({ host: '::1', port: 6379, db: 0, tls: true })
  })

  it('takes from the environment what the URL does not say', () => {
    const env = {
      NATIVE_MLP_REDIS_URL: 'redis://a',
      NATIVE_MLP_REDIS_USERNAME: 'u',
      NATIVE_MLP_REDIS_PASSWORD: 'secret',
    }
    expect(queueAddress(undefined, env)).toMatchObject({ host: 'a', username: 'u', password: 'secret' })
    expect(queueAddress('redis://:own@b', env)).toMatchObject({ host: 'b', username: 'u', password: 'own' })
    expect(() => queueAddress(undefined, {})).toThrow(/queue: expected redis:.*NATIVE_MLP_REDIS_URL/)
  })

  it.each([
    ['http://me:secret@example.org', /queue: expected redis:.*got http:\/\/example\.org$/],
    ['redis://me:secret@example.org?password=secret', /only a database number.*redis:\/\/example\.org$/],
    ['redis://me:secret@example.org/secret', /only a database number/],
    ['redis://me:secret%@example.org', /percent-encoded/],
    ['redis:me:secret@example.org', /expected redis:/],
    ['me:secret@example.org', /expected redis:/],
    ['secret', /a text that is not a URL/],
    ['', /expected redis:/],
    [7, /expected redis:.*got 7/],
  ])('refuses %s without showing a password', (url, message) => {
    let error: Error | undefined
    try {
      queueAddress(url as string, {})
    } catch (caught) {
      error = caught as Error
    }
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })
    expect(`${error?.message} ${error?.stack}`).not.toContain('secret')
  })

  it('shows nothing of a URL but where it leads', () => {
    expect(redactUrl('rediss://u:secret@host:1/2?x=secret#secret')).toBe('rediss://host:1/2')
    expect(redactUrl('redis://secret@host/secret')).toBe('redis://host')
  })
})

it('a worker whose signal fires while the libraries of the queue are loading ends', async () => {
  const controller = new AbortController()
  const worker = runQueueWorker({ url: 'redis://127.0.0.1:1', signal: controller.signal, log: () => undefined })
  controller.abort()
  await expect(worker).rejects.toMatchObject({ code: 'ABORTED' })
})
