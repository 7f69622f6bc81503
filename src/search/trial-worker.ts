import { parentPort, workerData } from 'node:worker_threads'
import { defaultBackend } from '../backend/index.js'
import { NativeMlpError } from '../core/errors.js'
import { Samples } from '../data/samples.js'
import { runTrial, type StudyData } from './run-trial.js'
import type { TrialRequest, WorkerInput, WorkerMessage } from './trial-messages.js'

/** Entry point of a worker thread: runs the trials it is sent, one after another. */

if (parentPort === null) {
  throw new NativeMlpError('INVALID_ARGUMENT', 'trial-worker: runs only as a worker thread of a search')
}
const port = parentPort
const input = workerData as WorkerInput
const data: StudyData = {
  train: Samples.fromDescription(input.train),
  valid: Samples.fromDescription(input.valid),
  test: input.test === null ? undefined : Samples.fromDescription(input.test),
}

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

port.on('message', async ({ config }: TrialRequest) => {
  const outcome = await runTrial(config, data, (entry, share) => send({ type: 'evaluation', entry, share }))
  send({ type: 'done', outcome }, outcome.model === null ? [] : [outcome.model.buffer as ArrayBuffer])
})

const { family, isa, threads } = defaultBackend()
send({ type: 'ready', family, isa, threads })
