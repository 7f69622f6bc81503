import { studyIdentity } from '../store/codec.js'
import type { StudyHeader } from '../study/study.js'
import type { Executor } from '../trial/task.js'
import { queueAddress } from './connection.js'
import { openQueueExecutor, type QueueExecutorOptions } from './executor.js'

export interface OnQueueOptions extends Pick<QueueExecutorOptions, 'url' | 'say' | 'slots'> {
  /** what a worker needs to load the study's data: plain data, handed to its `load` */
  readonly recipe: unknown
}

/**
 * Has workers on any machine compute the trials of a search, through BullMQ on Redis:
 *
 *     await search({ data, space, folder: 'runs/mine', executor: onQueue({ url: 'redis://host', recipe }) })
 *
 * @returns an executor that throws as `openQueueExecutor` when the search begins
 * @throws NativeMlpError INVALID_ARGUMENT for a wrong URL
 */
export function onQueue({ recipe, ...options }: OnQueueOptions): (header: StudyHeader) => Promise<Executor> {
  queueAddress(options.url)
  return (header) =>
    openQueueExecutor({
      ...options,
      study: studyIdentity(header),
      family: header.family,
      data: { digest: header.dataDigest, recipe },
    })
}
