/**
 * Draws the curves of a run from its history.jsonl, and its parameters from its best.safetensors.
 *
 *     npm run plot -- runs/train-homework
 *     npm run plot -- ../homework/Training_Curve.txt --out figures
 */
import { mkdir } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import {
  accuracyCurvesFigure,
  type Figure,
  type HistoryEntry,
  loadModel,
  lossCurvesFigure,
  parameterHistogramsFigure,
  readHistory,
  readTrainingCurve,
  renderFigure,
  writeFileAtomic,
} from 'native-mlp'
import { parseFlags } from './flags.js'

const { values: flags, positionals } = parseFlags({
  allowPositionals: true,
  options: { out: { type: 'string' } },
})
const source = positionals[0] ?? 'runs/train-homework'
const isCurve = extname(source) === '.txt'
const out = flags.out ?? join(isCurve ? dirname(source) : source, 'figures')

// the homework's curve has no step numbers: counts its evaluations instead
const history: HistoryEntry[] = isCurve
  ? (await readTrainingCurve(source)).map((sets, step) => ({ step, epoch: 0, ...sets }))
  : await readHistory(join(source, 'history.jsonl'))
const best = history.reduce((a, b) => ((b.valid?.accuracy ?? 0) > (a.valid?.accuracy ?? 0) ? b : a)).step

const figures: Record<string, Figure> = {
  'loss-curves': await lossCurvesFigure(history, { best }),
  'accuracy-curves': await accuracyCurvesFigure(history, { best }),
}
if (!isCurve) {
  const model = await loadModel(join(source, 'best.safetensors'))
  figures['parameter-histograms'] = await parameterHistogramsFigure(model.getParameters())
}

await mkdir(out, { recursive: true })
for (const [name, figure] of Object.entries(figures)) {
  const { svg, png } = await renderFigure(figure)
  await writeFileAtomic(join(out, `${name}.svg`), svg)
  await writeFileAtomic(join(out, `${name}.png`), png)
  console.log(join(out, `${name}.svg`))
}
