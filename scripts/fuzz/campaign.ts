import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fault } from './faults.js'
import { LONGEST_MS } from './judge.js'
import type { Batch, Message } from './worker.js'

/** A run of the fuzzer. */
export interface Campaign {
  readonly seed: number
  readonly count: number
  /** the longest it may take */
  readonly seconds: number
  readonly only: string
  /** worker processes at a time */
  readonly jobs: number
  /** folder of the seed files */
  readonly seeds: string
  /** folder of the workers */
  readonly work: string
  /** variables of the workers, e.g. for a sanitizer */
  readonly env: NodeJS.ProcessEnv
  /** how many times as long as usual a call may take */
  readonly slowness: number
  /** the program of the workers; default worker.ts */
  readonly program?: string
}

export interface Outcome {
  /** inputs run, by target */
  readonly counts: ReadonlyMap<string, number>
  readonly targets: readonly string[]
}

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
/** Inputs to a process: its memory and what it left behind end with it. */
const BATCH = 2000
/** Interval of looking whether a worker goes on, ms. */
const LOOK_MS = 250
/** How many times as long as an input may take a worker is let run: its own measure leaves out the time of other processes. */
const PATIENCE = 5
/** Time to start, under a sanitizer on a busy machine, ms. */
const START_MS = 300_000

/** Runs inputs until the count or the time is reached. */
export async function runCampaign(
  campaign: Campaign,
  onFault: (fault: Fault) => void | Promise<void>,
): Promise<Outcome> {
  const { count, jobs, seconds } = campaign
  const until = Date.now() + seconds * 1000
  const counts = new Map<string, number>()
  const targets = new Set<string>()
  let next = 0
  const job = async (name: string) => {
    while (next < count && Date.now() < until) {
      const to = Math.min(count, next + BATCH)
      const from = next
      next = to
      for (let at = from; at < to && Date.now() < until; ) {
        const end = await runBatch(campaign, { name, from: at, to, until })
        for (const target of end.targets) targets.add(target)
        for (const [target, times] of Object.entries(end.counts)) counts.set(target, (counts.get(target) ?? 0) + times)
        for (const fault of end.faults) await onFault(fault)
        at = end.next
      }
    }
  }
  await Promise.all(Array.from({ length: jobs }, (_, i) => job(`worker-${i}`)))
  return { counts, targets: [...targets] }
}

/** Runs a saved input alone. @returns its faults */
export async function replayFault(campaign: Campaign, fault: Fault): Promise<readonly Fault[]> {
  const { number, seed, target, content } = fault
  const range = { name: `replay-${number}`, from: number, to: number + 1, until: Number.MAX_SAFE_INTEGER }
  const end = await runBatch({ ...campaign, seed }, range, { target, content })
  return end.faults
}

interface BatchEnd {
  readonly targets: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly faults: readonly Fault[]
  /** number of the first input that was not run */
  readonly next: number
}

async function runBatch(
  campaign: Campaign,
  { name, from, to, until }: { name: string; from: number; to: number; until: number },
  replay: Batch['replay'] = null,
): Promise<BatchEnd> {
  const { seed, seeds, only, slowness } = campaign
  const work = join(campaign.work, name)
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const batch: Batch = { seeds, work, seed, from, to, until, only: replay ? '' : only, slowness, replay }
  const child = start(batch, campaign)
  const messages: Message[] = []
  child.on('message', (message) => messages.push(message as Message))
  const [end, isHung] = await watched(child, work, slowness)
  const targets = messages.flatMap((message) => message.targets ?? [])
  const faults = messages.flatMap((message) => message.fault ?? [])
  const done = messages.find((message) => message.done !== undefined)
  if (done) return { targets, faults, counts: done.counts ?? {}, next: done.done! }
  if (targets.length === 0) throw new Error(`a worker did not start: ${end}`)
  const last = currentInput(work)
  if (last === null) throw new Error(`a worker ended before its first input: ${end}`)
  const content = replay ? replay.content : contentOf(work, last.target)
  const problem = isHung ? `it did not end within ${(LONGEST_MS * slowness * PATIENCE) / 1000} s` : end
  const fault: Fault = { ...last, seed, kind: isHung ? 'hang' : 'crash', problem, stack: isHung ? null : end, content }
  // how the inputs before it are divided is lost with the process
  return { targets, faults: [...faults, fault], counts: { crashed: last.number + 1 - from }, next: last.number + 1 }
}

function start(batch: Batch, { env, program = WORKER }: Campaign): ChildProcess {
  const tsx = import.meta.resolve('tsx')
  // no server is ever asked: an address that is none, and small data in place of MNIST
  const surroundings = {
    NATIVE_MLP_REDIS_URL: 'none',
    NATIVE_MLP_DATA: join(batch.seeds, 'data'),
    NODE_NO_WARNINGS: '1',
  }
  return spawn(process.execPath, ['--import', tsx, program, JSON.stringify(batch)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...surroundings, ...env },
  })
}

/** Waits for the end of a worker, and kills it when an input does not end. @returns why it ended, and whether it hung */
async function watched(child: ChildProcess, work: string, slowness: number): Promise<[string, boolean]> {
  let errors = ''
  child.stderr!.on('data', (text) => {
    errors = (errors + text).slice(-20_000)
  })
  let isHung = false
  let last = ''
  let since = Date.now()
  const timer = setInterval(() => {
    const now = readCurrent(work)
    if (now !== last) [last, since] = [now, Date.now()]
    const patience = last === '' ? START_MS : LONGEST_MS * slowness * PATIENCE
    if (Date.now() - since < patience) return
    isHung = true
    child.kill('SIGKILL')
  }, LOOK_MS)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  )
  clearInterval(timer)
  return [`${signal ?? `exit code ${code}`}\n${sanitizerReport(errors)}`, isHung]
}

/** From the first line of a report, or all. */
function sanitizerReport(text: string): string {
  const at = text.search(/runtime error|ERROR: \w+Sanitizer|Assertion/)
  return at < 0 ? text : text.slice(Math.max(0, text.lastIndexOf('\n', at)))
}

function readCurrent(work: string): string {
  try {
    return readFileSync(join(work, 'current'), 'utf8')
  } catch {
    return ''
  }
}

function currentInput(work: string): { number: number; target: string } | null {
  const text = readCurrent(work)
  return text.trim() === '' ? null : JSON.parse(text)
}

/** The changed file that the worker left. */
function contentOf(work: string, target: string): string | null {
  const [, extension = ''] = /(\.\w+)\)$/.exec(target) ?? []
  try {
    return readFileSync(join(work, 'files', `input${extension}`)).toString('base64')
  } catch {
    return null
  }
}
