/** How a launcher such as npm passes on a Ctrl-C that the terminal has sent to both: within this time it is the same one, ms. */
const SAME = 300

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof EXIT_CODES

export interface Interruption {
  /** fires at the first Ctrl-C or SIGTERM; a second one ends the process at once */
  readonly signal: AbortSignal
  /** 128 + the number of the signal that came, 130 while none has */
  exitCode(): number
  /** gives the signals back to Node where none has come; otherwise the same Ctrl-C may yet come again */
  release(): void
}

/** Turns the first Ctrl-C into an orderly end. `say` tells the user that it was heard. */
export function listenForInterrupt(say: (line: string) => void): Interruption {
  const controller = new AbortController()
  let first = 0
  let received: Signal = 'SIGINT'
  const listener = (name: Signal) => {
    const now = performance.now()
    if (first === 0) {
      first = now
      received = name
      say('stopping; once more to stop at once')
      controller.abort(new Error(name))
    } else if (now - first > SAME) {
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
