/**
 * The parts of Node and browser objects that this package uses, so that its declarations compile without the types of
 * either.
 */

/** An AbortSignal. */
export interface Signal {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A text stream, e.g. process.stderr; a terminal also has `isTTY` and `columns`. */
export interface TextStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): unknown
}

/** Writes one line of readable text, given without a line feed. */
export type Logger = (line: string) => void

/** A URL, whose protocol must be 'file:'. */
export interface FileUrl {
  readonly href: string
  readonly protocol: string
}

/** The path of a file or a folder, or its file: URL. */
export type FilePath = string | FileUrl
