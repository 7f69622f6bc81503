import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release } from 'node:os'

/** Where figures come from. */
export interface Machine {
  /** as the processor calls itself, with family and model where known: virtual machines are given vague names */
  readonly cpu: string
  readonly cores: number
  readonly platform: string
  readonly arch: string
  readonly os: string
  readonly node: string
  /** runnable processes, the mean of the last minute, before measuring began: figures of a busy machine are noise */
  readonly load: number
}

/** From this load on figures are noise; npm and the compiler, which run just before, leave up to about 1. */
const BUSY_LOAD = 1.5

export function isBusy({ load }: Pick<Machine, 'load'>): boolean {
  return load >= BUSY_LOAD
}

export function describeMachine(): Machine {
  return {
    cpu: [cpus()[0]?.model.trim() ?? 'unknown', familyAndModel()].filter(Boolean).join(' '),
    cores: availableParallelism(),
    platform: process.platform,
    arch: process.arch,
    os: release(),
    node: process.version,
    load: Math.round(loadavg()[0] * 100) / 100,
  }
}

/** '(family 25, model 17)' where Linux says so, else ''. */
function familyAndModel(): string {
  if (process.platform !== 'linux') return ''
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  const family = /^cpu family\s*: (\d+)/m.exec(text)?.[1]
  const model = /^model\s*: (\d+)/m.exec(text)?.[1]
  return family && model ? `(family ${family}, model ${model})` : ''
}
