import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll } from 'vitest'

/** Sends one file, given gzipped, in some more or less faithful way. */
type Behaviour = (response: ServerResponse, gzipped: Buffer, name: string) => void

const BEHAVIOURS: Record<string, Behaviour> = {
  good: (response, gzipped) => response.setHeader('content-length', gzipped.length).end(gzipped),
  chunked: (response, gzipped) => {
    for (let at = 0; at < gzipped.length; at += 50) response.write(gzipped.subarray(at, at + 50))
    response.end()
  },
  plain: (response, gzipped) => response.end(gunzipSync(gzipped)),
  encoded: (response, gzipped) => response.setHeader('content-encoding', 'gzip').end(gzipped),
  redirect: (response, _, name) => response.writeHead(302, { location: `/good/${name}` }).end(),
  loop: (response, _, name) => response.writeHead(302, { location: `/loop/${name}` }).end(),
  broken: (response) => response.writeHead(503).end('try again later'),
  page: (response) => response.end('<!doctype html><title>Please log in</title>'),
  empty: (response) => response.end(),
  damaged: (response, gzipped) => response.end(flip(gzipped)),
  wrong: (response, gzipped) => response.end(gzipSync(flip(gunzipSync(gzipped)))),
  short: (response, gzipped) => response.end(gzipSync(gunzipSync(gzipped).subarray(1))),
  cut: (response, gzipped) => response.end(gzipped.subarray(0, gzipped.length >> 1)),
  interrupted: (response, gzipped) => {
    response.setHeader('content-length', gzipped.length)
    response.write(gzipped.subarray(0, gzipped.length >> 1), () => response.destroy())
  },
  bomb: (response) => response.end(gzipSync(Buffer.alloc(20_000_000))),
  endless: (response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384)));
    }
    response.on('drain', more)
    more()
  },
  silent: (response, gzipped) => void response.write(gzipped.subarray(0, 10)),
}

function flip(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length >> 1] ^= 0x10
  return copy
}

/** A server on this machine: GET /<behaviour>/<name>; names that `files` lacks and unknown behaviours are 404. */
export function mirror(files: Map<string, Buffer>) {
  const requests: string[] = []
  const server = createServer(({ url = '' }, response) => {
    requests.push(url)
    const [, behaviour, name] = url.split('/')
    const file = files.get(name)
    if (file === undefined || !(behaviour in BEHAVIOURS)) response.writeHead(404).end()
    else BEHAVIOURS[behaviour](response, file, name)
  })
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = (behaviour: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${behaviour}/`
  return { requests, address }
}
