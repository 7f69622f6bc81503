import { isBusy, type Machine } from 'native-mlp/bench'
import { type Contest, type Measurement, overall, type Score, type Setting, timesAsFast } from './contest.js'
import { tablesOf } from './tables.js'

/** A section as docs/results.json keeps it. Times in microseconds. */
export interface SectionResult extends Setting {
  /** GFLOP/s of multiply-adds in registers, the best of the run; null in TypeScript */
  readonly peak: number | null
  readonly contestants: readonly Entry[]
  readonly cases: readonly CaseResult[]
  readonly absent: readonly string[]
}

export interface Entry {
  readonly name: string
  readonly version: string
  readonly ours: boolean
  /** ours too, on another setting: none of the others */
  readonly variant: boolean
}

export interface CaseResult {
  readonly case: string
  /** of the dense arithmetic */
  readonly flops: number
  /** by name of the contestant, as far as it took part in this case */
  readonly times: Readonly<Record<string, TimeOfCase>>
  /** the fastest of the others, and how many times as fast as it we were; null without others */
  readonly fastestPeer: string | null
  readonly timesAsFast: number | null
}

export interface TimeOfCase {
  /** the middle of the rounds' medians, of their 10th percentiles, and the medians themselves */
  readonly median: number
  readonly p10: number
  readonly rounds: readonly number[]
  /** how many times as long as ours it took: the middle of the rounds' ratios */
  readonly timesOurs: number
  /** which of several ways of writing it was the fastest */
  readonly note?: string
}

export interface Results {
  readonly format: 'native-mlp peers'
  readonly formatVersion: 1
  readonly command: string
  readonly date: string
  readonly machine: Machine
  readonly rounds: number
  readonly sections: readonly SectionResult[]
}

export function sectionResult(setting: Setting, { scores, absent }: Contest): SectionResult {
  const ours = scores.find(({ contestant }) => contestant.ours)
  if (!ours) throw new Error('the contest has no entry of ours')
  const peaks = [...ours.rounds.values()].flat().flatMap(({ peak }) => peak ?? [])
  return {
    ...setting,
    peak: peaks.length > 0 ? Math.max(...peaks) : null,
    contestants: scores.map(({ contestant: { name, ours = false, variant = false }, version }) => {
      return { name, version, ours, variant }
    }),
    cases: [...ours.rounds].map(([name, measured]) => caseResult(name, measured, scores)),
    absent,
  }
}

function caseResult(name: string, ours: readonly Measurement[], scores: readonly Score[]): CaseResult {
  const taking = scores.filter(({ rounds }) => rounds.has(name))
  const times = Object.fromEntries(
    taking.map(({ contestant, rounds }) => {
      const measured = rounds.get(name)!
      const { note } = measured[0]
      const medians = measured.map(({ median }) => median)
      const timesOurs = timesAsFast(ours, measured)
      return [contestant.name, { ...overall(measured), rounds: medians, timesOurs, ...(note && { note }) }]
    }),
  )
  const peers = taking.filter(({ contestant }) => !contestant.ours && !contestant.variant)
  const fastest = peers.reduce<Score | null>((best, peer) => {
    return best === null || times[peer.contestant.name].median < times[best.contestant.name].median ? peer : best
  }, null)
  return {
    case: name,
    flops: ours[0].flops ?? 0,
    times,
    fastestPeer: fastest?.contestant.name ?? null,
    timesAsFast: fastest === null ? null : timesAsFast(ours, fastest.rounds.get(name)!),
  }
}

/** The page of docs/results.md that shows the results. */
export function markdown({ machine, date, command, rounds, sections }: Results): string {
  const busy = isBusy(machine) ? ` The machine was busy (load ${machine.load}), so the figures are noise.` : ''
  const intro = [
    `\`${command}\` on ${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}, ${date.slice(0, 10)}.${busy}`,
    `Each library measures in a process of its own, one after the other, ${rounds} times over; a figure is the middle of`,
    'its rounds. "Peak" is the multiply-adds the processor does in registers, measured in the same processes; the dense',
    'limit is the time all multiply-adds of a step take at the peak, those with zeros included.',
  ]
  return [intro.join('\n'), ...sections.map(sectionMarkdown)].join('\n\n')
}

function sectionMarkdown(section: SectionResult): string {
  const { isa, threads, peak, contestants, absent } = section
  const words = `${isa === 'js' ? 'JavaScript' : isa}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
  const parts = [`### ${words}${peak === null ? '' : `: peak ${peak.toFixed(0)} GFLOP/s`}`]
  parts.push(...tablesOf(section))
  parts.push(`${contestants.map(({ name, version }) => `${name}: ${version}`).join('; ')}.`)
  if (absent.length > 0) parts.push(absent.map((line) => `- ${line}`).join('\n'))
  return parts.join('\n\n')
}

const BEGIN = '<!-- written by npm run bench:peers -->'
const END = '<!-- end of what npm run bench:peers writes -->'

/** Puts the results where they stood in a page, or at its end. */
export function intoPage(page: string, results: string): string {
  const block = `${BEGIN}\n\n${results}\n\n${END}`
  const from = page.indexOf(BEGIN)
  const to = page.indexOf(END)
  if (from !== -1 && to > from) return page.slice(0, from) + block + page.slice(to + END.length)
  return `${page.trimEnd() || '# Results'}\n\n## Beside other libraries\n\n${block}\n`
}
