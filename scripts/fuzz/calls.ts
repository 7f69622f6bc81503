import { figureCalls } from './calls-figures.js'
import { fileCalls } from './calls-files.js'
import { modelCalls } from './calls-models.js'
import { searchCalls } from './calls-search.js'

/** A call that succeeds, whose arguments are then made hostile. */
export interface Call {
  readonly args: () => readonly unknown[] | Promise<readonly unknown[]>
  /** the function, if it is not an export: a method of an object */
  readonly of?: () => (...args: never[]) => unknown
  /** places in the arguments that stay as they are, e.g. '0.signal', because they bound the call */
  readonly fixed?: readonly string[]
  /** also called with nothing but hostile arguments; default true */
  readonly anything?: boolean
  /** how often, compared with others; default 20 */
  readonly share?: number
}

/** By the name of the export, or 'Class.method'. */
export type Calls = Readonly<Record<string, Call>>

/**
 * A call for every function of the public entries, and for the methods of what they return.
 *
 * @param seeds folder of `makeSeedFiles`
 * @param work folder for what the calls write
 */
export function publicCalls(seeds: string, work: string): Calls {
  return { ...modelCalls(), ...fileCalls(seeds, work), ...searchCalls(seeds, work), ...figureCalls() }
}
