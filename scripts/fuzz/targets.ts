import type { Random } from './random.js'

/** What is attacked: a reader of files, a function, an operation of the addon. */
export interface Target {
  readonly name: string
  /** how often it is chosen, compared with others: slow ones less often */
  readonly share: number
  /** a file to give to `run`; null: `run` makes its arguments itself */
  readonly content: (random: Random) => Uint8Array | null
  /** the call; it may throw only what `allows` */
  readonly run: (random: Random, content: Uint8Array | null) => unknown
  /** whether a call may throw this; default: a NativeMlpError with a code */
  readonly allows?: (error: unknown) => boolean
}

/** A target by its share. */
export function chosenTarget(targets: readonly Target[], random: Random): Target {
  let rest = random.below(targets.reduce((sum, { share }) => sum + share, 0))
  return targets.find(({ share }) => {
    rest -= share
    return rest < 0
  })!
}
