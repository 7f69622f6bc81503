/**
 * Functions of a display, so that an error in them never ends the work that is shown: the first one is reported as a process
 * warning, and the display continues with the next call.
 */
export class Display {
  #hasFailed = false

  /** The same function; an error in it is only reported. */
  guarded<A extends readonly unknown[]>(show: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        show(...args)
      } catch (error) {
        this.#report(error)
      }
    }
  }

  /** Callbacks that show what happens, each guarded. */
  callbacks<C extends object>(callbacks: C): C {
    const entries = Object.entries(callbacks) as [string, (...args: readonly unknown[]) => void][]
    return Object.fromEntries(entries.map(([name, show]) => [name, this.guarded(show)])) as C
  }

  #report(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    process.emitWarning(`the progress cannot be shown: ${(error as Error).message}`, 'NativeMlpWarning')
  }
}
