/**
 * What this package needs of objects that Node and browsers define, so that its declarations compile without the types of
 * either.
 */

/** An AbortSignal. */
export interface Signal {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Where text goes, e.g. process.stderr; a terminal says so and how wide it is. */
export interface TextStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): unknown
}

/** Takes a line of text for a person to read, without a line feed. */
export type Logger = (line: string) => void
