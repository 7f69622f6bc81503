/**
 * The timers of the platform made of AbortSignal.timeout, which fake timers leave alone. Slower than the platform's own:
 * about 20 us each, and whole milliseconds.
 */

class SignalTimer {
  readonly #callback: () => void
  readonly #ms: number
  readonly #repeats: boolean
  /** keeps a Node process alive, which a signal does not; undefined in jsdom */
  readonly #port = globalThis.MessageChannel && new MessageChannel().port1
  #isActive = true

  constructor(callback: () => void, ms: number, repeats: boolean) {
    this.#callback = callback
    this.#ms = Math.max(0, Math.ceil(ms))
    this.#repeats = repeats
    if (this.#port) this.#port.onmessage = () => {}
    this.#start()
  }

  #start(): void {
    AbortSignal.timeout(this.#ms).addEventListener('abort', () => {
      if (!this.#isActive) return
      if (this.#repeats) this.#start()
      else this.stop()
      this.#callback()
    })
  }

  unref(): this {
    this.#port?.close()
    return this
  }

  stop(): void {
    this.#isActive = false
    this.#port?.close()
  }
}

const start = (repeats: boolean) => (callback: () => void, ms: number) => new SignalTimer(callback, ms, repeats)
const stop = (timer: SignalTimer | undefined) => timer?.stop()

/** With the signatures of the platform, as far as this package uses them. */
export const SIGNAL_TIMERS = {
  setTimeout: start(false),
  clearTimeout: stop,
  setInterval: start(true),
  clearInterval: stop,
  setImmediate: (callback: () => void) => new SignalTimer(callback, 0, false),
} as unknown as Pick<
  typeof globalThis,
  'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval' | 'setImmediate'
>
