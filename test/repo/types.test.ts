import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT } from './source-graph.js'

const require = createRequire(import.meta.url)
const TSC = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

/** A project with the package alone: what its declarations import from elsewhere is not there. */
const project = mkdtempSync(join(tmpdir(), 'native-mlp-types-'))
const installed = join(project, 'node_modules', 'native-mlp')
mkdirSync(installed, { recursive: true })
writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
const isDeclaration = (path: string) => !/\.(js|map|tsbuildinfo)$/.test(path)
cpSync(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true, filter: isDeclaration })
for (const name of ['@types/node', 'undici-types']) {
  cpSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name), { recursive: true })
}
afterAll(() => rmSync(project, { recursive: true, force: true }))

/** How a consumer may resolve modules, with the modules that go with it. */
const MODULES = { nodenext: 'nodenext', bundler: 'esnext' } as const
type Resolution = keyof typeof MODULES

/** What tsc says of a file in the project, '' where it is content; libraries are checked too. */
function compile(text: string, resolution: Resolution, ...flags: string[]): string {
  writeFileSync(join(project, 'consumer.ts'), text)
  const common = ['--strict', '--noEmit', '--ignoreConfig', '--target', 'es2023']
  const args = [...common, '--module', MODULES[resolution], '--moduleResolution', resolution, ...flags, 'consumer.ts']
  try {
    return execFileSync(process.execPath, [TSC, ...args], { cwd: project, encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout || String(error)
  }
}

const BARE = ['--lib', 'es2023', '--types', '']
const EVERYTHING = `
import * as all from 'native-mlp'
import * as bench from 'native-mlp/bench'
const controller = { aborted: false, addEventListener() {}, removeEventListener() {} }
export const run = async (): Promise<string> => {
  const data = all.samples({ values: [1, 2], cols: 1, labels: [0, 1] })
  const model = new all.MLP({ layers: [1, 2] })
  const result: all.FitResult = await all.fit(model, data, {
    optimizer: all.sgd({ learningRate: 0.1 }),
    signal: controller,
    callbacks: all.showProgress({ stream: { write: () => true } }).callbacks,
  })
  return (await all.lossCurvesFigure(result.history)).svg + bench.formatReport(await bench.bench({ only: 'gemm' }))
}
`

describe.each(Object.keys(MODULES) as Resolution[])('the declarations, resolved by %s', (resolution) => {
  it('need neither the types of Node, the DOM nor another package', () => {
    expect(compile(EVERYTHING, resolution, ...BARE)).toBe('')
    expect(compile(EVERYTHING, resolution, ...BARE, '--exactOptionalPropertyTypes')).toBe('')
  })

  it.each([
    ['Node', ['--lib', 'es2023', '--types', 'node'], 'process.stdout'],
    ['the DOM', ['--lib', 'es2023,dom', '--types', ''], '{ write: (text: string) => console.log(text) }'],
  ])("take a signal and a stream of %s's", (_, flags, stream) => {
    const text = `
import { evaluate, fit, mnist, MLP, sgd, showProgress, showSearchProgress } from 'native-mlp'
const { signal } = new AbortController()
const { train, test } = await mnist({ signal })
const model = new MLP({ layers: [784, 10] })
const { callbacks } = showProgress({ stream: ${stream} })
showSearchProgress({ stream: ${stream} }).stop()
await fit(model, train, { optimizer: sgd({ learningRate: 0.1 }), signal, callbacks })
await evaluate(model, test, { signal })
await model.predict(test, { signal })
`
    expect(compile(text, resolution, ...flags)).toBe('')
  })

  it('of the browser entry promise what it exports, and no files', () => {
    const text = `import * as all from 'native-mlp'
export const copy = (model: all.MLP): all.MLP => all.decodeModel(all.encodeModel(model))
const names: 'loadModel' extends keyof typeof all ? true : false = IS_NODE
export { names }`
    if (resolution === 'bundler')
      expect(compile(text.replace('IS_NODE', 'false'), resolution, ...BARE, '--customConditions', 'browser')).toBe('')
    expect(compile(text.replace('IS_NODE', 'true'), resolution, ...BARE)).toBe('')
  })

  it('are checked: what is wrong is found', () => {
    expect(compile("import { fitt } from 'native-mlp'\nexport { fitt }", resolution, ...BARE)).toMatch(/error TS\d+/)
    const leak =
      "import type { Markish } from '@observablehq/plot'\nexport const s = (x: AbortSignal, y: Markish) => [x, y]"
    expect(compile(leak, resolution, ...BARE)).toMatch(/plot(.|\n)*AbortSignal/)
  })
})
