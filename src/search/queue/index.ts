export { redactUrl } from './connection.js'
export { openQueueExecutor, type QueueExecutorOptions } from './executor.js'
export { type OnQueueOptions, onQueue } from './on-queue.js'
export { type LoadedStudy, type QueueWorkerOptions, runQueueWorker } from './worker.js'
