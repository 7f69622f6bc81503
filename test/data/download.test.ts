import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type DownloadOptions, downloadFirst } from '../../src/data/download.js'
import { mirror } from './mirror.js'

const contents = new Uint8Array(randomBytes(3000))
const { address, requests } = mirror(new Map([['file.gz', gzipSync(contents)]]))
const url = (behaviour: string) => `${address(behaviour)}file.gz`

const options: DownloadOptions = {
  bytes: contents.length,
  verify: (bytes) => {
    if (Buffer.compare(bytes, contents) !== 0) throw new Error('not the contents wanted')
  },
}

test.each(['good', 'chunked', 'plain', 'encoded', 'redirect'])('accepts a %s transfer', async (behaviour) => {
  expect(await downloadFirst([url(behaviour)], options)).toEqual(contents)
})

describe('gives an address up for the next one', () => {
  test.each([
    ['broken', /HTTP 503/],
    ['nowhere', /HTTP 404/],
    ['loop', /redirect count exceeded/],
    ['page', /43 bytes, expected 3000/],
    ['empty', /0 bytes, expected 3000/],
    ['damaged', /damaged gzip stream/],
    ['wrong', /not the contents wanted/],
    ['short', /truncated: inflates to 2999 bytes, expected 3000/],
    ['cut', /damaged gzip stream: unexpected end of file/],
    ['interrupted', /terminated/],
    ['bomb', /trailing bytes: inflates to more than the 3000 bytes/],
    ['endless', /more than 68536 bytes, too many/],
    ['silent', /nothing received for 0.5 s/],
  ])('%s', async (behaviour, why) => {
    const patience = { ...options, ...(behaviour === 'silent' ? { stallAfter: 500 } : {}) }
    expect(await downloadFirst([url(behaviour), url('good')], patience)).toEqual(contents)
    const alone = downloadFirst([url(behaviour)], patience)
    await expect(alone).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
    await expect(alone).rejects.toThrow(why)
  })
})

test('names every address and why it failed, also one that nobody answers', async () => {
  // port 9 (discard) is closed on this machine, or fetch refuses it: no connection either way
  const dead = 'http://127.0.0.1:9/file.gz'
  const failure = downloadFirst([url('broken'), dead, url('wrong')], options)
  await expect(failure).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
  await expect(failure).rejects.toThrow(
    new RegExp(`${url('broken')}: HTTP 503.*\\n.*${dead}: .+\\n.*${url('wrong')}: not the contents wanted`),
  )
})

test('reports progress up to the announced length', async () => {
  const reports: { receivedBytes: number; totalBytes: number | null }[] = []
  await downloadFirst([url('good')], { ...options, onProgress: (report) => reports.push(report) })
  const last = reports[reports.length - 1]
  expect(last).toMatchObject({ url: url('good'), receivedBytes: last.totalBytes })
  expect(last.totalBytes).toBe(gzipSync(contents).length)
})

test('an error in onProgress is the caller’s, not the mirror’s', async () => {
  const before = requests.length
  const onProgress = () => {
    throw new RangeError('mine')
  }
  await expect(downloadFirst([url('good'), url('chunked')], { ...options, onProgress })).rejects.toThrow(RangeError)
  expect(requests.slice(before)).toEqual(['/good/file.gz'])
})

test('an abort ends the transfer and tries no other address', async () => {
  const controller = new AbortController()
  const before = requests.length
  const running = downloadFirst([url('silent'), url('good')], {
    ...options,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } })
  expect(requests.slice(before)).toEqual(['/silent/file.gz'])
  const late = downloadFirst([url('good')], { ...options, signal: AbortSignal.abort() })
  await expect(late).rejects.toMatchObject({ code: 'ABORTED' })
  expect(requests.length).toBe(before + 1)
})
