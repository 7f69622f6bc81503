import { checkingAsync, knownOptions, listOf, objectOf } from '../../core/checks.js'
import { invalidArgument } from '../../core/errors.js'
import type { LearningRateRange, LearningRateStep } from '../../core/results.js'
import { clipLine } from '../data/clip.js'
import type { StepMark } from '../data/history.js'
import { stepMarks, stepMarksHeight } from '../marks/step-marks.js'
import type { Figure } from '../page/figure.js'
import { loadDrawing } from '../page/libraries.js'
import { composePage, placePlot } from '../page/page.js'
import { formatShort } from '../page/text.js'
import { FAINT, FONT_SIZE, FRAME, GRID, OKABE_ITO, PAGE } from '../page/theme.js'

export interface LearningRateOptions {
  readonly title?: string
  readonly subtitle?: string
}

const HEIGHT = 360
const MARGIN = { left: 58, right: 14, top: 12, bottom: 46 } as const

/**
 * The loss over the learning rate of a range test, as `findLearningRate` measures it, with its two suggestions.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` for fewer than two steps, or learning rates that are not > 0 and ascending
 */
export async function learningRateFigure(range: LearningRateRange, options: LearningRateOptions = {}): Promise<Figure> {
  return await checkingAsync('learningRateFigure', () => draw(range, options))
}

async function draw(range: LearningRateRange, options: LearningRateOptions): Promise<Figure> {
  knownOptions('options', options, ['title', 'subtitle'])
  const steps = checkSteps(range)
  const marks = marksOf(range)
  const { Plot, document } = await loadDrawing()
  const width = PAGE.width - 2 * PAGE.padding
  const marginTop = MARGIN.top + stepMarksHeight(marks)
  const height = HEIGHT + stepMarksHeight(marks)
  const xDomain = [steps[0].learningRate, steps[steps.length - 1].learningRate] as const
  const yDomain = domainOf(steps)
  const ticks = decadesIn(xDomain)
  const line = (key: 'loss' | 'smoothed', stroke: string, strokeWidth: number) => {
    const points = steps.map((step) => ({ x: step.learningRate, y: step[key] }))
    return Plot.line(clipLine(points, xDomain, yDomain), {
      x: 'x',
      y: 'y',
      stroke,
      strokeWidth,
      strokeLinejoin: 'round',
    })
  }
  const text = { fontSize: FONT_SIZE.tick, labelArrow: 'none' as const, labelAnchor: 'center' as const, tickSize: 4 }
  const plot = Plot.plot({
    document,
    ...{ width, height, marginTop, marginLeft: MARGIN.left, marginRight: MARGIN.right, marginBottom: MARGIN.bottom },
    x: { type: 'log', domain: [...xDomain], label: null },
    y: { domain: [...yDomain], label: null },
    marks: [
      Plot.gridX({ stroke: GRID, strokeOpacity: 1, ticks }),
      Plot.gridY({ stroke: GRID, strokeOpacity: 1, ticks: 7 }),
      Plot.frame({ stroke: FRAME }),
      Plot.axisX({ ...text, label: 'learning rate, log scale', labelOffset: 40, ticks, tickFormat: formatShort }),
      Plot.axisY({ ...text, label: 'training loss', labelOffset: 54, ticks: 7 }),
      line('loss', FAINT, 0.8),
      line('smoothed', OKABE_ITO.blue, 2),
      stepMarks(marks),
    ],
  })
  return composePage({
    title: options.title ?? 'Learning-rate range test',
    subtitle: options.subtitle,
    notes: [
      'Thin: the loss of each batch; thick: its moving average.',
      ...(range.diverged ? [`The loss diverged at ${formatShort(xDomain[1])}, where the test ended.`] : []),
    ],
    body: placePlot(plot, 0, 0),
    bodyWidth: width,
    bodyHeight: height,
  })
}

function checkSteps(range: LearningRateRange): readonly LearningRateStep[] {
  const steps = listOf<LearningRateStep>('range.steps', objectOf('range', range, 'a range test').steps, 'steps')
  if (steps.length < 2) throw invalidArgument('range.steps', 'at least two', steps)
  steps.forEach((step, i) => {
    const { learningRate, loss, smoothed } = Object(step) as LearningRateStep
    const isAscending = learningRate > (i > 0 ? steps[i - 1].learningRate : 0) && Number.isFinite(learningRate)
    if (isAscending && Number.isFinite(loss) && Number.isFinite(smoothed)) return
    throw invalidArgument(`range.steps[${i}]`, 'a finite loss at a larger learning rate than before', step)
  })
  return steps
}

function marksOf({ steepest, minimumTenth }: LearningRateRange): StepMark[] {
  const marks = [
    { x: minimumTenth, text: 'a tenth of the least loss', colour: OKABE_ITO.vermillion },
    { x: steepest, text: 'steepest descent', colour: '#00805d' },
  ]
  return marks.flatMap(({ x, text, colour }, i) => {
    if (x === null) return []
    if (!(typeof x === 'number' && x > 0 && Number.isFinite(x))) {
      throw invalidArgument(`range.${i === 0 ? 'minimumTenth' : 'steepest'}`, 'a number > 0 or null', x)
    }
    return [{ x, text: `${text}: ${formatShort(Number(x.toPrecision(3)))}`, colour }]
  })
}

/** From a little below the least loss to a little above those before it: a loss that diverges leaves the frame. */
function domainOf(steps: readonly LearningRateStep[]): readonly [number, number] {
  const least = steps.reduce((found, { smoothed }, i) => (smoothed < steps[found].smoothed ? i : found), 0)
  const before = steps.slice(0, Math.max(2, least + 1))
  const high = Math.max(...before.map(({ loss, smoothed }) => Math.max(loss, smoothed)))
  const low = Math.min(...steps.map(({ smoothed }) => smoothed), ...before.map(({ loss }) => loss))
  const margin = high > low ? 0.06 * (high - low) : 1
  return [low - margin, high + 2 * margin]
}

/** The powers of ten of a range; where there are fewer than two, as many ticks as suit it. */
function decadesIn([low, high]: readonly [number, number]): readonly number[] | number {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))]
  // a number from its text: some powers of ten are not exact otherwise
  return last > first ? Array.from({ length: last - first + 1 }, (_, i) => Number(`1e${first + i}`)) : 7
}
