/**
 * The timers and clocks of the platform as they were at import. Test frameworks replace the global ones by fakes, which
 * stand still: what waits for them would hang, and what measures with them would find that no time passes.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis

/** Undefined in browsers. */
export const setImmediate: typeof globalThis.setImmediate | undefined = globalThis.setImmediate

export const MessageChannel = globalThis.MessageChannel

/** Milliseconds since some fixed moment; never goes back. */
export const nowMs: () => number = globalThis.performance.now.bind(globalThis.performance)

/** Milliseconds since 1970, as files are dated. */
export const dateMs: () => number = globalThis.Date.now

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
