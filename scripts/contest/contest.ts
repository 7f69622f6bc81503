import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median, summarize } from 'native-mlp/bench'
import type { MnistFiles } from './mnist-files.js'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Settings of all contestants in a section. */
export interface Setting {
  /** 'avx512', 'avx2', 'neon' or 'js' */
  readonly isa: string
  readonly threads: number
}

/** The task of one process. */
export interface Task extends Setting, MnistFiles {
  readonly cases: readonly string[]
  /** of samples, for each case */
  readonly milliseconds: number
  readonly quick: boolean
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** One case as one process measured it; times in microseconds. */
export interface Measurement {
  readonly case: string
  readonly median: number
  /** 10th percentile: the time without disturbance */
  readonly p10: number
  /** the fastest of several implementations */
  readonly note?: string
  /** only in our own report */
  readonly flops?: number
  readonly peak?: number
}

export interface Output {
  readonly version: string
  readonly measurements: readonly Measurement[]
}

/** A library in the contest. */
export interface Contestant {
  readonly name: string
  /** ours: the others are compared with it, and without it there is nothing to compare */
  readonly ours?: boolean
  /** ours too, on another setting: shown beside, never one of the others */
  readonly variant?: boolean
  readonly takes: (name: string) => boolean
  /** prepares it; returns why it cannot take part, else null */
  readonly prepare: () => Promise<string | null>
  readonly command: (task: Task) => Command
  readonly parse: (stdout: string) => Output
}

/** One contestant's share of a section: the medians of every round, by case. */
export interface Score {
  readonly contestant: Contestant
  version: string
  readonly rounds: Map<string, Measurement[]>
}

export interface Contest {
  readonly scores: readonly Score[]
  /** why some did not take part, or failed, one line each */
  readonly absent: readonly string[]
}

/** Timeout of a process: TypeScript and JavaScript need seconds per step. */
const LIMIT_MS = 15 * 60_000

/**
 * In each round every contestant measures all cases in its own process, one after the other, so that a machine that slows
 * down for a minute slows down all of them.
 */
export async function runContest(
  contestants: readonly Contestant[],
  task: Task,
  rounds: number,
  say: (line: string) => void,
): Promise<Contest> {
  const absent: string[] = []
  const scores: Score[] = []
  for (const contestant of contestants.filter(({ takes }) => task.cases.some(takes))) {
    const reason = await contestant.prepare()
    if (reason === null) scores.push({ contestant, version: '', rounds: new Map() })
    else absent.push(`${contestant.name}: skipped: ${reason}`)
  }
  for (const line of absent) say(line)
  for (let round = 1; round <= rounds; round++) {
    for (const score of [...scores]) {
      const { contestant } = score
      const cases = task.cases.filter(contestant.takes)
      say(`${task.isa}, threads ${task.threads}, round ${round} of ${rounds}: ${contestant.name}`)
      try {
        record(score, contestant.parse(await run(contestant.command({ ...task, cases }))), cases)
      } catch (error) {
        if (contestant.ours) throw error
        absent.push(`${contestant.name}: failed: ${(error as Error).message}`)
        say(absent[absent.length - 1])
        scores.splice(scores.indexOf(score), 1)
      }
    }
  }
  return { scores, absent }
}

function record(score: Score, { version, measurements }: Output, cases: readonly string[]): void {
  const missing = cases.filter((name) => !measurements.some((measurement) => measurement.case === name))
  if (missing.length > 0) throw new Error(`it did not measure ${missing.join(', ')}`)
  score.version = version
  for (const measurement of measurements) {
    score.rounds.set(measurement.case, [...(score.rounds.get(measurement.case) ?? []), measurement])
  }
}

/** Lines of JSON: { version } first, then { case, samples } each; ignores other lines. */
export function parseLines(stdout: string): Output {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  const parsed = lines.map((line) => JSON.parse(line))
  const measurements = parsed
    .filter((line) => line.samples)
    .map(({ case: name, samples, note }) => {
      const { median, p10 } = summarize(samples)
      return { case: name, median, p10, note }
    })
  return { version: parsed.find((line) => line.version)?.version ?? '', measurements }
}

/** Runs a command and returns what it printed. @throws Error with its last output if it fails */
export async function run({ file, args, env }: Command): Promise<string> {
  const options = { cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: 1 << 28 }
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), LIMIT_MS)
  try {
    const { stdout } = await promisify(execFile)(file, args, { ...options, signal: limit.signal })
    return stdout
  } catch (error) {
    const { code, stderr, message } = error as Error & { code?: string | number; stderr?: string }
    if (limit.signal.aborted) throw new Error(`${file}: not done after ${LIMIT_MS / 60_000} minutes`)
    throw new Error(stderr ? `${file}: exit code ${code}: ${problemOf(stderr)}` : message)
  } finally {
    clearTimeout(timer)
  }
}

/** The first line with 'error', else the last one. */
function problemOf(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return (lines.find((line) => /error/i.test(line)) ?? lines[lines.length - 1]).trim()
}

/** The medians over the rounds of their medians and of their 10th percentiles. */
export function overall(measurements: readonly Measurement[]): { median: number; p10: number } {
  return { median: median(measurements.map((one) => one.median)), p10: median(measurements.map((one) => one.p10)) }
}

/** How many times as fast `a` was as `b`: the middle of the rounds' ratios, each of two neighbours in time. */
export function timesAsFast(a: readonly Measurement[], b: readonly Measurement[]): number {
  const rounds = Math.min(a.length, b.length)
  return median(Array.from({ length: rounds }, (_, i) => b[i].median / a[i].median))
}
