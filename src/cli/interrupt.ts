import { nowMs } from '../core/timers.js'

/** A launcher such as npm repeats the Ctrl-C that the terminal sent to both: two within this time are one, ms. */
const SAME_MS = 300

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof EXIT_CODES

export interface Interruption {
  /** aborted by the first Ctrl-C or SIGTERM; a second one ends the process at once */
  readonly signal: AbortSignal
  /** 128 + the number of the received signal; 130 if none was received */
  exitCode(): number
  /** removes the listeners, unless a signal was received: the launcher may repeat it */
  release(): void
}

/** Turns the first Ctrl-C into an abort signal, and confirms it to the user with `say`. */
export function listenForInterrupt(say: (line: string) => void): Interruption {
  const controller = new AbortController()
  let first = 0
  let received: Signal = 'SIGINT'
  const listener = (name: Signal) => {
    const now = nowMs()
    if (first === 0) {
      first = now
      received = name
      say('stopping; press Ctrl-C again to stop at once')
      controller.abort(new Error(name))
    } else if (now - first > SAME_MS) {
      process.exit(EXIT_CODES[name])
    }
  }
  const names = Object.keys(EXIT_CODES) as Signal[]
  for (const name of names) process.on(name, listener)
  return {
    signal: controller.signal,
    exitCode: () => EXIT_CODES[received],
    release: () => {
      if (first > 0) return
      for (const name of names) process.off(name, listener)
    },
  }
}
