import { parentPort, workerData } from 'node:worker_threads'
import { defaultBackend } from '../backend/index.js'
import { NativeMlpError } from '../core/errors.js'
import { Samples } from '../data/samples.js'
import { runTask, type StudyData } from './run-task.js'
import type { TrialTask } from './task.js'
import type { TrialRequest, WorkerInput, WorkerMessage } from './trial-messages.js'

/** Entry point of a worker thread: runs the tasks it is sent, one after another. */

if (parentPort === null) {
  throw new NativeMlpError('INVALID_ARGUMENT', 'trial-worker: runs only as a worker thread of a search')
}
const port = parentPort
const folds = (workerData as WorkerInput).folds.map(
  ({ train, valid, test }): StudyData => ({
    train: Samples.fromDescription(train),
    valid: Samples.fromDescription(valid),
    test: test === null ? undefined : Samples.fromDescription(test),
  }),
)
let stop = new AbortController()

function send(message: WorkerMessage, bytes?: Uint8Array | null): void {
  port.postMessage(message, bytes ? [bytes.buffer as ArrayBuffer] : [])
}

async function run(task: TrialTask, checkpoint: Uint8Array | null): Promise<void> {
  stop = new AbortController()
  try {
    const outcome = await runTask(task, folds[task.fold], {
      checkpoint,
      signal: stop.signal,
      onEvaluation: (entry, share) => send({ type: 'evaluation', entry, share }),
      onCheckpoint: (bytes) => send({ type: 'checkpoint', bytes }, bytes),
    })
    send({ type: 'done', outcome }, outcome.model)
  } catch (error) {
    if (stop.signal.aborted) send({ type: 'stopped' })
    else if (checkpoint !== null && error instanceof NativeMlpError) send({ type: 'refused', reason: error.message })
    else throw error
  }
}

port.on('message', (request: TrialRequest) => {
  if (request.type === 'stop') stop.abort()
  else return run(request.task, request.checkpoint)
})

const { family, isa, threads } = defaultBackend()
send({ type: 'ready', family, isa, threads })
