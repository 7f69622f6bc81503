/**
 * Trains a network on MNIST, by default at the best point of the homework's search.
 *
 *     npm run train
 *     npm run train -- --preset quick --epochs 2 --seed 7 --out runs/mine
 *
 * For all other options, and a full record of the run, use `npx native-mlp train`.
 */
import { mkdir, rm } from 'node:fs/promises'
import {
  accuracyCurvesFigure,
  appendHistory,
  backendInfo,
  confusionMatrixFigure,
  evaluate,
  fit,
  fitOptionsOf,
  lossCurvesFigure,
  MLP,
  mnist,
  modelOptionsOf,
  PRESETS,
  parameterHistogramsFigure,
  renderFigure,
  saveModel,
  showProgress,
  weightImagesFigure,
  writeFileAtomic,
} from 'native-mlp'
import { chosen, parseFlags } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    preset: { type: 'string', default: 'homework' },
    epochs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string' },
    out: { type: 'string' },
  },
})
const preset = chosen('--preset', flags.preset, PRESETS)
const seed = Number(flags.seed)
const out = flags.out ?? `runs/train-${flags.preset}`

const { backend, isa, threads, reason } = backendInfo()
console.log(
  backend === 'native' ? `native: ${isa}, ${threads} threads` : `pure TypeScript, many times slower: ${reason}`,
)

// the data: part of the training rows is held out to select the best parameters
const data = await mnist({ dir: flags.data, scale: preset.scale })
const rows = preset.limitTrain ? data.train.take(Math.min(preset.limitTrain, data.train.length)) : data.train
const { train, valid } = rows.split({ valid: preset.validFraction, seed })
console.log(`${data.source}: ${train.length} rows to train, ${valid.length} to validate, ${data.test.length} to test`)

// the model and its training
const config = { ...preset, seed, epochs: Number(flags.epochs ?? preset.epochs) }
const model = new MLP(modelOptionsOf(config, train))
const progress = showProgress()
const run = await fit(model, train, {
  ...fitOptionsOf(config),
  valid,
  test: data.test,
  callbacks: progress.callbacks,
}).finally(progress.stop)

// the model now has the parameters that were best on validation
const result = await evaluate(model, data.test)
await mkdir(`${out}/figures`, { recursive: true })
await saveModel(`${out}/best.safetensors`, model)
await rm(`${out}/history.jsonl`, { force: true })
await appendHistory(`${out}/history.jsonl`, run.history)

const marks = { best: run.best?.step, collapse: run.collapsed ?? undefined }
const figures = {
  'loss-curves': await lossCurvesFigure(run.history, marks),
  'accuracy-curves': await accuracyCurvesFigure(run.history, marks),
  'parameter-histograms': await parameterHistogramsFigure(model.getParameters()),
  'first-layer-weights': await weightImagesFigure(model.getParameters()[0], { imageShape: train.imageShape! }),
  'confusion-matrix': await confusionMatrixFigure(result.confusion),
}
for (const [name, figure] of Object.entries(figures)) {
  const { svg, png } = await renderFigure(figure)
  await writeFileAtomic(`${out}/figures/${name}.svg`, svg)
  await writeFileAtomic(`${out}/figures/${name}.png`, png)
}

if (run.collapsed) {
  const { deadShare, step } = run.collapsed
  console.log(`collapsed: ${Math.round(100 * deadShare)} % of hidden units are dead since step ${step}`)
}
console.log(`trained ${run.timing.training.toFixed(1)} s, evaluated ${run.timing.evaluation.toFixed(1)} s`)
console.log(`best validation accuracy ${run.best?.valid?.accuracy.toFixed(4)} at step ${run.best?.step}`)
console.log(`test accuracy ${result.accuracy.toFixed(4)}: ${result.correct} of ${result.count} right`)
console.log(`model   ${out}/best.safetensors`)
for (const name of Object.keys(figures)) console.log(`figure  ${out}/figures/${name}.svg and .png`)
