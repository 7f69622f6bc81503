import { join } from 'node:path'
import { throwIfAborted } from '../core/event-loop.js'
import type { TrialSummary } from '../core/results.js'
import { writeFileAtomic } from '../formats/atomic.js'
import { makeFolders } from '../formats/folder.js'
import { renderFigure, searchHeatmapFigure } from '../plot/index.js'

/** Which parameter goes where in a heat map. */
export interface HeatmapAxes {
  readonly x: string
  readonly y: string
  readonly facet: string | null
}

const SETS = ['valid', 'test'] as const

/**
 * Draws into `folder` a heat map of the accuracy (for a regression, the loss) of each set that was evaluated, as .svg and
 * .png; nothing where fewer than two parameters were varied.
 *
 * @returns the paths of the files
 */
export async function drawHeatmaps(
  folder: string,
  trials: readonly TrialSummary[],
  signal?: AbortSignal,
): Promise<string[]> {
  const axes = heatmapAxes(trials)
  if (axes === null) return []
  await makeFolders(folder)
  const paths: string[] = []
  for (const set of SETS.filter((name) => trials.some((trial) => trial[name]))) {
    throwIfAborted(signal, 'drawing of the heat maps')
    const isRegression = trials.every((trial) => Number.isNaN(trial[set]?.accuracy ?? Number.NaN))
    const metric = isRegression ? 'loss' : 'accuracy'
    const { svg, png } = await renderFigure(await searchHeatmapFigure(trials, { ...axes, metric: `${set}.${metric}` }))
    for (const [extension, contents] of Object.entries({ svg, png })) {
      const path = join(folder, `${set}-${metric}.${extension}`)
      await writeFileAtomic(path, contents)
      paths.push(path)
    }
  }
  return paths
}

/** Learning rate, L2 and hidden units where they were varied, else whatever was, in the order of the grid. */
export function heatmapAxes(trials: readonly TrialSummary[]): HeatmapAxes | null {
  const names = Object.keys(trials[0]?.params ?? {})
  const varied = names.filter((name) => new Set(trials.map(({ params }) => params[name])).size > 1)
  const usual = ['learningRate', 'l2', 'hidden']
  const [x, y, facet = null] = [
    ...usual.filter((name) => varied.includes(name)),
    ...varied.filter((name) => !usual.includes(name)),
  ]
  return y === undefined ? null : { x, y, facet }
}
