import { integerInRange } from '../../core/checks.js'
import { NativeMlpError } from '../../core/errors.js'
import type { GridPoint } from './grid.js'

/**
 * The seeds of the repeats of each point: base.seed (default 1), base.seed + 1, ... A single one leaves base as it is.
 *
 * @throws NativeMlpError INVALID_ARGUMENT for repeats of a space that varies the seed itself
 */
export function checkRepeats(
  repeats: number | undefined,
  where: string,
  space: object,
  { seed = 1 }: { readonly seed?: number },
): readonly (number | null)[] {
  const count = integerInRange('repeats', repeats ?? 1, 1, 1000)
  if (count === 1) return [null]
  if (Object.hasOwn(space, 'seed')) {
    throw new NativeMlpError(
      'INVALID_ARGUMENT',
      `repeats: each has a seed of its own, but ${where} varies the seed too`,
    )
  }
  return Array.from({ length: count }, (_, i) => integerInRange('repeats: the last seed', seed + i, 0))
}

/** Trials in the order of their points, repeats of one point side by side. */
export function repeated(
  points: readonly Pick<GridPoint, 'params' | 'config'>[],
  seeds: readonly (number | null)[],
): GridPoint[] {
  return points.flatMap(({ params, config }, point) =>
    seeds.map((seed, i): GridPoint => {
      const trial = point * seeds.length + i
      if (seed === null) return { trial, point, params, config }
      return { trial, point, params: { ...params, seed }, config: { ...config, seed } }
    }),
  )
}
