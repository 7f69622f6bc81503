// Stands in for trial-worker.js: what a trial does is told by its learning rate, and 1, 2 and 3 take the thread down.
import { parentPort } from 'node:worker_threads'

const deaths = {
  1: () => process.exit(7),
  2: () => {
    throw new Error('out of luck')
  },
  3: () => Promise.reject(new RangeError('out of promises')),
}
const entry = { step: 4, epoch: 0, valid: { loss: 0.5, accuracy: 0.5 } }
const outcome = { state: 'completed', history: [entry], best: entry, collapsed: null, steps: 5, model: null }

parentPort.on('message', ({ config }) => {
  const death = deaths[config.learningRate]
  parentPort.postMessage({ type: 'evaluation', entry, share: 0.5 })
  if (death) setTimeout(death, 5)
  else if (config.learningRate !== 4) parentPort.postMessage({ type: 'done', outcome })
})
parentPort.postMessage({ type: 'ready', family: { name: 'js', contract: 1 }, isa: 'js', threads: 1 })
