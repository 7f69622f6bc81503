import { join } from 'node:path'
import { evaluate, fit, gridSearch, MLP, RunFolder, samples, sgd } from 'native-mlp'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextMacrotask } from '../../src/core/event-loop.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { readSources, type SourceFile } from '../repo/source-graph.js'
import { clusters } from '../train/toy-data.js'

const folder = temporaryFolder()
const { values, cols, labels, classes } = clusters(300)
const set = samples({ values, cols, labels: labels!, classes: classes! })
const optimizer = () => sgd({ learningRate: 0.1 })

async function trained(path?: string) {
  const model = new MLP({ layers: [set.cols, 6, set.classes!] })
  const shown = path === undefined ? {} : { folder: path }
  await fit(model, set, { epochs: 3, batchSize: 16, optimizer: optimizer(), yieldEveryMs: 0, ...shown })
  return model
}

describe('under fake timers', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }))
  afterEach(() => void vi.useRealTimers())

  it('a macrotask comes, and the same training gives the same bits', async () => {
    await nextMacrotask()
    const model = await trained()
    await evaluate(model, set)
    await model.predict(set)
    vi.useRealTimers()
    expect(model.parametersDigest()).toBe((await trained()).parametersDigest())
  })

  it('a run writes its folder, also over the lock of a process that has ended', async () => {
    const path = join(folder, 'run')
    await trained(path)
    const run = new RunFolder(path, { overwrite: true })
    expect(await run.read()).toMatchObject({ status: 'completed' })
  })

  it('a search ends, on threads', async () => {
    const data = set.split({ valid: 0.2 })
    const grid = { learningRate: [0.1, 0.2, 0.3], hidden: [4] }
    const { trials } = await gridSearch({ data, grid, base: { epochs: 2, batchSize: 16 }, workers: 2 })
    expect(trials.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
  })
})

it('no file looks timers or clocks up when it needs them', () => {
  const LOOKED_UP = /\bperformance\.now|\bDate\.now|node:timers/
  const TIMER = /(?<![.\w])(set(Timeout|Interval|Immediate)|clear(Timeout|Interval))\(/
  const files = [...readSources('src').values()].filter(({ path }) => path !== 'src/core/timers.ts')
  expect(files.length).toBeGreaterThan(100)
  const imported = (file: SourceFile) => file.imports.some(({ specifier }) => specifier.endsWith('/timers.js'))
  const wrong = files.filter((file) => LOOKED_UP.test(file.code) || (TIMER.test(file.code) && !imported(file)))
  expect(wrong.map(({ path }) => path)).toEqual([])
})
