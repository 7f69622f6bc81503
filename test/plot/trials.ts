import { randomStream } from '../../src/core/random.js'
import type { DrawnTrial } from '../../src/plot/index.js'

const RATES = [0.075, 0.001, 0.005, 0.01, 0.05]
const STEPS = 21

/** Evaluations that rise to `accuracy`; those of a collapsed run fall to one in ten. */
function history(accuracy: number, collapsed: boolean, count = STEPS): NonNullable<DrawnTrial['history']> {
  return Array.from({ length: count }, (_, i) => {
    const reached = collapsed && i > 2 ? 0.1 : accuracy - (accuracy - 0.1) / (1 + i * i)
    return { step: i * 80, epoch: Math.floor(i / 3), valid: { accuracy: reached, loss: 2.3 * (1 - reached) } }
  })
}

/** The homework's 60 points; the best, 50, at 0.005, 0.05, 512; trials at the highest rate collapse, one fails. */
export const GRID_TRIALS: readonly DrawnTrial[] = [128, 256, 512].flatMap((hidden, h) =>
  RATES.flatMap((learningRate, r) =>
    [0.005, 0.01, 0.05, 0.1].map((l2, l): DrawnTrial => {
      const trial = h * 20 + r * 4 + l
      const params = { learningRate, l2, hidden }
      if (r === 0) return { trial, params, state: 'collapsed', reason: 'dead', history: history(0.8, true) }
      if (trial === 37) return { trial, params, state: 'failed', reason: 'x', history: history(0.9, false, 4) }
      const best = hidden === 512 && learningRate === 0.005 && l2 === 0.05
      const accuracy = best ? 0.9779 : 0.9 + trial / 1000
      const curve = history(accuracy, false)
      return {
        trial,
        params,
        state: 'completed',
        bestStep: 1600,
        valid: { loss: 1 - accuracy, accuracy },
        history: curve,
      }
    }),
  ),
)

/** A random search with words, truth values and a conditional parameter, half of whose weaker trials were pruned. */
export function randomTrials(count: number): DrawnTrial[] {
  const random = randomStream(1, 'trials')
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]
  return Array.from({ length: count }, (_, trial): DrawnTrial => {
    const learningRate = 1e-4 * 10 ** (4 * random.next())
    const depth = pick([1, 2])
    const params = {
      learningRate,
      l2: pick([0, 1e-6, 1e-5]) * random.next(),
      hidden: 16 + Math.floor(random.next() * 500),
      depth,
      ...(depth === 2 && { hidden2: 8 + Math.floor(random.next() * 100) }),
      activation: trial === 0 ? 'relu' : pick(['relu', 'tanh', 'gelu']),
      batchSize: pick([32, 64, 128]),
      l2Biases: pick([true, false]),
      init: pick(['he', 'glorot', 'weights 0.01 biases 0']),
    }
    const accuracy = 0.97 - 0.03 * random.next()
    const state =
      trial === 0
        ? 'completed'
        : learningRate > 0.5
          ? 'collapsed'
          : accuracy < 0.95
            ? pick(['pruned', 'completed'])
            : 'completed'
    const curve = history(accuracy, state === 'collapsed', state === 'pruned' ? 7 : STEPS)
    const best = curve.reduce((a, b) => (b.valid!.accuracy > a.valid!.accuracy ? b : a))
    return {
      trial,
      params,
      state: state as DrawnTrial['state'],
      bestStep: best.step,
      valid: best.valid,
      history: curve,
    }
  })
}
