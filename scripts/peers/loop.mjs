/**
 * One row predicted by plain JavaScript: loop.mjs <milliseconds> <case>...
 *
 * A case: 'predict 30-100-2'. The baseline of a prediction: typical npm packages for small networks compute this way.
 */
import { print, sample } from './sampling.mjs'

const [milliseconds, ...cases] = process.argv.slice(2)
print({ version: `Node ${process.version}` })
for (const name of cases) {
  const layers = layersOf(name.split(' ')[1].split('-').map(Number))
  const row = random(layers[0].inputs)
  print({ case: name, samples: sample(() => outputsOf(row, layers), Number(milliseconds)) })
}

/** Outputs of the last layer; weights are [inputs][outputs] row-major. */
function outputsOf(row, layers) {
  for (const { weights, biases, inputs, outputs, isLast } of layers) {
    const sums = new Float32Array(outputs)
    for (let j = 0; j < outputs; j++) {
      let sum = biases[j]
      for (let k = 0; k < inputs; k++) sum += row[k] * weights[k * outputs + j]
      sums[j] = isLast ? sum : Math.max(sum, 0)
    }
    row = sums
  }
  return row
}

function layersOf(sizes) {
  return sizes.slice(1).map((outputs, l) => ({
    weights: random(sizes[l] * outputs),
    biases: random(outputs),
    inputs: sizes[l],
    outputs,
    isLast: l + 2 === sizes.length,
  }))
}

function random(length) {
  return Float32Array.from({ length }, () => Math.random() * 2 - 1)
}
