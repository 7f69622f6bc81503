import { invalidArgument } from '../core/errors.js'
import { type RandomStream, randomStream } from '../core/random.js'
import { range } from './range.js'

export interface SplitRows {
  /** remaining positions, ascending */
  readonly kept: Int32Array
  /** positions drawn, ascending */
  readonly drawn: Int32Array
}

/**
 * Draws round(fraction x n) of the positions 0..n-1 at random without replacement, from the seed's stream 'split'.
 * @param classOf class of each position for a stratified draw (each class contributes its share, rounded by the largest
 * remainder method), or null for a plain draw
 * @throws NativeMlpError INVALID_ARGUMENT if one of the two sets would be empty
 */
export function splitPositions(n: number, fraction: number, seed: number, classOf: Int32Array | null): SplitRows {
  const count = Math.round(n * fraction)
  if (count < 1 || count >= n) {
    throw invalidArgument('split fraction', `a fraction that gives both sets at least one of the ${n} rows`, fraction)
  }
  const random = randomStream(seed, 'split')
  const isDrawn = new Uint8Array(n)
  if (classOf === null) {
    draw(range(n), count, random, isDrawn)
  } else {
    const groups = rowsByClass(classOf)
    const counts = largestRemainders(
      groups.map((group) => group.length),
      count,
      n,
    )
    for (let c = 0; c < groups.length; c++) draw(groups[c], counts[c], random, isDrawn)
  }
  const all = range(n)
  return { kept: all.filter((i) => isDrawn[i] === 0), drawn: all.filter((i) => isDrawn[i] === 1) }
}

/** The first `count` steps of a Fisher-Yates shuffle of `positions`. */
function draw(positions: Int32Array, count: number, random: RandomStream, isDrawn: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    const j = i + random.int(positions.length - i)
    const chosen = positions[j]
    positions[j] = positions[i]
    positions[i] = chosen
    isDrawn[chosen] = 1
  }
}

/** The positions of each class, ascending; none for a class without rows. */
export function rowsByClass(classOf: Int32Array): Int32Array[] {
  const groups: number[][] = []
  for (let i = 0; i < classOf.length; i++) {
    groups[classOf[i]] ??= []
    groups[classOf[i]].push(i)
  }
  return Array.from(groups, (group) => Int32Array.from(group ?? []))
}

/** Integers with sum `count`, closest to sizes[c] x count / total; ties go to the lower class. */
function largestRemainders(sizes: readonly number[], count: number, total: number): number[] {
  // exact integers: sizes and counts are far below 2^26
  const counts = sizes.map((size) => Math.floor((size * count) / total))
  const remainders = sizes.map((size, c) => size * count - counts[c] * total)
  const order = sizes.map((_, c) => c).sort((a, b) => remainders[b] - remainders[a] || a - b)
  let missing = count - counts.reduce((sum, part) => sum + part, 0)
  for (let i = 0; missing > 0; i++, missing--) counts[order[i]]++
  return counts
}
