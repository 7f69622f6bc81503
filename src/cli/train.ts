import { Command } from 'commander'
import { showProgress } from '../progress/index.js'
import { count, entryWords, percent } from '../progress/words.js'
import { resolveConfig } from './config.js'
import { listenForInterrupt } from './interrupt.js'
import { print, printJson, say, sayBackend } from './output.js'
import { figureWords } from './run-figures.js'
import { checkOut } from './run-folder.js'
import { addConfigFlags, configFromFlags } from './train-flags.js'
import { type FinishedRun, trainingRun } from './training-run.js'
import { checkOutputs } from './training-setup.js'

interface TrainFlags {
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
    .description('train a network on MNIST and write a run folder with the model, its curve and its figures')
    .option('--data <folder>', 'folder with the four IDX files, plain or .gz (default: found or downloaded)')
    .option('--out <folder>', 'the run folder, new or empty (default: runs/<preset>, runs/<preset>-2, ...)')
    .option('--overwrite', 'let --out replace an earlier run')
    .option('--json', 'print one JSON document about the run on stdout, all else on stderr')
    .option('--no-figures', 'draw nothing')
    .option('--training-curve', "also write the homework's Training_Curve.txt")
    .option('--homework-weights', "also write the homework's best_model_save/ of four .npy files")
  return addConfigFlags(command).action(async (flags: TrainFlags & Record<string, unknown>) => {
    const config = await resolveConfig(flags.config, configFromFlags(flags))
    if (flags.out !== undefined) await checkOut(flags.out, flags.overwrite ?? false)
    const request = {
      ...config,
      data: flags.data,
      out: flags.out,
      overwrite: flags.overwrite ?? false,
      figures: flags.figures,
      trainingCurve: flags.trainingCurve ?? false,
      homeworkWeights: flags.homeworkWeights ?? false,
    }
    checkOutputs(request)
    sayBackend()
    const progress = showProgress()
    const interruption = listenForInterrupt((line) => {
      progress.stop() // a line of its own, not the end of the bar's
      say(line)
    })
    try {
      const run = await trainingRun(request, { signal: interruption.signal, progress, say })
      if (flags.json) printJson(jsonOf(run))
      else print(summary(run))
      if (run.record.status === 'interrupted') process.exitCode = interruption.exitCode()
    } finally {
      interruption.release()
    }
  })
}

function jsonOf({ folder, record, figures }: FinishedRun): object {
  const model = record.results?.best ? folder.file('model') : null
  return { folder: folder.path, files: { model, figures }, ...record }
}

function summary({ folder, record, figures }: FinishedRun): string {
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
  line('best', best ? `${percent(best.valid!.accuracy)} on validation at step ${best.step}` : 'no evaluation yet')
  if (best && !test) line('', entryWords(best))
  if (test) {
    const right = `${test.correct} of ${test.count} test rows`
    line('test', `${percent(test.accuracy)}: ${right} right with the best parameters, loss ${test.loss.toFixed(4)}`)
  }
  line('time', timeWords(times))
  if (best) line('model', folder.file('model'))
  figureWords(figures).forEach((path, i) => {
    line(i === 0 ? 'figures' : '', path)
  })
  line('run', folder.path)
  return lines.join('\n')
}

function timeWords(times: FinishedRun['record']['times']): string {
  const { total, training, evaluation, samplesPerSecond } = times
  const all = `${total!.toFixed(1)} s in all`
  if (training === undefined) return all
  const rate = `${count(samplesPerSecond!)} samples/s`
  return `${training.toFixed(1)} s training (${rate}), ${evaluation!.toFixed(1)} s evaluation, ${all}`
}
