import type { TrialTask } from '../trial/task.js'

/** Of every key in Redis. */
export const PREFIX = 'native-mlp'

/** Sorted set of the ids of open studies, oldest first. */
export const STUDIES = `${PREFIX}:studies`

/** How long Redis keeps what nobody asks for any more, ms: a study that is interrupted on Friday goes on on Monday. */
export const KEEP_MS = 7 * 24 * 3600 * 1000

/** Rises with every change of what stands in Redis. */
export const QUEUE_FORMAT = 1

/** The name of a study's BullMQ queue. */
export function queueName(study: string): string {
  return `study-${study}`
}

export function recordKey(study: string): string {
  return `${PREFIX}:record:${study}`
}

/** The job of a task; the same task has the same one, so that it is not enqueued twice. */
export function jobId({ trial, fold, untilStep }: TrialTask): string {
  return `trial-${trial}-fold-${fold}-until-${untilStep ?? 'end'}`
}

export function taskKey(study: string, job: string, what: 'checkpoint' | 'result' | 'digests'): string {
  return `${PREFIX}:${what}:${study}:${job}`
}
