/**
 * Predicts rows of MNIST's test set with a trained model.
 *
 *     npm run predict -- --weights runs/train-homework/best.safetensors --rows 0,1,2
 */
import { statSync } from 'node:fs'
import { loadHomeworkWeights, loadModel, mnist } from 'native-mlp'
import { parseFlags } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    weights: { type: 'string', default: 'runs/train-homework/best.safetensors' },
    rows: { type: 'string', default: '0,1,2,3,4,5,6,7,8,9' },
    data: { type: 'string' },
  },
})

// a folder holds the homework's four .npy files
const isFolder = statSync(flags.weights, { throwIfNoEntry: false })?.isDirectory()
const model = isFolder ? await loadHomeworkWeights(flags.weights) : await loadModel(flags.weights)

const { test } = await mnist({ dir: flags.data, scale: model.inputScale })
const rows = test.subset(flags.rows.split(',').map(Number))
const { classes, probabilities } = await model.predict(rows)

const [height, width] = rows.imageShape!
const shades = ' .:-=+*#%@'
rows.rows.forEach((row, i) => {
  const probability = probabilities[i * model.outputs + classes[i]]
  const label = rows.labels![row]
  const verdict = classes[i] === label ? 'right' : `wrong, it is a ${label}`
  console.log(`row ${row}: ${classes[i]} with probability ${probability.toFixed(4)} (${verdict})`)
  for (let y = 0; y < height; y += 2) {
    const line = rows.values.subarray((row * height + y) * width, (row * height + y + 1) * width)
    console.log(
      Array.from(line, (pixel) => shades[Math.floor((pixel / 256) * shades.length)])
        .join('')
        .trimEnd(),
    )
  }
})
