import { readFileSync } from 'node:fs'
import type { StudyHeader, TrialResult } from '../study/study.js'
import { studyIdentity } from './codec.js'

export type StudyStatus = 'running' | 'completed' | 'interrupted' | 'failed'

export interface StudyRecordFields {
  readonly header: StudyHeader
  readonly status: StudyStatus
  readonly error?: unknown
  readonly about: Readonly<Record<string, unknown>>
  readonly started: Date
  readonly trials: readonly TrialResult[]
  readonly best: TrialResult | null
}

/** The text of study.json: what a study is and how it stands, for people; nothing is read from it again. */
export function studyRecord({ header, status, error, about, started, trials, best }: StudyRecordFields): string {
  const { base, size, rows, dataDigest, workers, backend, isa, family, caution } = header
  const ended = new Date()
  const isRunning = status === 'running'
  const record = {
    format: 'native-mlp study',
    formatVersion: 2,
    version: packageVersion(),
    status,
    reason: error === undefined ? undefined : (error as Error).message,
    seed: base.seed ?? 1,
    config: studyIdentity(header),
    caution,
    data: { ...about, rows, digest: dataDigest },
    backend: { name: backend, isa, workers, contract: family.contract },
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    times: {
      started: started.toISOString(),
      ended: isRunning ? undefined : ended.toISOString(),
      total: isRunning ? undefined : (ended.getTime() - started.getTime()) / 1000,
    },
    trials: { size, ...countStates(trials) },
    best: best && bestOf(best),
  }
  return `${JSON.stringify(record, null, 2)}\n`
}

/** How many trials ended how. */
export function countStates(trials: readonly Pick<TrialResult, 'state'>[]): Record<TrialResult['state'], number> {
  const counts = { completed: 0, collapsed: 0, failed: 0, pruned: 0 }
  for (const { state } of trials) counts[state]++
  return counts
}

export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
}

function bestOf({ trial, params, bestStep, train, valid, test, digest }: TrialResult) {
  return { trial, params, bestStep, train, valid, test, digest }
}
