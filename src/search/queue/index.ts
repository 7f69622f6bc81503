export { redactUrl } from './address.js'
export { openQueueExecutor, type QueueExecutorOptions } from './queue-executor.js'
