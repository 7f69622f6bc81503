import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../repo/source-graph.js'

type Report = { readonly before?: string; readonly result?: string }

/** A process that locks a folder, one file operation for each `step`. */
export class SteppedProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #next: Promise<Report>
  /** its answer; null before it has one */
  result: string | null = null

  private constructor() {
    const module = pathToFileURL(join(ROOT, 'dist/io/folder-lock.js')).href
    this.#child = fork(join(import.meta.dirname, 'stepped-lock.mjs'), [module])
    this.#ended = once(this.#child, 'exit')
    this.#next = this.#report()
  }

  static async start(): Promise<SteppedProcess> {
    const one = new SteppedProcess()
    await one.#next
    return one
  }

  /** Has it begin to lock the folder, or to release it; it waits before its first operation. */
  begin(type: 'lock' | 'release', folder = ''): void {
    this.result = null
    this.#next = this.#report()
    this.#child.send({ type, folder })
  }

  /** Permits one operation. Does nothing once it has a result. */
  async step(): Promise<void> {
    const { result } = await this.#next
    if (result !== undefined) this.result = result
    if (this.result !== null) return
    this.#next = this.#report()
    this.#child.send({ type: 'go' })
    // what it does until it announces its next operation
    await this.#next
  }

  /** Permits all operations that remain. */
  async finish(): Promise<string> {
    while (this.result === null) await this.step()
    return this.result
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #report(): Promise<Report> {
    const [report] = await once(this.#child, 'message')
    return report as Report
  }
}
