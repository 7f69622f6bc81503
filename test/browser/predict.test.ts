import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build as esbuild } from 'esbuild'
import type { Browser } from 'playwright-core'
import { build as vite } from 'vite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { MLPClassifier } from '../../src/estimators/classifier.js'
import { encodeModel } from '../../src/io/model-bytes.js'
import type { MLP } from '../../src/model/mlp.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { recipe } from '../repo/recipes.js'
import { ROOT } from '../repo/source-graph.js'
import { CHROMIUM, launch, serve } from './chromium.js'

/** The page of docs/cookbook.md, bundled as it stands, predicts raw rows in a real browser with the bits of the TypeScript backend. */
const MAX_BYTES = 20_000
const home = temporaryFolder()

const BUNDLERS: Readonly<Record<string, (folder: string) => Promise<unknown>>> = {
  esbuild: (folder) =>
    esbuild({
      ...{ entryPoints: [join(folder, 'page.js')], outfile: join(folder, 'out', 'page.js'), logLevel: 'silent' },
      ...{ bundle: true, minify: true, format: 'esm', platform: 'browser' },
    }),
  vite: (folder) =>
    vite({
      ...{ root: folder, logLevel: 'error', configFile: false },
      build: {
        outDir: 'out',
        rollupOptions: { input: join(folder, 'page.js'), output: { entryFileNames: 'page.js' } },
      },
    }),
}

describe.runIf(CHROMIUM)('native-mlp/predict in Chromium', { timeout: 120_000 }, () => {
  let browser: Browser
  let model: MLP

  beforeAll(async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      size: i % 9 === 0 ? null : i % 7,
      color: ['red', 'grey'][i % 2],
    }))
    const species = rows.map(({ size, color }) => (color === 'red' ? 'fox' : (size ?? 0) > 3 ? 'dog' : 'cat'))
    const options = { backend: createJsBackend(), members: 2, maxIter: 8, hiddenLayerSizes: [8] }
    model = (await new MLPClassifier(options).fit(rows, species)).model
    browser = await launch()
  })
  afterAll(() => browser?.close())

  it.each(Object.keys(BUNDLERS))('bundled by %s, in at most 20 kB', async (name) => {
    const folder = mkdtempSync(join(home, `${name}-`))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules', 'native-mlp'))
    writeFileSync(join(folder, 'page.js'), recipe('In a browser').programs[0])
    await BUNDLERS[name](folder)
    const bundle = readFileSync(join(folder, 'out', 'page.js'))
    expect(gzipSync(bundle).length).toBeLessThan(MAX_BYTES)

    const files = { '/page.js': () => bundle, '/species.safetensors': () => encodeModel(model) }
    const { server, url } = await serve(files)
    onTestFinished(() => void server.close())
    const page = await browser.newPage()
    page.on('pageerror', (error) => expect.fail(String(error)))
    await page.goto(url)
    await page.waitForFunction("document.body.textContent.includes(': ')")
    const [{ class: species, probabilities }] = await model.predictRows([{ size: 4.2, color: 'red' }])
    expect(await page.textContent('body')).toBe(`${species}: ${probabilities![String(species)]}`)
  })
})
