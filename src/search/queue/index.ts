export { redactUrl } from './address.js'
export { type OnQueueOptions, onQueue } from './on-queue.js'
export { openQueueExecutor, type QueueExecutorOptions } from './queue-executor.js'
export { type LoadedStudy, type QueueWorkerOptions, runQueueWorker } from './worker.js'
