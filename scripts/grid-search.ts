/**
 * Searches a grid of hyper-parameters on MNIST, by default the 60 points of the homework.
 *
 *     npm run grid
 *     npm run grid -- --resume
 *     npm run grid -- --preset quick --epochs 1 --workers 2 --seed 7 --out runs/mine
 *     npm run grid -- --evaluate-on valid
 *
 * It can be stopped at any time, even by `kill -9`: --resume continues it and gives the same results. A folder with a finished
 * search is overwritten, one with an unfinished search only with --overwrite.
 * For custom grids use `npx native-mlp search --config grid.json`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import {
  backendInfo,
  countStates,
  gridSearch,
  loadData,
  renderFigure,
  reproduceCommand,
  SEARCH_PRESETS,
  StudyFolder,
  searchHeatmapFigure,
  showSearchProgress,
  writeFileAtomic,
} from 'native-mlp'
import { chosen, parseFlags, refuse } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    preset: { type: 'string', default: 'homework' },
    epochs: { type: 'string' },
    'evaluate-on': { type: 'string' },
    workers: { type: 'string' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string' },
    out: { type: 'string' },
    resume: { type: 'boolean', default: false },
    overwrite: { type: 'boolean', default: false },
  },
})
const preset = chosen('--preset', flags.preset, SEARCH_PRESETS)
const { grid, base } = preset
const { scale, validFraction, limitTrain, limitTest } = preset.training
const seed = Number(flags.seed)
const out = flags.out ?? `runs/grid-${flags.preset}`

const record = `${out}/study.json`
if (!flags.resume && !flags.overwrite && existsSync(record)) {
  const { status } = JSON.parse(readFileSync(record, 'utf8'))
  if (status !== 'completed') refuse(`${out} holds an unfinished search: --resume goes on, --overwrite begins anew`)
}

const { backend, isa, reason } = backendInfo()
console.log(backend === 'native' ? `native: ${isa}` : `pure TypeScript, many times slower: ${reason}`)

// the data, in memory shared with the workers
const dataFolder = flags.data ?? process.env.NATIVE_MLP_DATA
const spec = dataFolder ? { idx: { folder: dataFolder } } : { mnist: {} }
const data = await loadData({ ...spec, scale }, { shared: true })
// the preset's limits are for MNIST: smaller data are used whole
const limit = (rows: number | null, all = 0) => (rows !== null && rows < all ? rows : null)

// the search: writes each trial's result when it finishes, and checkpoints of the others every second
const started = performance.now()
const interrupt = new AbortController()
let asked = 0
process.on('SIGINT', () => {
  // npm forwards a Ctrl-C that the terminal has sent to both; a second one stops immediately
  if (asked > 0 && performance.now() - asked > 300) process.exit(130)
  asked ||= performance.now()
  interrupt.abort()
})
const progress = showSearchProgress()
const about = { source: data.source }
const folder = new StudyFolder(out, { overwrite: !flags.resume, resume: flags.resume, about })
const study = await gridSearch({
  data,
  validFraction,
  limitTrain: limit(limitTrain, data.train.length),
  limitTest: limit(limitTest, data.test?.length),
  grid,
  base: {
    ...base,
    seed,
    ...(flags.epochs && { epochs: Number(flags.epochs) }),
    ...(flags['evaluate-on'] && { evaluateOn: flags['evaluate-on'].split(',') as ('train' | 'valid' | 'test')[] }),
  },
  workers: flags.workers ? Number(flags.workers) : undefined,
  folder,
  callbacks: [
    {
      onStart: ({ rows: { train, valid, test } }) =>
        console.log(`${data.source}: ${train} rows to train, ${valid} to validate, ${test} to test`),
    },
    progress.callbacks,
  ],
  signal: interrupt.signal,
})
  .finally(progress.stop)
  .catch((error) => {
    if (error.code !== 'ABORTED') throw error
    const given = process.argv.slice(2).filter((word) => word !== '--resume' && word !== '--overwrite')
    console.error(`stopped; to resume: npm run grid -- ${[...given, '--resume'].join(' ')}`)
    process.exit(130)
  })
const searched = performance.now()

// the figures: learning rate x L2, one panel for each number of hidden units
await mkdir(`${out}/figures`, { recursive: true })
for (const metric of ['valid.accuracy', 'test.accuracy'] as const) {
  if (study.trials.every((trial) => !trial[metric === 'valid.accuracy' ? 'valid' : 'test'])) continue
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
  const { trial, params, valid, test, config } = study.best
  console.log(`best    trial ${trial}:`, params)
  const onTest = test ? `, test accuracy ${test.accuracy.toFixed(4)}` : ''
  console.log(`        validation accuracy ${valid?.accuracy.toFixed(4)}${onTest}`)
  console.log(`model   ${folder.file('model')}`)
  console.log(`reproduce ${reproduceCommand(config, { ...study, data: data.recipe, family: undefined })}`)
}

// timings since the start of this process
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const ofTrials = (part: 'total' | 'training' | 'evaluation') =>
  study.trials.reduce((sum, { timing }) => sum + 1000 * (timing?.[part] ?? 0), 0)
const [drawn, search] = [performance.now(), searched - started]
const rest = Math.max(0, study.workers * search - ofTrials('training') - ofTrials('evaluation'))
console.log(
  `time    ${seconds(drawn)}: start-up ${seconds(started)}, search ${seconds(search)}, figures ${seconds(drawn - searched)}`,
)
console.log(
  `        search, summed over ${study.workers} workers: training ${seconds(ofTrials('training'))}, ` +
    `evaluation ${seconds(ofTrials('evaluation'))}, starting, saving and waiting ${seconds(rest)}`,
)
