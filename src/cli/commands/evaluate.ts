import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { NativeMlpError, printable, shortened } from '../../core/errors.js'
import { metricLabel } from '../../core/metrics.js'
import type { Evaluation } from '../../core/results.js'
import type { Samples } from '../../data/samples.js'
import type { MLP } from '../../model/mlp.js'
import { metricText, percent } from '../../progress/words.js'
import { evaluate } from '../../train/evaluate.js'
import { suitableMetrics } from '../../train/metrics/measure.js'
import { DATA_FLAG, oneOfBoth } from '../config/data-flag.js'
import { addFileFlags, type TableFlags } from '../config/table-flags.js'
import { drawFigures, figureWords } from '../run/figures.js'
import { dataOf } from '../run/model-data.js'
import { checkPath } from '../run/out-folder.js'
import { unitWords } from '../run/units.js'
import { loadWeights, modelOf } from '../run/weights.js'
import { print, printJson, say, sayBackend, textTable } from '../terminal.js'

const FIGURE_WORDS =
  'confusion matrix, ROC and precision-recall curves, calibration, misclassified rows; of a regression predicted against ' +
  'actual values'

interface EvaluateFlags extends TableFlags {
  readonly weights: string
  readonly data?: string
  readonly on: 'test' | 'train'
  readonly out?: string
  readonly confusion?: boolean
  readonly json?: boolean
}

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('measure a model on test or training rows: right answers, and all metrics that suit the task')
    .argument('[model]', "a .safetensors file, a run folder, or the homework's folder of .npy files")
    .argument('[data]', 'what to measure it on, as --data')
    .option('--weights <path>', 'the model')
    .option(DATA_FLAG[0], `${DATA_FLAG[1].replace(/default: /, 'default: those of the run, else ')}`)
    .addOption(new Option('--on <rows>', 'which rows').choices(['test', 'train']).default('test'))
    .option('--confusion', 'print the confusion matrix too')
    .option('--out <folder>', `draw figures into this folder: ${FIGURE_WORDS}`)
    .option('--json', 'print one JSON document on stdout, all else on stderr')
  return addFileFlags(command)
    .option(
      '--test <file>',
      'a table of test rows, beside the training rows that data names, or instead of those of the run',
    )
    .action(async (modelPath: string | undefined, dataPath: string | undefined, given: EvaluateFlags) => {
      const flags = { ...given, weights: modelOf(modelPath, given.weights), data: oneOfBoth(dataPath, given.data) }
      if (flags.test !== undefined && flags.on === 'train') {
        throw new NativeMlpError('INVALID_ARGUMENT', '--test: not allowed together with --on train')
      }
      if (flags.out !== undefined) checkPath(flags.out)
      const backend = sayBackend()
      const model = await loadWeights(flags.weights)
      const data = await dataOf(flags.weights, model, flags.data, flags)
      const rows = data[flags.on]
      if (rows === undefined) throw new NativeMlpError('INVALID_ARGUMENT', `--on test: ${data.source} has no test rows`)
      const suitable = suitableMetrics(model, rows)
      const defined = suitable.filter(({ problem }) => problem === null)
      const result = await evaluate(model, rows, { metrics: defined.map(({ name }) => name) })
      const names = rows.classNames.length > 0 ? rows.classNames : (model.classNames ?? [])
      const figures = flags.out === undefined ? [] : await draw(flags, model, rows, result)
      if (flags.json) {
        const { weights, on } = flags
        const { source, recipe } = data
        const about = { weights, layers: model.layerSizes, data: source, recipe, on, backend }
        printJson({ ...about, ...result, notDefined: problemsOf(suitable), figures })
      } else {
        say(`data: ${data.source}: ${rows.length} ${flags.on} rows`)
        print(report(result, suitable, flags.confusion ?? false, figures, names))
        const units = await unitWords(model, rows, flags.on)
        if (units) print(`\n${units}`)
      }
    })
}

async function draw(
  flags: Pick<EvaluateFlags, 'weights' | 'on' | 'out'>,
  model: MLP,
  rows: Samples,
  result: Evaluation,
): Promise<string[]> {
  return drawFigures(flags.out!, {
    subtitle: `${basename(flags.weights)}, ${flags.on} rows`,
    confusion: result.confusion,
    predicted: { rows, model, prediction: await model.predict(rows) },
  })
}

type Suitable = ReturnType<typeof suitableMetrics>

/** Why a metric of the task is not defined for these rows, by its name. */
function problemsOf(suitable: Suitable): Readonly<Record<string, string>> {
  return Object.fromEntries(suitable.flatMap(({ name, problem }) => (problem === null ? [] : [[name, problem]])))
}

function report(
  result: Evaluation,
  suitable: Suitable,
  withConfusion: boolean,
  figures: readonly string[],
  names: readonly string[],
): string {
  const nameOf = (c: number) => printable(shortened(names[c] ?? String(c), 24))
  const { correct, count, accuracy, loss, perClass, confusion } = result
  const classes = perClass.map(({ precision, recall, support }, c) => [
    nameOf(c),
    percent(precision),
    percent(recall),
    String(support),
  ])
  const metrics = suitable.map(({ name, problem }) => [metricLabel(name), problem ?? metricText(name, result[name]!)])
  const right = Number.isNaN(accuracy) ? `${count} rows` : `${correct} of ${count} correct (${percent(accuracy)})`
  const parts = [
    `${right}\nloss ${loss.toFixed(4)}`,
    textTable(['metric', 'value'], metrics),
    ...(classes.length > 0 ? [textTable(['class', 'precision', 'recall', 'rows'], classes)] : []),
  ]
  if (withConfusion && confusion.length > 0) {
    const header = ['actual \\ predicted', ...confusion.map((_, c) => nameOf(c))]
    parts.push(
      textTable(
        header,
        confusion.map((row, c) => [nameOf(c), ...row.map(String)]),
      ),
    )
  }
  if (figures.length > 0) parts.push(figureWords(figures).join('\n'))
  return parts.join('\n\n')
}
