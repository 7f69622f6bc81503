import { NativeMlpError } from '../../core/errors.js'
import { type DataRecipe, type DataSpec, parseSpec } from '../../data/spec.js'
import { type TableFlags, withTableFlags } from './table-flags.js'

/** For `Command.option`: the flag, and what it says of itself. */
export const DATA_FLAG = [
  '--data <source>',
  'file .csv, .tsv, .jsonl, .parquet or .npz, folder of images or of IDX files as those of MNIST, or a spec as JSON or in a ' +
    '.json file (default: NATIVE_MLP_DATA, else MNIST)',
] as const

/** The spec that --data asks for; null without the flag. @throws NativeMlpError as `parseSpec`, for a spec with a scale */
export async function askedSpec(flag: string | undefined, name = '--data'): Promise<DataSpec | null> {
  if (flag === undefined) return null
  try {
    const spec = await parseSpec(flag)
    if (spec.scale === undefined) return spec
    throw new NativeMlpError('INVALID_ARGUMENT', `${name}: scale: expected none, --scale sets it`)
  } catch (error) {
    if (!(error instanceof NativeMlpError) || error.message.startsWith(name)) throw error
    throw new NativeMlpError(error.code, `${name}: ${error.message.replace(/^data[:.] ?/, '')}`, { cause: error })
  }
}

/** The spec in the variable NATIVE_MLP_DATA; null where it is not set. @throws NativeMlpError as `askedSpec` */
export function variableSpec(): Promise<DataSpec | null> {
  return askedSpec(process.env.NATIVE_MLP_DATA || undefined, 'NATIVE_MLP_DATA')
}

/** What to load: what the flag asks for, else the variable, else MNIST. @throws NativeMlpError as `askedSpec` */
export async function newSpec(flag: string | undefined, table: TableFlags = {}): Promise<DataSpec> {
  return withTableFlags((await askedSpec(flag)) ?? (await variableSpec()) ?? { mnist: {} }, table)
}

/** The data named by an argument or by --data. @throws NativeMlpError INVALID_ARGUMENT for both */
export function oneOfBoth(argument: string | undefined, flag: string | undefined, name = '--data'): string | undefined {
  if (argument === undefined || flag === undefined) return argument ?? flag
  throw new NativeMlpError('INVALID_ARGUMENT', `${name}: expected none beside ${argument}`)
}

/**
 * What to load for a run or a study that there is already: its own data, which may lie elsewhere now.
 *
 * @returns with the digest of the recipe, which `loadData` checks
 * @throws NativeMlpError as `askedSpec`
 */
export async function sameData(recipe: DataRecipe, flag: string | undefined): Promise<DataRecipe> {
  const asked = await askedSpec(flag)
  return asked === null ? recipe : { ...asked, scale: recipe.scale, digest: recipe.digest }
}
