import { z } from 'zod'
import { invalidFile, NativeMlpError } from '../../core/errors.js'
import { INPUT_SCALES } from '../../core/scale.js'
import { StudyFolder } from '../../search/store/folder.js'
import type { studyIdentity } from '../../search/store/identity.js'
import { readJournal } from '../../search/store/journal.js'
import { PRESET_NAMES } from '../../train/presets.js'
import type { SearchPlanOptions } from '../config/search-config.js'
import { checkPath } from './out-folder.js'
import type { SearchRequest } from './search-run.js'

/** What may be said about a search that goes on; all else stands in its journal. */
export type ResumeChoice = Pick<SearchRequest, 'data' | 'workers' | 'stack' | 'queue' | 'figures' | 'refit'>

const rows = z.number().int().min(1).nullable()
const aboutSchema = z.object({
  folder: z.string().nullable(),
  preset: z.enum(PRESET_NAMES),
  scale: z.enum(INPUT_SCALES),
  validFraction: z.number().gt(0).lt(1),
  limitTrain: rows,
  limitTest: rows,
})

/**
 * The search that a folder holds, as it was asked for.
 *
 * @throws NativeMlpError INVALID_ARGUMENT where there is none, or none of the command line; INVALID_FILE for a damaged journal
 */
export async function resumedRequest(path: string, choice: ResumeChoice): Promise<SearchRequest> {
  checkPath(path, '--resume')
  const journal = new StudyFolder(path).file('journal')
  const { header } = await readJournal(journal).catch((error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error
    throw new NativeMlpError('INVALID_ARGUMENT', `--resume ${path}: holds no search; start it again with --out ${path}`)
  })
  const about = aboutSchema.safeParse(header.about)
  if (!about.success) {
    const [key] = about.error.issues[0].path
    throw invalidFile(journal, `line 1: about.${String(key)}: not written by the command line; see resume in search()`)
  }
  const { folder, preset, ...sets } = about.data
  // checked as the options of a search are
  const study = header.study as unknown as ReturnType<typeof studyIdentity>
  const { folds, stratified, splitSeed } = study
  return {
    ...choice,
    preset,
    grid: study.grid,
    base: study.base,
    selectBy: study.selectBy,
    metric: study.metric,
    keepModels: study.keepModels,
    plan: planOf(study),
    recipe: { ...sets, seed: splitSeed, folds, stratified },
    data: choice.data ?? folder ?? undefined,
    out: path,
    overwrite: false,
    resume: true,
  }
}

function planOf(study: ReturnType<typeof studyIdentity>): SearchPlanOptions {
  const { strategy, seed, size, repeats, halving, folds, stratified, splitSeed } = study
  return {
    strategy,
    ...(seed !== null && { seed, trials: size / repeats }),
    ...(halving !== null && { halving }),
    ...{ folds, stratified, splitSeed, repeats },
  }
}
