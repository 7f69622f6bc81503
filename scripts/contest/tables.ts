import { isOtherStep, isPrediction, isProduct, isSmallFit, isStep } from './kinds.js'
import type { CaseResult, SectionResult } from './results.js'

/** A column between ours and the others': its title, and its cell for what we took and the time the multiply-adds take at the peak. */
type LimitColumn = readonly [title: string, cell: (microseconds: number, limit: number) => string]

/** How a page shows the cases of a kind. */
interface TableKind {
  readonly takes: (name: string) => boolean
  readonly words: string
  /** title of the first column */
  readonly what: string
  readonly unit: 'GFLOP/s' | 'microseconds'
  /** none where the section knows no peak */
  readonly limits: readonly LimitColumn[]
}

const TIMES_THE_LIMIT = (microseconds: number, limit: number) => (microseconds / limit).toFixed(2)

const KINDS: readonly TableKind[] = [
  {
    takes: isProduct,
    words: 'GFLOP/s; sizes are M x N x K.',
    what: 'product',
    unit: 'GFLOP/s',
    limits: [['of peak', (microseconds, limit) => (limit / microseconds).toFixed(2)]],
  },
  {
    takes: isStep,
    words: 'Microseconds of a training step of 784-H-10.',
    what: 'step',
    unit: 'microseconds',
    limits: [['of dense limit', TIMES_THE_LIMIT]],
  },
  {
    takes: isOtherStep,
    words:
      'Microseconds of other training steps: with AdamW, and on dense float32 rows. PyTorch takes the fastest of `torch.optim.AdamW` one\n' +
      'tensor after the other and with `foreach`.',
    what: 'step',
    unit: 'microseconds',
    limits: [['of dense limit', TIMES_THE_LIMIT]],
  },
  {
    takes: isSmallFit,
    words:
      'Microseconds of a whole step through `fit` of small networks: softmax cross-entropy, SGD with L2, relu, float32 inputs,\n' +
      'shuffled batches. All run on one thread but the column that says otherwise; in brackets the time over that of one thread.\n' +
      'The FMA limit is the time the multiply-adds of forward, backward and update take at the peak. scikit-learn trains\n' +
      '`MLPClassifier`, which has one logistic output for two classes; PyTorch runs the usual loop over a permutation.',
    what: 'network',
    unit: 'microseconds',
    limits: [
      ['FMA limit', (_, limit) => timeWords(limit)],
      ['times the limit', TIMES_THE_LIMIT],
    ],
  },
  {
    takes: isPrediction,
    words:
      'Microseconds of one row predicted, again and again: by `await model.predict(row)`, and by `predictor.run(row)` where there\n' +
      'is one. The plain loop is eight lines of JavaScript. In brackets the time over ours on one thread.',
    what: 'way and network',
    unit: 'microseconds',
    limits: [],
  },
]

/** Every kind of case the section has, its words and its table. */
export function tablesOf(section: SectionResult): string[] {
  return KINDS.flatMap((kind) => {
    const cases = section.cases.filter((one) => kind.takes(one.case))
    return cases.length === 0 ? [] : [`${kind.words}\n\n${table(section, cases, kind)}`]
  })
}

function table({ peak, contestants }: SectionResult, cases: readonly CaseResult[], kind: TableKind): string {
  const taking = contestants.filter(({ name }) => cases.some(({ times }) => name in times))
  const ours = taking.find((one) => one.ours)!.name
  const variants = taking.filter((one) => one.variant).map(({ name }) => name)
  const peers = taking.filter((one) => !one.ours && !one.variant).map(({ name }) => name)
  const limits = peak === null ? [] : kind.limits
  const cell = kind.unit === 'GFLOP/s' ? gflops : microseconds
  const header = [kind.what, ours, ...limits.map(([title]) => title), ...variants, ...peers]
  const rows = cases.map((result) => {
    const { median } = result.times[ours]
    return [
      kind.takes === isPrediction ? result.case : result.case.replace(/^\w+ /, ''),
      cell(result, ours),
      ...limits.map(([, limitCell]) => limitCell(median, result.flops / (peak! * 1000))),
      ...variants.map((name) => (name in result.times ? `${cell(result, name)} (${ratio(result, name)})` : '')),
      ...peers.map((name) => cell(result, name)),
      result.timesAsFast === null ? '' : result.timesAsFast.toFixed(2),
    ]
  })
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const titles = [...header, 'times as fast as the fastest']
  return [line(titles), line(titles.map((_, c) => (c === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

function ratio({ times }: CaseResult, name: string): string {
  return (times[name].timesOurs ?? Number.NaN).toFixed(2)
}

function gflops({ times, flops }: CaseResult, name: string): string {
  return name in times ? (flops / times[name].median / 1000).toFixed(1) : ''
}

function microseconds({ times }: CaseResult, name: string): string {
  return name in times ? timeWords(times[name].median) : ''
}

function timeWords(microseconds: number): string {
  return microseconds.toFixed(microseconds < 10 ? 2 : microseconds < 1000 ? 1 : 0)
}
