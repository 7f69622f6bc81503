// Stands in for trial-worker.js: what a trial does is told by its learning rate, and 1, 2 and 3 take the thread down.
import { BroadcastChannel, parentPort } from 'node:worker_threads'

const deaths = {
  1: () => process.exit(7),
  2: () => {
    throw new Error('out of luck')
  },
  3: () => Promise.reject(new RangeError('out of promises')),
}
const entry = { step: 4, epoch: 0, valid: { loss: 0.5, accuracy: 0.5 } }
const outcome = { state: 'completed', history: [entry], best: entry, collapsed: null, steps: 5, model: null }
/** ids of tasks that have not ended, with their learning rates */
const running = new Map()
/** ends of tasks that wait for the test to say so */
const held = new Set()
new BroadcastChannel('end what is held').onmessage = () => {
  for (const end of held) end()
  held.clear()
}
let deaf = false

parentPort.on('message', ({ type, id, task, checkpoint }) => {
  const send = (message) => parentPort.postMessage({ id, ...message })
  if (type === 'stop') {
    if (deaf) return
    for (const [id, rate] of running) {
      const stop = () => {
        parentPort.postMessage({ id, type: 'checkpoint', bytes: Uint8Array.of(99) })
        parentPort.postMessage({ id, type: 'stopped' })
      }
      if (rate !== 4.75) stop()
      else {
        // stops when the test, having heard of this, says so
        held.add(stop)
        parentPort.postMessage({ id, type: 'evaluation', entry, share: 0.5 })
      }
    }
    return
  }
  const end = (message) => {
    running.delete(id)
    send(message)
  }
  const { learningRate } = task.config
  running.set(id, learningRate)
  const death = deaths[Math.floor(learningRate)]
  deaf = learningRate === 4
  // 6 takes until the test says so, which it does not before it has heard of it
  if (learningRate === 6) held.add(() => end({ type: 'done', outcome }))
  send({ type: 'evaluation', entry, share: 0.5 })
  const done = checkpoint?.[0] ?? 0
  // 1.5 gets a step further each time, and ends in the third
  send({ type: 'checkpoint', bytes: Uint8Array.of(done + 1) })
  if (learningRate === 5 && done === 7) end({ type: 'refused', reason: 'not mine' })
  else if (learningRate === 1.5 && done === 2) end({ type: 'done', outcome })
  else if (death) setTimeout(death, 5)
  else if (![4, 4.5, 4.75, 6].includes(learningRate)) end({ type: 'done', outcome })
})
parentPort.postMessage({ type: 'ready', family: { name: 'js', contract: 1 }, isa: 'js', threads: 1 })
