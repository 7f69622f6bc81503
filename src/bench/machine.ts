import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import { checking, finiteInRange } from '../core/checks.js'

/** The machine of the measurements. */
export interface Machine {
  /** model name of the processor, with family and model if known: virtual machines have vague names */
  readonly cpu: string
  readonly cores: number
  readonly platform: string
  readonly arch: string
  readonly os: string
  readonly node: string
  /** load average of the last minute before the measurements: figures of a busy machine are noise */
  readonly load: number
}

/** From this load on figures are noise; npm and the compiler, which run just before, cause up to about 1. */
const BUSY_LOAD = 1.5

/** @throws NativeMlpError INVALID_ARGUMENT */
export function isBusy(machine: Pick<Machine, 'load'>): boolean {
  return checking('machine', () => finiteInRange('machine.load', Object(machine).load, 0)) >= BUSY_LOAD
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

/** '(family 25, model 17)' on Linux if known, else ''. */
function familyAndModel(): string {
  if (process.platform !== 'linux') return ''
  let text: string
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return '' // hidden by a sandbox or Node's permission model
  }
  const family = /^cpu family\s*: (\d+)/m.exec(text)?.[1]
  const model = /^model\s*: (\d+)/m.exec(text)?.[1]
  return family && model ? `(family ${family}, model ${model})` : ''
}
