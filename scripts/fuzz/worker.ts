/** Runs a batch of inputs in a process of its own, which may crash or hang. Started by campaign.ts. */
import { mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { addonTargets } from './addon-targets.js'
import { callTargets } from './call-targets.js'
import type { Fault } from './faults.js'
import { emptyFolder, fileTargets } from './file-targets.js'
import { judge } from './judge.js'
import { Random } from './random.js'
import { samplesTargets } from './samples-targets.js'
import { chosenTarget, type Target } from './targets.js'
import { wireTargets } from './wire-targets.js'

/** What a worker does, as JSON in its first argument. */
export interface Batch {
  /** folder of the seed files */
  readonly seeds: string
  /** folder of this worker; `current` in it holds the number of the input under way */
  readonly work: string
  readonly seed: number
  readonly from: number
  readonly to: number
  /** time to end at, ms since 1970 */
  readonly until: number
  /** regular expression of the names of targets */
  readonly only: string
  readonly slowness: number
  /** one saved input instead of those from `from` to `to` */
  readonly replay: { readonly target: string; readonly content: string | null } | null
}

/** What a worker says. */
export interface Message {
  readonly targets?: readonly string[]
  readonly fault?: Fault
  /** number of the first input that was not run: the end of the batch */
  readonly done?: number
  readonly counts?: Readonly<Record<string, number>>
}

const batch = JSON.parse(process.argv[2]) as Batch
const { seeds, work, seed } = batch
const files = join(work, 'files')
// where a relative path leads that a function takes from a hostile text
const folder = join(work, 'a', 'b', 'c')
for (const path of [files, folder]) mkdirSync(path, { recursive: true })
process.chdir(folder)
const current = openSync(join(work, 'current'), 'w')
const targets = await targetsOf().catch(fail)
await tell({ targets: targets.map(({ name }) => name) })
await (batch.replay ? replay(batch.replay) : runAll()).catch(fail)
process.exit(0)

/** An error of the fuzzer itself; judge.ts catches those that nothing else does. */
function fail(error: unknown): never {
  console.error(error)
  process.exit(1)
}

async function targetsOf(): Promise<Target[]> {
  const all = [
    ...(await fileTargets(seeds, files)),
    ...(await callTargets(seeds, files)),
    ...(await wireTargets(seeds, files)),
    ...samplesTargets(),
    ...(await addonTargets()),
  ]
  const pattern = new RegExp(batch.only, 'i')
  const chosen = all.filter(({ name }) => pattern.test(name))
  if (chosen.length === 0)
    throw new Error(`--only ${batch.only}: no such target among\n${all.map((t) => t.name).join('\n')}`)
  return chosen
}

async function runAll(): Promise<void> {
  const counts: Record<string, number> = {}
  let number = batch.from
  for (; number < batch.to && Date.now() < batch.until; number++) {
    const target = chosenTarget(targets, new Random(seed ^ 0x5eed, number))
    await runOne(target, number, undefined)
    counts[target.name] = (counts[target.name] ?? 0) + 1
  }
  await tell({ done: number, counts })
}

async function replay({ target: name, content }: NonNullable<Batch['replay']>): Promise<void> {
  const target = targets.find((each) => each.name === name)
  if (target === undefined) throw new Error(`${name}: no such target`)
  await runOne(target, batch.from, content === null ? null : new Uint8Array(Buffer.from(content, 'base64')))
  await tell({ done: batch.from + 1, counts: { [name]: 1 } })
}

async function runOne(target: Target, number: number, content: Uint8Array | null | undefined): Promise<void> {
  emptyFolder(files)
  writeSync(current, JSON.stringify({ number, target: target.name }).padEnd(200), 0)
  const fault = await judge({ target, seed, number, content }, batch.slowness)
  if (fault) await tell({ fault })
}

/** Resolves when the parent can have it, even if this process ends now. */
function tell(message: Message): Promise<void> {
  return new Promise((resolve) => process.send!(message, undefined, undefined, () => resolve()))
}
