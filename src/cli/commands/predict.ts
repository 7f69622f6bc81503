import { Command } from 'commander'
import { integerInRange } from '../../core/checks.js'
import { invalidArgument, invalidFile, NativeMlpError } from '../../core/errors.js'
import { readIdxRows } from '../../data/idx-rows.js'
import { npyRows } from '../../data/npy-rows.js'
import type { Samples } from '../../data/samples.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { toCsv } from '../../formats/csv.js'
import { readNpy } from '../../formats/npy.js'
import { refuseSpecialTarget } from '../../formats/special-files.js'
import type { MLP } from '../../model/mlp.js'
import { type ClassProbabilities, classProbabilities, type Prediction } from '../../model/prediction.js'
import { percent } from '../../progress/words.js'
import { DATA_FLAG } from '../config/data-flag.js'
import { addFileFlags, type TableFlags } from '../config/table-flags.js'
import { dataOf } from '../run/model-data.js'
import { predictionsCsv, predictionsText, predictTable } from '../run/table-predictions.js'
import { loadWeights, modelOf } from '../run/weights.js'
import { print, printJson, say, sayBackend, textTable } from '../terminal.js'

interface PredictFlags extends TableFlags {
  readonly weights: string
  readonly out?: string
  readonly top?: string
  readonly images?: string
  readonly npy?: string
  readonly scaled?: boolean
  readonly rows?: string
  readonly data?: string
  readonly json?: boolean
  readonly csv?: boolean
}

interface Inputs {
  /** [n][inputs] row-major, or a set of such rows */
  readonly values: Uint8Array | Float32Array | Samples
  /** name of each row */
  readonly rows: readonly number[]
  /** the true class of each row, if known */
  readonly labels: readonly number[] | null
}

export function predictCommand(): Command {
  const command = new Command('predict')
    .description('predict the class of each row and its probability, or the values of a regression on a table')
    .argument('[model]', "a .safetensors file, a run folder, or the homework's folder of .npy files")
    .argument('[rows]', 'a table of raw rows: .csv, .tsv, .jsonl or .parquet')
    .option('--weights <path>', 'the model')
    .option('--out <file>', 'write the predictions for a table as CSV, with the probability of each class by name')
    .option('--top <k>', 'the k most probable classes of a table, instead of all')
    .option('--images <file>', 'an IDX file, plain or .gz: bytes, or other numbers, used unscaled')
    .option('--npy <file>', 'a NumPy file: bytes, or floats, used unscaled')
    .option('--scaled', 'treat floats as bytes already scaled like those the model was trained on')
    .option('--rows <list>', 'rows of the test set: 0,1,2 or 0-9')
    .option(DATA_FLAG[0], `with --rows: ${DATA_FLAG[1].replace(/default: /, 'default: those of the run, else ')}`)
    .option('--csv', 'print row, class and the probability of each class as CSV')
    .option('--json', 'print one JSON document on stdout, all else on stderr')
  return addFileFlags(command).action(
    async (modelPath: string | undefined, file: string | undefined, given: PredictFlags) => {
      const flags = { ...given, weights: modelOf(modelPath, given.weights) }
      if (file !== undefined) return await predictFile(file, flags)
      checkFlags(flags)
      const backend = sayBackend()
      const model = await loadWeights(flags.weights)
      const inputs = await readInputs(flags, model)
      const prediction = await model.predict(inputs.values, { kind: flags.scaled ? 'bytes' : 'floats' })
      const known = classProbabilities(model, prediction)
      if (known === null) {
        const got = `loss '${model.loss}' with ${model.outputs} outputs`
        throw new NativeMlpError('INVALID_FILE', `${flags.weights}: expected a model that chooses a class, got ${got}`)
      }
      const rows = predictedRows(inputs, prediction, known)
      if (flags.json) printJson({ weights: flags.weights, layers: model.layerSizes, backend, rows })
      else print(flags.csv ? csv(rows, known.classes).trimEnd() : table(rows))
    },
  )
}

async function predictFile(file: string, flags: PredictFlags): Promise<void> {
  const other = (['images', 'npy', 'rows', 'data', 'scaled'] as const).find((name) => flags[name] !== undefined)
  if (other !== undefined) throw new NativeMlpError('INVALID_ARGUMENT', `--${other}: expected none beside ${file}`)
  const top = flags.top === undefined ? null : integerInRange('--top', Number(flags.top), 1)
  if (flags.out !== undefined) await refuseSpecialTarget('write', flags.out)
  const backend = sayBackend()
  const model = await loadWeights(flags.weights)
  const predictions = await predictTable(model, file, flags)
  const { rows, table, notes } = predictions
  say(`rows: ${table.source}: ${rows.length}`)
  for (const note of notes) say(`      ${note}`)
  if (flags.out !== undefined) await writeFileAtomic(flags.out, predictionsCsv(model, rows, top))
  if (flags.json) printJson({ weights: flags.weights, layers: model.layerSizes, backend, rows })
  else if (flags.csv) print(predictionsCsv(model, rows, top).trimEnd())
  else print(flags.out ?? predictionsText(model, predictions, top))
}

function checkFlags(flags: PredictFlags): void {
  if (flags.out !== undefined || flags.top !== undefined) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `--${flags.out === undefined ? 'top' : 'out'}: only for a table of rows`,
    )
  }
  const given = [flags.images, flags.npy, flags.rows].filter((value) => value !== undefined).length
  if (given !== 1) {
    const got = given === 0 ? 'none of them' : 'several'
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `expected a table of rows, or one of --images, --npy and --rows, got ${got}`,
    )
  }
  if (flags.json && flags.csv) {
    throw new NativeMlpError('INVALID_ARGUMENT', 'expected one of --json and --csv, got both')
  }
}

async function readInputs(flags: PredictFlags, model: MLP): Promise<Inputs> {
  if (flags.rows !== undefined) return testRows(flags.rows, flags, model)
  const file = (flags.images ?? flags.npy)!
  const array = flags.images === undefined ? npyRows(await readNpy(file), file) : await readIdxRows(file)
  const [first, ...rest] = array.shape
  // a single row may lack the outer dimension
  const single = rest.length === 0 || array.values.length === model.inputs
  const cols = single ? array.values.length : rest.reduce((product, size) => product * size, 1)
  if (cols !== model.inputs || array.values.length === 0) {
    const shape = array.shape.join(' x ')
    throw invalidFile(file, `expected rows of ${model.inputs} values, the inputs of the model, got ${shape}`)
  }
  const rows = Array.from({ length: single ? 1 : first }, (_, i) => i)
  return { values: array.values, rows, labels: null }
}

async function testRows(list: string, flags: PredictFlags, model: MLP): Promise<Inputs> {
  const { test, source } = await dataOf(flags.weights, model, flags.data, flags)
  if (test === undefined) throw new NativeMlpError('INVALID_ARGUMENT', `--rows: ${source} has no test rows`)
  const rows = list.split(',').flatMap((part) => rowRange(part, test.length))
  return { values: test.subset(rows), rows, labels: rows.map((row) => test.labels![row]) }
}

/** '3' or '3-7' */
function rowRange(part: string, length: number): number[] {
  const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part)
  if (match === null) throw invalidArgument('--rows', 'row numbers such as 0,1,2 or 0-9', part)
  const from = integerInRange('--rows', Number(match[1]), 0, length - 1)
  const to = integerInRange('--rows', Number(match[2] ?? match[1]), from, length - 1)
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

interface PredictedRow {
  readonly row: number
  readonly class: number
  readonly probability: number
  /** of every class */
  readonly probabilities: readonly number[]
  /** the true class, if known */
  readonly label?: number
}

function predictedRows(
  { rows, labels }: Inputs,
  prediction: Prediction,
  { classes, probabilities }: ClassProbabilities,
) {
  return rows.map((row, i): PredictedRow => {
    const all = [...probabilities.subarray(i * classes, (i + 1) * classes)]
    const label = labels === null ? {} : { label: labels[i] }
    const chosen = prediction.classes[i]
    return { row, class: chosen, probability: all[chosen], ...label, probabilities: all }
  })
}

function csv(rows: readonly PredictedRow[], classes: number): string {
  const header = ['row', 'class', ...Array.from({ length: classes }, (_, c) => `p${c}`)]
  return toCsv(
    header,
    rows.map((row) => [row.row, row.class, ...row.probabilities]),
  )
}

function table(rows: readonly PredictedRow[]): string {
  const labelled = rows[0].label !== undefined
  return textTable(
    ['row', 'class', 'probability', ...(labelled ? ['label', ''] : [])],
    rows.map((row) => [
      String(row.row),
      String(row.class),
      percent(row.probability),
      ...(labelled ? [String(row.label), row.label === row.class ? '' : 'wrong'] : []),
    ]),
  )
}
