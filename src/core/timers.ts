import { SIGNAL_TIMERS } from './signal-timers.js'

/*
 * Real timers and clocks. Test frameworks replace the global ones by fakes, which stand still: what waits for them would hang,
 * and what measures with them would find that no time passes. Therefore they are taken at import; where they are fakes even
 * then, others take their place that no framework replaces.
 */

/** Fakes of sinon, vitest and jest have a clock; older ones of jest are mock functions, those of node:test bound ones. */
function isFake(timer: (...args: never[]) => unknown): boolean {
  return 'clock' in timer || '_isMockFunction' in timer || timer.name.startsWith('bound ')
}

const timers = isFake(globalThis.setTimeout) || isFake(globalThis.setInterval) ? SIGNAL_TIMERS : globalThis

export const { setTimeout, clearTimeout, setInterval, clearInterval } = timers

/** Undefined in browsers. */
export const setImmediate: typeof globalThis.setImmediate | undefined =
  globalThis.setImmediate && isFake(globalThis.setImmediate) ? SIGNAL_TIMERS.setImmediate : globalThis.setImmediate

/** Undefined in jsdom, as is setImmediate. */
export const MessageChannel: typeof globalThis.MessageChannel | undefined = globalThis.MessageChannel

/** Largest difference between two clocks that begin at the same moment, ms: browsers round them. */
const SAME_CLOCK_MS = 1

/** The time of an event is that of the real clock. */
const eventMs = () => new Event('').timeStamp
const platformMs: () => number = globalThis.performance.now.bind(globalThis.performance)

/** Milliseconds since some fixed moment; never goes back. */
export const nowMs: () => number = Math.abs(platformMs() - eventMs()) > SAME_CLOCK_MS ? eventMs : platformMs

/** Milliseconds since 1970, as files are dated. */
export const dateMs: () => number =
  // fakes share the prototype of the real class
  globalThis.Date.prototype.constructor === globalThis.Date ? globalThis.Date.now : () => new File([], '').lastModified

/** Resolves after so many milliseconds. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits for some work, for at most so many milliseconds. True if it timed out; its later errors are ignored. */
export async function timesOut(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), ms)
  })
  try {
    return await Promise.race([work.then(() => false), late])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}
