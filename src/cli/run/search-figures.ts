import { join } from 'node:path'
import { throwIfAborted } from '../../core/event-loop.js'
import { writeFileAtomic } from '../../formats/atomic.js'
import { makeFolders } from '../../formats/folder.js'
import { type DrawnTrial, renderFigure, type SearchFiguresOptions, searchFigures } from '../../plot/index.js'

export interface DrawSearchOptions extends SearchFiguresOptions {
  readonly signal?: AbortSignal
}

/**
 * Draws into `folder`, which is made where it is needed, each figure that suits the trials as .svg and .png.
 *
 * @returns the paths of the files; empty where no figure suits
 */
export async function drawSearchFigures(
  folder: string,
  trials: readonly DrawnTrial[],
  { signal, ...options }: DrawSearchOptions = {},
): Promise<string[]> {
  const figures = searchFigures(trials, options)
  if (figures.length > 0) await makeFolders(folder)
  const paths: string[] = []
  for (const { name, draw } of figures) {
    throwIfAborted(signal, `figure ${name}`)
    const { svg, png } = await renderFigure(await draw())
    for (const [extension, contents] of Object.entries({ svg, png })) {
      const path = join(folder, `${name}.${extension}`)
      await writeFileAtomic(path, contents)
      paths.push(path)
    }
  }
  return paths
}
