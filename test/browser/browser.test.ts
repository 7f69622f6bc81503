import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { samples } from '../../src/data/samples.js'
import { encodeModel } from '../../src/io/model-bytes.js'
import { MLP } from '../../src/model/mlp.js'
import { learnTable } from '../../src/table/learn.js'
import { table } from '../../src/table/rows.js'
import { inputsOf } from '../../src/table/transform.js'
import { fit as runFit } from '../../src/train/fit.js'
import { sgd } from '../../src/train/optimizers.js'
import { CHROMIUM, launch } from './chromium.js'

/** The package, bundled for browsers, trains in a real one and gives the same bits as the TypeScript backend in Node. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const ROWS = 400
const COLS = 30
/** Bytes and classes anyone can make again: pixel (r, k) and class r mod 3. */
const PIXELS = `Uint8Array.from({ length: ${ROWS * COLS} }, (_, i) => {
  const r = Math.floor(i / ${COLS}), k = i % ${COLS}
  return (k % 3 === r % 3 ? 200 : 0) + ((r * 31 + k * 17) % 50)
})`
const PAGE = `
  import { backendInfo, decodeModel, encodeModel, evaluate, fit, MLP, samples, sgd } from 'native-mlp'
  try {
    const values = ${PIXELS}
    const labels = Int32Array.from({ length: ${ROWS} }, (_, r) => r % 3)
    const data = samples({ values, cols: ${COLS}, labels })
    const model = new MLP({ layers: [${COLS}, 24, 3], activation: 'gelu', seed: 5 })
    await fit(model, data, { epochs: 3, batchSize: 20, optimizer: sgd({ learningRate: 0.2, l2: 1e-4 }) })
    const { accuracy } = await evaluate(model, data)
    const copy = decodeModel(encodeModel(model)).parametersDigest()
    const loaded = decodeModel(new Uint8Array(await (await fetch('/model')).arrayBuffer())).parametersDigest()
    window.result = { info: backendInfo(), accuracy, digest: model.parametersDigest(), copy, loaded }
  } catch (error) {
    window.result = { error: String(error) }
  }`

/** Prediction alone, from raw rows. */
const RAW = [
  { size: 3, city: 'v' },
  { size: null, city: 'new' },
]
const PREDICTING = `
  import { decodeModel } from 'native-mlp/predict'
  try {
    const model = decodeModel(new Uint8Array(await (await fetch('/table')).arrayBuffer()))
    window.result = { rows: model.predictRows(${JSON.stringify(RAW)}) }
  } catch (error) {
    window.result = { error: String(error) }
  }`

describe.runIf(CHROMIUM)('in Chromium', () => {
  let folder: string
  let server: Server
  let browser: Browser

  async function bundle(name: string, text: string, entry: string): Promise<void> {
    const file = join(folder, `${name}.js`)
    writeFileSync(file, text)
    const alias = [{ find: /^native-mlp(\/predict)?$/, replacement: join(ROOT, 'dist', entry) }]
    await build({
      root: folder,
      logLevel: 'error',
      configFile: false,
      resolve: { alias, conditions: ['browser', 'default'] },
      build: {
        outDir: 'out',
        emptyOutDir: false,
        lib: { entry: file, formats: ['es'], fileName: () => `${name}.js` },
      },
    })
  }

  function tableModel(): MLP {
    const data = table({ size: [1, 2, null, 4], city: ['u', 'v', 'w', 'u'], y: ['a', 'b', 'a', 'b'] }, { target: 'y' })
    const { transform } = learnTable(data)
    return new MLP({ layers: [inputsOf(transform), 6, 2], table: transform, seed: 3, backend: createJsBackend() })
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'native-mlp-browser-'))
    await bundle('page', PAGE, 'browser.js')
    await bundle('predicting', PREDICTING, join('predict', 'index.js'))
    server = createServer(({ url = '/' }, response) => {
      if (url === '/model') return response.end(encodeModel(new MLP({ layers: [COLS, 5, 3], seed: 9 })))
      if (url === '/table') return response.end(encodeModel(tableModel()))
      const isScript = url.endsWith('.js')
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      const script = url === '/' ? 'page.js' : `${url.slice(1)}.js`
      response.end(
        isScript ? readFileSync(join(folder, 'out', url)) : `<script type="module" src="/${script}"></script>`,
      )
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    browser = await launch()
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('needs nothing of Node', () => {
    const bundle = readFileSync(join(folder, 'out', 'page.js'), 'utf8')
    expect(bundle).not.toMatch(/from\s*["']node:|require\(/)
    expect(bundle.length).toBeGreaterThan(10_000)
  })

  it('trains to the bits of the TypeScript backend in Node', async () => {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction('window.result !== undefined')
    const result = (await page.evaluate('window.result')) as {
      error?: string
      info: unknown
      accuracy: number
      digest: string
      copy: string
      loaded: string
    }
    expect(result.error).toBeUndefined()
    expect(result.info).toMatchObject({
      backend: 'js',
      addon: null,
      reason: 'this environment does not support native addons',
    })
    expect(result.accuracy).toBeGreaterThan(0.9)

    const values = new Function(`return ${PIXELS}`)() as Uint8Array
    const data = samples({ values, cols: COLS, labels: Int32Array.from({ length: ROWS }, (_, r) => r % 3) })
    const model = new MLP({ layers: [COLS, 24, 3], activation: 'gelu', seed: 5, backend: createJsBackend() })
    await runFit(model, data, { epochs: 3, batchSize: 20, optimizer: sgd({ learningRate: 0.2, l2: 1e-4 }) })
    expect(result.digest).toBe(model.parametersDigest())
    expect(result.copy).toBe(result.digest)
    expect(result.loaded).toBe(new MLP({ layers: [COLS, 5, 3], seed: 9 }).parametersDigest())
  })

  it('predicts raw rows with the code for prediction alone, with the same bits', async () => {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/predicting`)
    await page.waitForFunction('window.result !== undefined')
    expect(await page.evaluate('window.result')).toEqual({ rows: await tableModel().predictRows(RAW) })
    const script = gzipSync(readFileSync(join(folder, 'out', 'predicting.js')))
    expect(script.length).toBeLessThan(20_000)
  })
})

it('ran in a browser, or says why not', () => {
  if (!CHROMIUM) console.warn('browser tests skipped: Chromium is not installed (Debian: apt-get install chromium)')
  expect(CHROMIUM !== undefined || process.env.CI === undefined, 'CI must have Chromium').toBe(true)
})
