import { Command } from 'commander'
import { invalidArgument, NativeMlpError } from '../../core/errors.js'
import { RunFolder } from '../../io/run-folder.js'
import { showProgress } from '../../progress/index.js'
import { metricWords } from '../../progress/search-words.js'
import { count, entryWords, moreMetrics, percent } from '../../progress/words.js'
import { configFromFlags, resolveConfig } from '../config/config.js'
import { DATA_FLAG, newSpec, oneOfBoth } from '../config/data-flag.js'
import { addConfigFlags, withFlagNames } from '../config/flags.js'
import { addTableFlags, type TableFlags } from '../config/table-flags.js'
import { listenForInterrupt } from '../interrupt.js'
import { denseLimit } from '../run/dense-limit.js'
import { figureWords } from '../run/figures.js'
import { checkPath } from '../run/out-folder.js'
import { type FinishedRun, type RunContext, resumedRun, trainingRun } from '../run/training-run.js'
import { checkOutputs } from '../run/training-setup.js'
import { print, printJson, say, sayBackend, shellWord } from '../terminal.js'

/** Default seconds between two checkpoints. */
const CHECKPOINT_EVERY = '2'
/** Options that are allowed with --resume. */
const WITH_RESUME = ['resume', 'data', 'json', 'checkpointEvery']

const RESUME_HELP = `
A run can be stopped at any time, by Ctrl-C, kill -9 or a power cut. 'train --resume <folder>' continues from the checkpoint
in its folder, also in the middle of an epoch, and ends with the same bytes in history.jsonl, best.safetensors and
Training_Curve.txt as an uninterrupted run. It takes its configuration from run.json; the data and the numeric family
(native addon or pure TypeScript) must be the same, threads and instruction set may differ.`

interface TrainFlags extends TableFlags {
  readonly resume?: string
  readonly checkpointEvery?: string
  readonly config?: string
  readonly data?: string
  readonly out?: string
  readonly overwrite?: boolean
  readonly json?: boolean
  readonly figures: boolean
  readonly trainingCurve?: boolean
  readonly homeworkWeights?: boolean
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a network and write a run folder with the model, its curve and its figures')
    .argument('[data]', 'what to train on, as --data')
    .option(...DATA_FLAG)
    .option('--out <folder>', 'the run folder, new or empty (default: runs/<preset>, runs/<preset>-2, ...)')
    .option('--overwrite', 'let --out replace an earlier run')
    .option(
      '--resume <folder>',
      'continue the interrupted run in this folder; with --data, --json, --checkpoint-every only',
    )
    .option(
      '--checkpoint-every <seconds>',
      `how often to save a checkpoint to resume from (default: ${CHECKPOINT_EVERY})`,
    )
    .option('--json', 'print one JSON document about the run on stdout, all else on stderr')
    .option('--no-figures', 'draw nothing')
    .option('--training-curve', "also write the homework's Training_Curve.txt")
    .option('--homework-weights', "also write the homework's best_model_save/ of four .npy files")
  addTableFlags(command)
  return addConfigFlags(command)
    .addHelpText('after', RESUME_HELP)
    .action(async (argument: string | undefined, given: TrainFlags & Record<string, unknown>) => {
      const data = oneOfBoth(argument, given.data)
      const flags = { ...given, ...(data !== undefined && { data }) }
      const start = flags.resume === undefined ? await newRun(flags) : resumption(flags.resume, flags, command)
      sayBackend()
      const progress = showProgress()
      const interruption = listenForInterrupt((line) => {
        progress.stop() // a line of its own, not the end of the bar's
        say(line)
      })
      try {
        const run = await start({ signal: interruption.signal, progress, say }).catch((error) => {
          throw withFlagNames(error, command)
        })
        if (run === null) return
        if (flags.json) printJson(jsonOf(run))
        else print(run.wasComplete ? `${run.folder.path}: this run is complete` : summary(run))
        if (run.record.status !== 'interrupted') return
        say(`to resume: npx native-mlp train --resume ${shellWord(run.folder.path)}`)
        process.exitCode = interruption.exitCode()
      } finally {
        interruption.release()
      }
    })
}

type Start = (context: RunContext) => Promise<FinishedRun>

async function newRun(flags: TrainFlags & Record<string, unknown>): Promise<Start> {
  const data = await newSpec(flags.data, flags)
  const fallback = 'mnist' in data ? 'homework' : 'general'
  const config = await resolveConfig(flags.config, configFromFlags(flags), say, fallback)
  if (flags.out !== undefined) {
    checkPath(flags.out)
    await new RunFolder(flags.out, { overwrite: flags.overwrite }).check()
  }
  const request = {
    ...config,
    data,
    out: flags.out,
    overwrite: flags.overwrite ?? false,
    checkpointEveryMs: checkpointEveryMs(flags),
    figures: flags.figures,
    trainingCurve: flags.trainingCurve ?? false,
    homeworkWeights: flags.homeworkWeights ?? false,
  }
  checkOutputs(request)
  return (context) => trainingRun(request, context)
}

function resumption(folder: string, flags: TrainFlags, command: Command): Start {
  checkPath(folder, '--resume')
  const given = command.options.filter((option) => {
    const name = option.attributeName()
    return command.getOptionValueSource(name) === 'cli' && !WITH_RESUME.includes(name)
  })
  if (given.length > 0) {
    const names = given.map(({ long }) => long).join(', ')
    const problem = `takes its options from run.json; remove ${names}`
    throw new NativeMlpError('INVALID_ARGUMENT', `--resume: ${problem}`)
  }
  const request = { folder, data: flags.data, checkpointEveryMs: checkpointEveryMs(flags) }
  return (context) => resumedRun(request, context)
}

function checkpointEveryMs({ checkpointEvery = CHECKPOINT_EVERY }: TrainFlags): number {
  const isNumber = /^(\d+\.?\d*|\.\d+)$/.test(checkpointEvery)
  if (!isNumber) throw invalidArgument('--checkpoint-every', 'a number of seconds, 0 or more', checkpointEvery)
  return 1000 * Number(checkpointEvery)
}

function jsonOf({ folder, record, figures }: FinishedRun): object {
  const model = record.results?.best ? folder.file('model') : null
  return { folder: folder.path, files: { model, figures }, ...record }
}

function summary({ folder, record, figures, units }: FinishedRun): string {
  const { status, results, times } = record
  const { best, collapsed, test, steps, stopped } = results!
  const lines: string[] = []
  const line = (name: string, text: string) => lines.push(`${name.padEnd(9)} ${text}`)
  if (status === 'interrupted') line('stopped', `after ${steps} steps; the folder holds what was done until then`)
  if (stopped === 'early') line('stopped', `early, after ${steps} steps without a better validation in time`)
  if (collapsed) {
    const dead = `${Math.round(100 * collapsed.deadShare)} % of hidden units are dead since step ${collapsed.step}`
    line('collapsed', dead)
  }
  line('best', best ? `${metricWords(best.valid)} on validation at step ${best.step}` : 'no evaluation yet')
  if (best && !test) line('', entryWords(best))
  if (test) {
    const right = `${test.correct} of ${test.count} test rows right`
    const first = Number.isNaN(test.accuracy) ? `${test.count} test rows` : `${percent(test.accuracy)}: ${right}`
    const measured = [`loss ${test.loss.toFixed(4)}`, ...moreMetrics(test)].join(', ')
    line('test', `${first} with the best parameters, ${measured}`)
  }
  if (units) line('errors', units)
  line('time', timeWords(times))
  const limit = limitWords(record)
  if (limit !== null) line('limit', limit)
  if (best) line('model', folder.file('model'))
  figureWords(figures).forEach((path, i) => {
    line(i === 0 ? 'figures' : '', path)
  })
  line('run', folder.path)
  return lines.join('\n')
}

/** Null on the TypeScript backend, and for a run that was complete before. */
function limitWords({ times, model, backend }: FinishedRun['record']): string | null {
  const { training, samplesPerSecond } = times
  if (training === undefined || backend.name !== 'native') return null
  const { seconds, gflops } = denseLimit(model.layers, training * samplesPerSecond!, backend)
  const peak = `${gflops.toFixed(0)} GFLOP/s, ${backend.isa}, ${backend.threads === 1 ? '1 thread' : `${backend.threads} threads`}`
  return `${seconds.toFixed(1)} s for the multiply-adds of these steps at the FMA peak, ${peak}`
}

function timeWords(times: FinishedRun['record']['times']): string {
  const { total, training, evaluation, samplesPerSecond } = times
  const all = `${total!.toFixed(1)} s in all`
  if (training === undefined) return all
  const rate = `${count(samplesPerSecond!)} samples/s`
  return `${training.toFixed(1)} s training (${rate}), ${evaluation!.toFixed(1)} s evaluation, ${all}`
}
