import { Command } from 'commander'
import { integerInRange } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { LearningRateRange } from '../../core/results.js'
import { picked } from '../../train/config.js'
import { findLearningRate, STEP_NAMES } from '../../train/find-learning-rate.js'
import { fitOptionsOf } from '../../train/from-config.js'
import { configFromFlags, resolveConfig } from '../config/config.js'
import { DATA_FLAG, newSpec, oneOfBoth } from '../config/data-flag.js'
import { addConfigFlags, withFlagNames } from '../config/flags.js'
import { addTableFlags, type TableFlags } from '../config/table-flags.js'
import { listenForInterrupt } from '../interrupt.js'
import { drawLearningRate, figureWords } from '../run/figures.js'
import { checkPath, makeNumbered } from '../run/out-folder.js'
import { loadRunSets, makeModel } from '../run/training-setup.js'
import { print, printJson, say, sayBackend } from '../terminal.js'

interface LrFindFlags extends TableFlags {
  readonly config?: string
  readonly data?: string
  readonly from?: string
  readonly to?: string
  readonly steps?: string
  readonly out?: string
  readonly figures: boolean
  readonly json?: boolean
}

const HELP = `
Takes the flags of train, so that a train command becomes a range test by its first word. A range test has a length, a schedule
and evaluations of its own: --epochs, --schedule, --patience and the like have no effect.`

export function lrFindCommand(): Command {
  const command = new Command('lr-find')
    .description('find a learning rate: train some steps while it rises, draw the loss and suggest one')
    .argument('[data]', 'what to train on, as --data')
    .option(...DATA_FLAG)
    .option('--from <x>', 'learning rate of the first step (default: 1e-6)')
    .option('--to <x>', 'learning rate of the last step, unless the loss diverges before (default: 10)')
    .option('--steps <n>', 'number of steps (default: those of an epoch, at least 100 and at most 200)')
    .option(
      '--out <folder>',
      'folder for learning-rate.svg and .png, nothing else is written (default: runs/lr-find, runs/lr-find-2, ...)',
    )
    .option('--no-figures', 'write nothing')
    .option('--json', 'print one JSON document on stdout, all else on stderr')
  addTableFlags(command)
  return addConfigFlags(command)
    .addHelpText('after', HELP)
    .action(async (argument: string | undefined, given: LrFindFlags & Record<string, unknown>) => {
      const data = oneOfBoth(argument, given.data)
      const interruption = listenForInterrupt(say)
      try {
        await run({ ...given, ...(data !== undefined && { data }) }, interruption.signal)
      } catch (error) {
        throw withFlagNames(error, command)
      } finally {
        interruption.release()
      }
    })
}

async function run(flags: LrFindFlags & Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const spec = await newSpec(flags.data, flags)
  const fallback = 'mnist' in spec ? 'homework' : 'general'
  const config = await resolveConfig(flags.config, configFromFlags(flags), say, fallback)
  const { preset } = config
  const range = rangeOf(flags)
  if (flags.out !== undefined) checkPath(flags.out)
  const backend = sayBackend()
  const outputs = { figures: false, trainingCurve: false, homeworkWeights: false }
  const request = { ...config, ...outputs, data: spec, out: undefined, overwrite: false, checkpointEveryMs: 0 }
  const sets = await loadRunSets(request, signal)
  say(`data: ${sets.source}: ${sets.train.length} training rows`)
  for (const note of sets.notes) say(`      ${note}`)
  const { training } = sets
  const model = makeModel({ ...request, training }, sets)
  const { optimizer } = fitOptionsOf(training)
  const found = await findLearningRate(model, sets.train, {
    ...picked(training, STEP_NAMES),
    optimizer,
    ...range,
    signal,
  })
  const subtitle = `${preset}: ${model.layerSizes.join('-')}, ${optimizer.config.name}, ${sets.train.length} rows`
  const figures = flags.figures
    ? await drawLearningRate(flags.out ?? (await makeNumbered('lr-find')), found, subtitle)
    : []
  if (flags.json) {
    const { source, recipe } = sets
    const about = { preset, layers: model.layerSizes, optimizer: optimizer.config, data: source, recipe, backend }
    printJson({ ...about, suggestion: found.minimumTenth, ...found, figures })
  } else print(summary(found, figures))
}

function rangeOf({ from, to, steps }: LrFindFlags) {
  return {
    ...(from !== undefined && { from: number('--from', from) }),
    ...(to !== undefined && { to: number('--to', to) }),
    ...(steps !== undefined && { steps: integerInRange('--steps', number('--steps', steps), 10) }),
  }
}

function number(flag: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw invalidArgument(flag, 'a number', text)
}

function summary({ steps, diverged, steepest, minimumTenth }: LearningRateRange, figures: readonly string[]): string {
  const lines: string[] = []
  const line = (name: string, text: string) => lines.push(`${name.padEnd(10)} ${text}`)
  const last = steps[steps.length - 1]
  const range = `learning rate from ${words(steps[0].learningRate)} to ${words(last.learningRate)}`
  line('steps', `${steps.length}, ${range}${diverged ? ', where the loss diverged' : ''}`)
  if (minimumTenth === null) line('suggestion', 'none: the loss does not fall; try another --from and --to')
  else {
    line('suggestion', `--learning-rate ${words(minimumTenth)}: a tenth of the one with the least loss`)
    line('', `${words(steepest!)}: where the loss falls fastest`)
  }
  figureWords(figures).forEach((path, i) => {
    line(i === 0 ? 'figure' : '', path)
  })
  return lines.join('\n')
}

function words(rate: number): string {
  return String(Number(rate.toPrecision(3)))
}
