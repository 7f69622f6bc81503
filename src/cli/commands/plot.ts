import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { NativeMlpError } from '../../core/errors.js'
import { loadData } from '../../data/load.js'
import { encodedAs } from '../../data/table-samples.js'
import { readHistory } from '../../io/history.js'
import { loadModel } from '../../io/model-file.js'
import { RunFolder } from '../../io/run-folder.js'
import { LOSS_INFO } from '../../model/losses.js'
import type { MLP } from '../../model/mlp.js'
import { STUDY_FILES } from '../../search/store/files.js'
import { confusionMatrix } from '../../train/metrics/confusion.js'
import { DATA_FLAG, sameData } from '../config/data-flag.js'
import { augmentedImages } from '../run/augmented-images.js'
import { drawFigures, drawSearchFigures, type FigureData, figureWords } from '../run/figures.js'
import { holdsStudy, readStudy } from '../run/read-trials.js'
import { readTrainRecord, runSubtitle, type TrainRecord } from '../run/train-record.js'
import { print, printJson, say } from '../terminal.js'

interface PlotFlags {
  readonly data?: string
  readonly json?: boolean
}

export function plotCommand(): Command {
  return new Command('plot')
    .description('draw the figures of a run or a search again, from the files in its folder')
    .argument('<folder>', 'the folder, e.g. runs/homework')
    .option(DATA_FLAG[0], 'where the data of the run are now (default: where they were)')
    .option('--json', 'print one JSON document on stdout, all else on stderr')
    .action(async (path: string, flags: PlotFlags) => {
      const isSearch = holdsStudy(path)
      const run = new RunFolder(path)
      if (!isSearch && !existsSync(run.file('record'))) {
        const problem = `not a run folder or a search folder: no run.json or ${STUDY_FILES.record}`
        throw new NativeMlpError('INVALID_FILE', `${path}: ${problem}`)
      }
      const figures = isSearch ? await drawSearch(path) : await drawRun(run, flags.data)
      if (figures.length === 0) {
        const why = isSearch
          ? 'fewer than two hyper-parameters were varied, and no trial was evaluated twice'
          : 'the run ended before its first evaluation'
        throw new NativeMlpError('INVALID_FILE', `${path}: nothing to draw: ${why}`)
      }
      if (flags.json) printJson({ folder: path, figures })
      else print(figureWords(figures).join('\n'))
    })
}

async function drawSearch(path: string): Promise<string[]> {
  const { trials, metric } = await readStudy(path)
  return drawSearchFigures(join(path, 'figures'), trials, { metric })
}

async function drawRun(folder: RunFolder, data: string | undefined): Promise<string[]> {
  const record = await readTrainRecord(folder)
  return drawFigures(folder.file('figures'), await figureData(folder, record, data))
}

async function figureData(folder: RunFolder, record: TrainRecord, data: string | undefined): Promise<FigureData> {
  const { results } = record
  const has = (name: 'history' | 'model') => existsSync(folder.file(name))
  const model = has('model') ? await loadModel(folder.file('model')) : null
  const onData = model && (await dataFigures(record, data, model))
  return {
    subtitle: runSubtitle(record),
    history: has('history') ? await readHistory(folder.file('history')) : undefined,
    best: results?.best,
    collapsed: results?.collapsed,
    parameters: model?.getParameters(),
    imageShape: record.data.schema.imageShape,
    confusion: results?.confusion ?? undefined,
    ...onData,
  }
}

/** What only the rows themselves can show; where they are not found the other figures are drawn without. */
async function dataFigures(
  { config, seed, data }: TrainRecord,
  flag: string | undefined,
  model: MLP,
): Promise<Partial<FigureData>> {
  try {
    const { train, test } = await loadData(await sameData(data.recipe, flag), { download: false })
    const augmented = augmentedImages(model.backend, train, { ...config, seed })
    if (test === undefined) return { augmented }
    const limited = config.limitTest === null ? test : test.take(Math.min(config.limitTest, test.length))
    const rows = model.table && limited.origin ? encodedAs(limited, model.table) : limited
    const prediction = await model.predict(rows)
    const predicted = { rows, model, prediction }
    const classes = LOSS_INFO[model.loss].classes(model.outputs)
    if (classes === 0) return { predicted, augmented }
    const actual = Int32Array.from(rows.rows, (row) => rows.labels![row])
    return { confusion: confusionMatrix(actual, prediction.classes, classes), predicted, augmented }
  } catch (error) {
    if (!(error instanceof NativeMlpError) || error.code !== 'DATA_NOT_FOUND') throw error
    say(`the figures of rows are left as they are: ${error.message}`)
    return {}
  }
}
