export { redactUrl } from './connection.js'
export { type OnQueueOptions, onQueue, openQueueExecutor, type QueueExecutorOptions } from './executor.js'
export { type LoadedStudy, type QueueWorkerOptions, runQueueWorker } from './worker.js'
