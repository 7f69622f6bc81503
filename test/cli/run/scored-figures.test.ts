import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { drawFigures } from '../../../src/cli/run/figures.js'
import { precisionRecallCurves, reliability, rocCurves, valueColumns } from '../../../src/cli/run/scored-figures.js'
import { type SamplesOptions, samples } from '../../../src/data/samples.js'
import { MLP, type MLPOptions } from '../../../src/model/mlp.js'
import { evaluate } from '../../../src/train/evaluate.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'

const folder = temporaryFolder()

/** A model that has not been trained, and its prediction for rows of two values. */
async function predicted(model: MLPOptions, truth: Omit<SamplesOptions, 'values' | 'cols'>, n = 60) {
  const values = Float32Array.from({ length: 2 * n }, (_, i) => ((i * 37) % 101) / 50 - 1)
  const rows = samples({ values, cols: 2, ...truth })
  const made = new MLP({ ...model, seed: 3 })
  return { rows, model: made, prediction: await made.predict(rows) }
}

const draw = async (name: string, data: Awaited<ReturnType<typeof predicted>>) => {
  const out = join(folder, name)
  await drawFigures(out, { subtitle: 'a subtitle', predicted: data })
  const files = readdirSync(out).filter((file) => file.endsWith('.svg'))
  return Object.fromEntries(files.map((file) => [file.replace('.svg', ''), readFileSync(join(out, file), 'utf8')]))
}

describe('the figures of predictions', () => {
  it('of a regression show each output with its metrics', async () => {
    const targets = Float32Array.from({ length: 120 }, (_, i) => ((i * 13) % 29) / 10)
    const data = await predicted({ layers: [2, 4, 2], loss: 'meanSquaredError' }, { targets })
    const figures = await draw('values', data)
    expect(Object.keys(figures)).toEqual(['predicted-actual'])
    expect(figures['predicted-actual']).toContain('a subtitle')
    const notes = valueColumns(data).map(({ note }) => note!.match(/^R² (.+), RMSE (.+), MAE (.+)$/)!.slice(1))
    const numbers = notes.map((note) => note.map((text) => Number(text.replace('−', '-'))))
    const { r2, rmse, mae } = await evaluate(data.model, data.rows, { metrics: ['r2', 'rmse', 'mae'] })
    for (const [i, mean] of [r2, rmse, mae].entries()) {
      expect((numbers[0][i] + numbers[1][i]) / 2 / mean).toBeCloseTo(1, 2)
    }
    for (const [, rmseWords] of notes) expect(figures['predicted-actual']).toContain(`RMSE ${rmseWords}`)
  })

  it('of two classes show the curve of the second by its name', async () => {
    const labels = Array.from({ length: 60 }, (_, i) => i % 2)
    const classNames = ['no', 'yes & maybe']
    for (const model of [{ layers: [2, 1], loss: 'binaryCrossEntropy' as const }, { layers: [2, 2] }]) {
      const data = await predicted(model, { labels, classNames })
      const figures = await draw(`two-${model.layers[1]}`, data)
      expect(Object.keys(figures)).toEqual(['calibration', 'precision-recall-curves', 'roc-curves'])
      expect(rocCurves(data).map(({ name }) => name)).toEqual(['yes & maybe'])
      expect(figures['roc-curves']).toContain('yes &amp; maybe')
      const { rocAuc, calibrationError } = await evaluate(data.model, data.rows, {
        metrics: ['rocAuc', 'calibrationError'],
      })
      expect(rocCurves(data)[0].area).toBe(rocAuc)
      expect(figures.calibration).toContain(`Expected calibration error ${calibrationError.toFixed(4)}`)
    }
  })

  it('of labels show a curve for each, and no calibration', async () => {
    const targets = Float32Array.from({ length: 180 }, (_, i) => Number((i * 7) % 11 < 4))
    const data = await predicted({ layers: [2, 3], loss: 'binaryCrossEntropy' }, { targets })
    const figures = await draw('labels', data)
    expect(Object.keys(figures)).toEqual(['precision-recall-curves', 'roc-curves'])
    expect(rocCurves(data).map(({ name }) => name)).toEqual(['label 0', 'label 1', 'label 2'])
    expect(reliability(data)).toBeNull()
  })

  it('leave out classes without rows, and the curves of very many classes', async () => {
    const labels = Array.from({ length: 60 }, (_, i) => [0, 1, 3][i % 3])
    const some = await predicted({ layers: [2, 5] }, { labels, classes: 5 })
    expect(rocCurves(some).map(({ name }) => name)).toEqual(['class 0', 'class 1', 'class 3'])
    expect(precisionRecallCurves(some)).toHaveLength(3)
    const many = await predicted({ layers: [2, 51] }, { labels, classes: 51 })
    expect(Object.keys(await draw('many', many))).toEqual(['calibration'])
  })
})
