import { readFileSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { isStated } from './call-targets.js'
import type { Fault } from './faults.js'
import { HostileError } from './hostile-values.js'
import { Random } from './random.js'
import type { Target } from './targets.js'

/** The longest that an input may take, ms. */
export const LONGEST_MS = 2000
/** Memory that an input may take besides ten times its own size: what V8 and threads take before they give it back. */
const FREE_BYTES = 64 * 2 ** 20

/** Time in ms without what this thread waits for a processor, so that a busy machine makes no input slow. */
function ownMs(): number {
  return performance.now() - (process.platform === 'linux' ? waitedMs() : 0)
}

function waitedMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6
}

/** An input by its number, or with the content of a saved one. */
export interface Input {
  readonly target: Target
  readonly seed: number
  readonly number: number
  readonly content?: Uint8Array | null
}

type Found = Pick<Fault, 'kind' | 'problem' | 'stack'>

/** Errors that were thrown outside of the call: a rejected promise that nobody awaited, a listener. */
const late: unknown[] = []
process.on('uncaughtException', (error) => late.push(error))

/**
 * Runs an input.
 *
 * @param slowness how many times as long as usual a call may take, and under a sanitizer without a limit of memory
 * @returns what is wrong; null if nothing is
 */
export async function judge(input: Input, slowness: number): Promise<Fault | null> {
  const { target, seed, number } = input
  const content = contentOf(input)
  const memory = slowness === 1 ? new MemoryPeak() : null
  // Node leaves it at 0 when the text of an error cannot be made
  Error.stackTraceLimit = 10
  const start = ownMs()
  const found = await attempt(target, new Random(seed + 1, number), content)
  const ms = ownMs() - start
  await setImmediate()
  const problem = found ?? lateError() ?? pollution() ?? slow(ms, slowness) ?? excess(memory, content)
  if (problem === null) return null
  const bytes = content && Buffer.from(content).toString('base64')
  return { target: target.name, seed, number, ...problem, content: bytes }
}

export function contentOf({ target, seed, number, content }: Input): Uint8Array | null {
  return content === undefined ? target.content(new Random(seed, number)) : content
}

async function attempt({ run, allows = isStated }: Target, random: Random, content: Uint8Array | null) {
  try {
    await run(random, content)
    return null
  } catch (error) {
    return error instanceof HostileError ? null : problemOf(error, allows)
  }
}

/** C0 and C1 but tab and line feed, and those that change the direction of text. */
const CONTROL = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u

function problemOf(error: unknown, allows: (error: unknown) => boolean): Found | null {
  const { message, stack = null } = error instanceof Error ? error : { message: describe(error) }
  if (!allows(error)) return { kind: 'raw error', problem: `${nameOf(error)}: ${message}`, stack }
  if (CONTROL.test(message)) return { kind: 'control characters', problem: JSON.stringify(message), stack }
  return null
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

function describe(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'a value without a text'
  }
}

function lateError(): Found | null {
  const errors = late.splice(0).filter((error) => !(error instanceof HostileError))
  if (errors.length === 0) return null
  const stack = errors[0] instanceof Error ? (errors[0].stack ?? null) : null
  return { kind: 'late error', problem: `${nameOf(errors[0])}: ${describe(errors[0])}`, stack }
}

/** A key that has got into the prototype of all objects, from __proto__ in a file. */
function pollution(): Found | null {
  const keys = Object.keys(Object.prototype)
  for (const key of keys) delete (Object.prototype as Record<string, unknown>)[key]
  if (keys.length === 0) return null
  return { kind: 'pollution', problem: `Object.prototype has got ${JSON.stringify(keys)}`, stack: null }
}

function slow(ms: number, slowness: number): Found | null {
  if (ms <= LONGEST_MS * slowness) return null
  return { kind: 'hang', problem: `it took ${(ms / 1000).toFixed(1)} s`, stack: null }
}

function excess(memory: MemoryPeak | null, content: Uint8Array | null): Found | null {
  const taken = memory?.taken() ?? 0
  const size = content?.length ?? 0
  if (taken <= 10 * size + FREE_BYTES) return null
  return { kind: 'memory', problem: `it took ${taken >> 20} MiB for an input of ${size} bytes`, stack: null }
}

/** The highest resident memory since it was made. Linux lets a process forget its earlier peak; elsewhere it only rises. */
class MemoryPeak {
  readonly #before = process.memoryUsage.rss()

  constructor() {
    if (process.platform === 'linux' && peak() > this.#before + FREE_BYTES / 4)
      writeFileSync('/proc/self/clear_refs', '5')
  }

  /** bytes */
  taken(): number {
    return process.platform === 'linux' ? peak() - this.#before : 0
  }
}

function peak(): number {
  return process.resourceUsage().maxRSS * 1024
}
