/**
 * Training of 784-H-10 by brain.js: brain.mjs <pixels> <labels> <milliseconds> <case>...
 *
 * brain.js has no mini-batches and no softmax: it updates its weights after every row, through sigmoids. Measured is the
 * time to train on B rows.
 */
import { createRequire } from 'node:module'
import brain from 'brain.js'
import { CLASSES, print, readArguments, sample, stepSize } from './sampling.mjs'

const { pixels, labels, milliseconds, others: cases } = readArguments(process.argv.slice(2))
print({ version: `brain.js ${createRequire(import.meta.url)('brain.js/package.json').version}` })

const rows = Array.from(labels, (label, r) => ({
  input: pixels.slice(r * 784, (r + 1) * 784),
  output: Float32Array.from({ length: CLASSES }, (_, c) => (c === label ? 1 : 0)),
}))

for (const name of cases) {
  const { B, H } = stepSize(name)
  const net = new brain.NeuralNetwork({ hiddenLayers: [H], activation: 'sigmoid', learningRate: 0.01 })
  let at = 0
  const train = () => {
    if (at + B > rows.length) at = 0
    const { error } = net.train(rows.slice(at, at + B), { iterations: 1, log: false, errorThresh: 1e-9 })
    if (!Number.isFinite(error)) throw new Error('the error is no longer finite')
    at += B
  }
  print({ case: name, threads: 1, samples: sample(train, milliseconds), note: 'row by row' })
}
