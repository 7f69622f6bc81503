import { NativeMlpError } from './errors.js'
import type { Signal } from './platform.js'
import { MessageChannel, setImmediate, setTimeout } from './timers.js'

/** Longest time a computation may block the event loop, in milliseconds. */
export const SLICE_MS = 16

/**
 * How much of some work to do next: what takes half of SLICE_MS at the speed of the last slice, at most four times as much as
 * that and at least half.
 */
export function nextAmount(amount: number, milliseconds: number): number {
  const wanted = (amount * (SLICE_MS / 2)) / Math.max(milliseconds, 0.01)
  return Math.max(amount / 2, Math.min(wanted, amount * 4))
}

const waiting: (() => void)[] = []
let channel: MessageChannel | undefined

/** Resolves in a later macrotask, after pending timers and I/O; setTimeout would add 1 to 4 ms each time. */
export function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    if (MessageChannel === undefined) {
      setTimeout(resolve, 0)
      return
    }
    if (channel === undefined) {
      channel = new MessageChannel()
      channel.port1.onmessage = () => waiting.shift()?.()
    }
    waiting.push(resolve)
    channel.port2.postMessage(null)
  })
}

/** @throws NativeMlpError ABORTED when the signal has fired; `what` names what was interrupted, e.g. "fit at step 12" */
export function throwIfAborted(signal: Signal | undefined, what: string): void {
  if (signal?.aborted) throw new NativeMlpError('ABORTED', `${what}: aborted`, { cause: signal.reason })
}
