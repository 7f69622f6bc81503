import { z } from 'zod'
import { invalidFile, NativeMlpError } from '../../core/errors.js'
import { checkJson } from '../../formats/json.js'
import { StudyFolder } from '../../search/store/folder.js'
import type { studyIdentity } from '../../search/store/identity.js'
import { readJournal } from '../../search/store/journal.js'
import { PRESET_NAMES } from '../../train/presets.js'
import { sameData } from '../config/data-flag.js'
import type { SearchPlanOptions } from '../config/search-config.js'
import { checkPath } from './out-folder.js'
import type { SearchRequest } from './search-run.js'

/** What may be said about a search that goes on; all else stands in its journal. */
export interface ResumeChoice extends Pick<SearchRequest, 'workers' | 'stack' | 'queue' | 'figures' | 'refit'> {
  /** where the data are now; undefined: where they were */
  readonly data: string | undefined
}

const aboutSchema = z.object({ preset: z.enum(PRESET_NAMES) })

/** What is read here; the rest is checked as the options of a search are. */
const studySchema = z.looseObject({
  grid: z.record(z.string(), z.unknown()),
  base: z.looseObject({ evaluateOn: z.array(z.string()).nullish() }),
  size: z.number(),
  repeats: z.number(),
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
  const { recipe } = header.data
  if (!about.success || recipe === null) {
    const missing = about.success ? 'data.recipe' : 'about.preset'
    throw invalidFile(journal, `line 1: ${missing}: not written by the command line; see resume in search()`)
  }
  const error = (problem: string) => invalidFile(journal, problem)
  const known = checkJson(studySchema, header.study, { what: 'line 1: study', error })
  const study = known as unknown as ReturnType<typeof studyIdentity>
  return {
    ...choice,
    preset: about.data.preset,
    grid: study.grid,
    base: study.base,
    selectBy: study.selectBy,
    metric: study.metric,
    keepModels: study.keepModels,
    plan: planOf(study),
    data: await sameData(recipe, choice.data),
    out: path,
    overwrite: false,
    resume: true,
  }
}

function planOf(study: ReturnType<typeof studyIdentity>): SearchPlanOptions {
  const { strategy, seed, size, repeats, halving, tpe, folds, stratified, splitSeed } = study
  const { validFraction, limitTrain, limitTest } = study
  return {
    strategy,
    ...(seed !== null && { seed, trials: size / repeats }),
    ...(halving !== null && { halving }),
    ...(tpe && { tpe }),
    ...{ folds, stratified, splitSeed, validFraction, limitTrain, limitTest, repeats },
  }
}
