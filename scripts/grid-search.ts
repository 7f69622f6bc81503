/**
 * Searches a grid of hyper-parameters on MNIST, by default the 60 points of the homework.
 *
 *     npm run grid
 *     npm run grid -- --preset quick --epochs 1 --workers 2 --seed 7 --out runs/mine
 *
 * For grids of your own there is `npx native-mlp search --config grid.json`.
 */
import { mkdir } from 'node:fs/promises'
import {
  backendInfo,
  countStates,
  gridSearch,
  mnist,
  renderFigure,
  SEARCH_PRESETS,
  StudyFolder,
  searchHeatmapFigure,
  showSearchProgress,
  writeFileAtomic,
} from 'native-mlp'
import { chosen, parseFlags } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    preset: { type: 'string', default: 'homework' },
    epochs: { type: 'string' },
    workers: { type: 'string' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string' },
    out: { type: 'string' },
  },
})
const preset = chosen('--preset', flags.preset, SEARCH_PRESETS)
const { grid, base } = preset
const { scale, validFraction, limitTrain, limitTest } = preset.training
const seed = Number(flags.seed)
const out = flags.out ?? `runs/grid-${flags.preset}`

const { backend, isa, reason } = backendInfo()
console.log(backend === 'native' ? `native: ${isa}` : `pure TypeScript, many times slower: ${reason}`)

// the data, in memory that the workers share
const data = await mnist({ dir: flags.data, scale, shared: true })
const rows = limitTrain ? data.train.take(limitTrain) : data.train
const test = limitTest ? data.test.take(limitTest) : data.test
const { train, valid } = rows.split({ valid: validFraction, seed })
console.log(`${data.source}: ${train.length} rows to train, ${valid.length} to validate, ${test.length} to test`)

// the search: every trial's result is on disk as soon as it has finished; Ctrl-C leaves those that have
const interrupt = new AbortController()
process.on('SIGINT', () => interrupt.abort())
const progress = showSearchProgress()
const about = { source: data.source, scale, validFraction, limitTrain, limitTest }
const folder = new StudyFolder(out, { overwrite: true, about })
const study = await gridSearch({
  data: { train, valid, test },
  grid,
  base: { ...base, seed, ...(flags.epochs && { epochs: Number(flags.epochs) }) },
  workers: flags.workers ? Number(flags.workers) : undefined,
  callbacks: [folder.callbacks, progress.callbacks],
  signal: interrupt.signal,
})
  .finally(progress.stop)
  .catch(async (error) => {
    await folder.end(error)
    if (error.code !== 'ABORTED') throw error
    console.error(`stopped; ${out} holds the trials that have finished`)
    process.exit(130)
  })
await folder.end()

// the figures: learning rate x L2, one panel for each number of hidden units
await mkdir(`${out}/figures`, { recursive: true })
for (const metric of ['valid.accuracy', 'test.accuracy'] as const) {
  const { svg, png } = await renderFigure(await searchHeatmapFigure(study.trials, { metric }))
  const file = `${out}/figures/${metric.replace('.', '-')}`
  await writeFileAtomic(`${file}.svg`, svg)
  await writeFileAtomic(`${file}.png`, png)
  console.log(`figure  ${file}.svg and .png`)
}

const { completed, collapsed, failed } = countStates(study.trials)
console.log(`table   ${folder.file('results')}`)
console.log(
  `${study.size} trials in ${study.seconds.toFixed(1)} s: ${completed} completed, ${collapsed} collapsed, ${failed} failed`,
)
if (study.best) {
  const { trial, params, valid, test } = study.best
  console.log(`best    trial ${trial}:`, params)
  console.log(`        validation accuracy ${valid?.accuracy.toFixed(4)}, test accuracy ${test?.accuracy.toFixed(4)}`)
  console.log(`model   ${folder.file('model')}`)
}
