import { parentPort, workerData } from 'node:worker_threads'
import { defaultBackend } from '../../backend/index.js'
import { NativeMlpError } from '../../core/errors.js'
import { Samples } from '../../data/samples.js'
import { TrainingStack } from '../../train/stack.js'
import { runTask, type StudyData } from '../trial/run-task.js'
import type { TrialTask } from '../trial/task.js'
import type { TrialRequest, WorkerInput, WorkerMessage } from './thread.js'

/** Entry point of a worker thread: runs the tasks it receives, in lock-step. */

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
const stack = new TrainingStack()
const stop = new AbortController()

function send(message: WorkerMessage, bytes?: Uint8Array | null): void {
  port.postMessage(message, bytes ? [bytes.buffer as ArrayBuffer] : [])
}

async function run(id: number, task: TrialTask, checkpoint: Uint8Array | null): Promise<void> {
  try {
    const outcome = await runTask(task, folds[task.fold], {
      stack,
      checkpoint,
      signal: stop.signal,
      onEvaluation: (entry, share) => send({ id, type: 'evaluation', entry, share }),
      onCheckpoint: (bytes) => send({ id, type: 'checkpoint', bytes }, bytes),
    })
    send({ id, type: 'done', outcome }, outcome.model)
  } catch (error) {
    if (stop.signal.aborted) send({ id, type: 'stopped' })
    else if (checkpoint !== null && error instanceof NativeMlpError)
      send({ id, type: 'refused', reason: error.message })
    else throw error
  }
}

port.on('message', (request: TrialRequest) => {
  if (request.type === 'stop') stop.abort()
  else return run(request.id, request.task, request.checkpoint)
})

const { family, isa, threads } = defaultBackend()
send({ type: 'ready', family, isa, threads })
