import { Command, Option } from 'commander'
import { backendInfo } from '../../backend/index.js'
import { integerInRange } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import { type LoadedData, loadData } from '../../data/load.js'
import type { DataSpec } from '../../data/spec.js'
import { showSearchProgress } from '../../progress/index.js'
import { queueAddress } from '../../search/queue/connection.js'
import { MAX_STACK } from '../../search/threads/stack.js'
import { configFromFlags } from '../config/config.js'
import { DATA_FLAG, newSpec, oneOfBoth } from '../config/data-flag.js'
import { addConfigFlags, withFlagNames } from '../config/flags.js'
import { checkChoice } from '../config/search-choice.js'
import { resolveSearch, SEARCH_NAMES, type StrategyDetails } from '../config/search-config.js'
import { addTableFlags, isTableSpec, type TableFlags } from '../config/table-flags.js'
import { tableSearchDefaults } from '../config/table-search.js'
import { listenForInterrupt } from '../interrupt.js'
import { checkPath } from '../run/out-folder.js'
import { readingProgress } from '../run/reading.js'
import { type ResumeChoice, resumedRequest } from '../run/search-resume.js'
import { resumeWords, type SearchRequest, searchRun } from '../run/search-run.js'
import { searchDocument, searchSummary } from '../run/search-summary.js'
import { backendWords, EXIT, print, printJson, say } from '../terminal.js'

interface SearchFlags extends TableFlags {
  readonly config?: string
  readonly data?: string
  readonly out?: string
  readonly overwrite?: boolean
  readonly resume?: string
  readonly workers?: string
  readonly stack?: string
  readonly queue?: string | true
  readonly strategy?: string
  readonly trials?: string
  readonly minEpochs?: string
  readonly factor?: string
  readonly asynchronous?: boolean
  readonly ahead?: string
  readonly startup?: string
  readonly folds?: string
  readonly repeats?: string
  readonly objective?: string
  readonly selectBy?: string
  readonly metric?: string
  readonly keepModels?: boolean
  readonly json?: boolean
  readonly figures: boolean
  readonly refit?: boolean
}

/** Options that are allowed with --resume. */
const WITH_RESUME = ['resume', 'data', 'workers', 'stack', 'queue', 'json', 'figures', 'refit']

const CONFIG_HELP =
  'JSON file with "grid" or "space": {"learningRate": [...], ...} and hyper-parameters beside it; flags win over it'

const PRESET_HELP = 'what to start from: homework, its 60 points, or quick, 8 points in seconds (default: homework)'

const HELP = `
A search can be stopped at any time, by Ctrl-C, kill -9 or a power cut. 'search --resume <folder>' continues it, in the
middle of its trials, and ends with the same bytes in results.csv and every model as an uninterrupted search.
A space in the config file may have lists, {"logUniform": [0.001, 0.5]}, {"uniform": [0, 1]}, {"integer": [16, 512], "log": true}
and conditions, {"values": [0.9], "when": {"activation": ["relu"]}}; --strategy random, halving or tpe draws --trials points of it.`

export function searchCommand(): Command {
  const command = new Command('search')
    .description('try hyper-parameters and write a folder with the table, the best model and figures')
    .option('--out <folder>', 'folder for the results, new or empty (default: runs/search-<preset>, ...-2, ...)')
    .option('--overwrite', 'let --out replace an earlier search')
    .option(
      '--resume <folder>',
      'continue the search in this folder; with --data, --workers, --stack, --queue, --refit, --json, --no-figures only',
    )
    .argument('[data]', 'what to train on, as --data')
    .option(...DATA_FLAG)
    .option('--workers <n>', 'trials run side by side, each on one thread (default: the number of cores)')
    .option(
      '--stack <n>',
      'trials of the same shape a worker trains in lock-step, changing no result: auto, or so many (default: auto)',
    )
    .option(
      '--queue [url]',
      "let 'native-mlp worker' processes compute, through BullMQ on redis://... (url by default: NATIVE_MLP_REDIS_URL)",
    )
    .option('--keep-models', 'keep the model of every trial, in models/, not only of the best')
    .option('--refit', 'also train the best again on training and validation rows together: refit.safetensors')
    .option('--no-figures', 'draw nothing')
    .option('--json', 'print one JSON document about the search on stdout, all else on stderr')
    .optionsGroup('What is tried:')
    .option(
      '--strategy <name>',
      'grid: every point; random: points drawn at random; halving: of these, or of a grid, the better ones train on; ' +
        'tpe: points proposed from the results so far (default: grid, with a space random)',
    )
    .option('--trials <n>', 'points to draw; needed for random and tpe, for halving by default the whole grid')
    .option('--min-epochs <n>', 'for halving: epochs every trial gets (default: a ninth of --epochs)')
    .option(
      '--factor <n>',
      'for halving: of the trials 1 in so many goes on, with so many times the epochs (default: 3)',
    )
    .option('--asynchronous', 'for halving: do not wait for all trials before the better ones go on')
    .option(
      '--ahead <n>',
      'for tpe: a trial follows from the results of all but so many before it, which run at once; changes the results ' +
        '(default: 4)',
    )
    .option('--startup <n>', 'for tpe: points to draw at random first (default: 10)')
    .option('--folds <k>', 'k-fold cross-validation (default: one validation set)')
    .option('--repeats <n>', 'train each point so often, with seeds of their own (default: 1)')
    .option(
      '--objective <name>',
      'what chooses the best trial: valid or test, and a metric: valid.accuracy, valid.loss, valid.rocAuc, ...: ' +
        'docs/metrics.md; by test, the test result of the best is optimistic (default: valid.accuracy)',
    )
    .addOption(new Option('--select-by <set>', 'valid or test; see --objective').hideHelp())
    .addOption(new Option('--metric <name>', 'a metric; see --objective').hideHelp())
  addTableFlags(command)
  addConfigFlags(command, SEARCH_NAMES)
  for (const option of command.options) {
    if (option.long === '--config') option.description = CONFIG_HELP
    if (option.long === '--preset') option.description = PRESET_HELP
  }
  return command
    .addHelpText('after', HELP)
    .action(async (argument: string | undefined, given: SearchFlags & Record<string, unknown>) => {
      try {
        const data = oneOfBoth(argument, given.data)
        await runSearch({ ...given, ...(data !== undefined && { data }) }, command)
      } catch (error) {
        throw withFlagNames(error, command)
      }
    })
}

async function runSearch(flags: SearchFlags & Record<string, unknown>, command: Command): Promise<void> {
  const request = await (flags.resume === undefined ? newRequest(flags) : resumption(flags.resume, flags, command))
  // before anything else is made or loaded
  const server = request.queue === undefined ? null : queueAddress(request.queue === true ? undefined : request.queue)
  say(`backend: ${backendWords({ ...backendInfo(), threads: 1 })} a trial`)
  if (server) say(`queue: ${server.shown}; join it with: npx native-mlp worker --queue ${server.shown}`)
  const progress = showSearchProgress()
  const interruption = listenForInterrupt(progress.log)
  try {
    const search = await searchRun(request, { signal: interruption.signal, progress })
    if (flags.json) printJson(searchDocument(search))
    else print(searchSummary(search))
    if (search.status === 'interrupted') {
      if (search.canResume) say(resumeWords(search.folder, request.queue))
      process.exitCode = interruption.exitCode()
    } else if (search.best === null) process.exitCode = EXIT.failure
  } finally {
    progress.stop()
    interruption.release()
  }
}

async function newRequest(flags: SearchFlags & Record<string, unknown>): Promise<SearchRequest> {
  const whole = (text: string | undefined) => (text === undefined ? undefined : number(text))
  const { strategy, objective, selectBy, metric } = flags
  const [trials, folds, repeats] = [flags.trials, flags.folds, flags.repeats].map(whole)
  const given = { strategy, trials, folds, repeats, objective, selectBy, metric }
  const choice = checkChoice(given, (key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  const spec = await newSpec(flags.data, flags)
  const loaded = isTableSpec(spec) ? await loadTable(spec) : null
  const fixed = configFromFlags(flags, SEARCH_NAMES)
  const defaults = loaded && tableSearchDefaults(loaded)
  const config = await resolveSearch(flags.config, fixed, choice, detailsOf(flags), say, defaults)
  const { training, plan, ...rest } = config
  const { out, overwrite = false, keepModels = false } = flags
  if (out !== undefined) checkPath(out)
  const data = { ...spec, scale: training.scale }
  return { ...rest, plan, data, loaded, out, overwrite, keepModels, resume: false, ...howToRun(flags) }
}

/** Before the configuration, which follows from the task and the number of rows. */
async function loadTable(spec: DataSpec): Promise<LoadedData> {
  const reading = readingProgress()
  return await loadData(spec, { onProgress: reading.onProgress }).finally(reading.stop)
}

function detailsOf({ minEpochs, factor, asynchronous, ahead, startup }: SearchFlags): StrategyDetails {
  const whole = <K extends string>(name: K, flag: string, text: string | undefined, min: number) =>
    text === undefined ? {} : ({ [name]: integerInRange(flag, number(text), min) } as { [key in K]: number })
  return {
    halving: {
      ...whole('minEpochs', '--min-epochs', minEpochs, 1),
      ...whole('factor', '--factor', factor, 2),
      ...(asynchronous && { asynchronous }),
    },
    tpe: { ...whole('ahead', '--ahead', ahead, 1), ...whole('startup', '--startup', startup, 1) },
  }
}

async function resumption(folder: string, flags: SearchFlags, command: Command): Promise<SearchRequest> {
  const given = command.options.filter((option) => {
    const name = option.attributeName()
    return command.getOptionValueSource(name) === 'cli' && !WITH_RESUME.includes(name)
  })
  if (given.length > 0) {
    const names = given.map(({ long }) => long).join(', ')
    const problem = `takes its options from the folder; remove ${names}`
    throw new NativeMlpError('INVALID_ARGUMENT', `--resume: ${problem}`)
  }
  return await resumedRequest(folder, { data: flags.data, ...howToRun(flags) })
}

function howToRun({ workers, stack, queue, figures, refit = false }: SearchFlags): Omit<ResumeChoice, 'data'> {
  return {
    workers: workers === undefined ? undefined : integerInRange('--workers', number(workers), 1, 256),
    stack: stack === undefined || stack === 'auto' ? stack : integerInRange('--stack', number(stack), 1, MAX_STACK),
    queue,
    figures,
    refit,
  }
}

function number(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text
}
