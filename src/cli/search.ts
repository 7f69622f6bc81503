import { Command } from 'commander'
import { backendInfo } from '../backend/index.js'
import { integerInRange } from '../core/checks.js'
import { showSearchProgress } from '../progress/index.js'
import { paramWords, resultWords } from '../progress/search-words.js'
import { clock } from '../progress/words.js'
import { countStates } from '../search/study-folder.js'
import { EXIT } from './exit.js'
import { listenForInterrupt } from './interrupt.js'
import { backendWords, print, printJson, say } from './output.js'
import { figureWords } from './run-figures.js'
import { checkPath } from './run-folder.js'
import { checkMetric, checkSelectBy, resolveSearch } from './search-config.js'
import { type FinishedSearch, searchRun } from './search-run.js'
import { SEARCH_SETTING_NAMES } from './settings.js'
import { addConfigFlags, configFromFlags } from './train-flags.js'

interface SearchFlags {
  readonly config?: string
  readonly data?: string
  readonly out?: string
  readonly overwrite?: boolean
  readonly workers?: string
  readonly selectBy?: string
  readonly metric?: string
  readonly stopOnCollapse?: boolean
  readonly json?: boolean
  readonly figures: boolean
}

const CONFIG_HELP =
  'JSON file with "grid": {"learningRate": [...], ...} and hyper-parameters beside it; flags win over it'

export function searchCommand(): Command {
  const command = new Command('search')
    .description(
      'try a grid of hyper-parameters on MNIST and write a folder with the table, the best model and heat maps',
    )
    .option('--data <folder>', 'folder with the four IDX files, plain or .gz (default: found or downloaded)')
    .option('--out <folder>', 'folder for the results, new or empty (default: runs/search-<preset>, ...-2, ...)')
    .option('--overwrite', 'let --out replace an earlier search')
    .option('--workers <n>', 'trials run side by side, each on one thread (default: the number of cores)')
    .option(
      '--select-by <set>',
      'valid, or test: the test result of the best trial is then optimistic (default: valid)',
    )
    .option('--metric <name>', 'accuracy or loss (default: accuracy)')
    .option('--stop-on-collapse', 'end a trial when it is found collapsed')
    .option('--json', 'print one JSON document about the search on stdout, all else on stderr')
    .option('--no-figures', 'draw nothing')
  addConfigFlags(command, SEARCH_SETTING_NAMES)
  for (const option of command.options) if (option.long === '--config') option.description = CONFIG_HELP
  return command.action(async (flags: SearchFlags & Record<string, unknown>) => {
    const config = await resolveSearch(flags.config, configFromFlags(flags), {
      ...(flags.selectBy !== undefined && { selectBy: checkSelectBy('--select-by', flags.selectBy) }),
      ...(flags.metric !== undefined && { metric: checkMetric('--metric', flags.metric) }),
      stopOnCollapse: flags.stopOnCollapse,
    })
    const { data, out, overwrite = false, figures } = flags
    if (out !== undefined) checkPath(out)
    const workers = flags.workers === undefined ? undefined : integerInRange('--workers', number(flags.workers), 1, 256)
    say(`backend: ${backendWords({ ...backendInfo(), threads: 1 })} a trial`)
    const progress = showSearchProgress()
    const interruption = listenForInterrupt(progress.say)
    try {
      const { signal } = interruption
      const search = await searchRun({ ...config, data, out, overwrite, workers, figures }, { signal, progress })
      if (flags.json) printJson(jsonOf(search))
      else print(summary(search))
      if (search.status === 'interrupted') process.exitCode = interruption.exitCode()
      else if (search.best === null) process.exitCode = EXIT.failure
    } finally {
      progress.stop()
      interruption.release()
    }
  })
}

function number(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text
}

function jsonOf({ status, folder, header, trials, best, figures, seconds }: FinishedSearch): object {
  const summaries = trials.map(({ config: _, history: __, ...rest }) => rest)
  const [results, timings, journal] = (['results', 'timings', 'trials'] as const).map((name) => folder.file(name))
  const files = { results, timings, trials: journal, model: best ? folder.file('model') : null, figures }
  return {
    folder: folder.path,
    status,
    files,
    ...header,
    counts: countStates(trials),
    best,
    trials: summaries,
    seconds,
  }
}

function summary({ status, folder, header, trials, best, figures, seconds }: FinishedSearch): string {
  const lines: string[] = []
  const line = (name: string, text: string) => lines.push(`${name.padEnd(9)} ${text}`)
  const { completed, collapsed, failed } = countStates(trials)
  if (status === 'interrupted') line('stopped', 'early; the folder holds the trials that had finished')
  line('trials', `${trials.length} of ${header.size}: ${completed} completed, ${collapsed} collapsed, ${failed} failed`)
  if (best) {
    line('best', `trial ${best.trial}: ${paramWords(best.params)}`)
    line('', `${resultWords(best)} at step ${best.bestStep}, selected by ${header.selectBy} ${header.metric}`)
    if (header.caution) line('caution', header.caution)
  } else {
    line('best', 'none: no trial completed')
  }
  line('time', `${clock(seconds)} with ${header.workers} ${header.workers === 1 ? 'worker' : 'workers'}`)
  line('table', folder.file('results'))
  if (best) line('model', folder.file('model'))
  figureWords(figures).forEach((path, i) => {
    line(i === 0 ? 'figures' : '', path)
  })
  line('search', folder.path)
  return lines.join('\n')
}
