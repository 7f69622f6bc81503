import { describe, expect, it } from 'vitest'
import { parameterAxis, SLOT } from '../../../src/plot/data/parameter-axis.js'
import type { DrawnTrial } from '../../../src/plot/index.js'
import { loadDrawing } from '../../../src/plot/page/libraries.js'

const HEIGHT = 300
const { d3 } = await loadDrawing()

/** The axis of a parameter that takes these values, and where and how it shows one. */
function axisOf(values: readonly unknown[]) {
  const trials = values.map(trialWith)
  const axis = parameterAxis(trials, 'p', HEIGHT, d3)
  return { ...axis, at: (value: unknown) => axis.heightOf(trialWith(value)), trials }
}

function trialWith(value: unknown): DrawnTrial {
  return { trial: 0, params: value === undefined ? {} : { p: value as number }, state: 'failed' }
}

describe('parameterAxis', () => {
  it('is logarithmic for positive numbers over more than a decade', () => {
    expect(axisOf([1, 10]).at(5)).toBeCloseTo((HEIGHT * 4) / 9, 9)
    expect(axisOf([0.001, 0.1, 0.01]).at(0.01)).toBeCloseTo(HEIGHT / 2, 9)
    expect(axisOf([-1, 100]).at(49.5)).toBeCloseTo(HEIGHT / 2, 9)
    expect(axisOf([128, 256, 512]).at(256)).toBeCloseTo(HEIGHT / 3, 9)
    expect(axisOf([7, 7]).at(7)).toBe(HEIGHT / 2)
  })

  it('puts a zero of a logarithmic axis and what is missing into slots below', () => {
    const both = axisOf([0, 1e-4, 1e-2, undefined])
    expect(both.slots).toEqual(['0', 'n/a'])
    expect([both.at(0), both.at(undefined)]).toEqual([-SLOT, -2 * SLOT])
    expect(both.textOf(trialWith(undefined))).toBe('n/a')
    expect(axisOf([0, 1, 5]).slots).toEqual([])
  })

  it('spaces words evenly, the first at the top', () => {
    const words = axisOf(['a', 'b', 'c'])
    expect(['a', 'b', 'c'].map(words.at)).toEqual([HEIGHT, HEIGHT / 2, 0])
    expect(axisOf([true, false]).ticks.map(({ label }) => label)).toEqual(['true', 'false'])
    expect(axisOf([64, '64-32']).ticks.map(({ at }) => at)).toEqual([HEIGHT, 0])
  })

  it('shows numbers that d3 cannot divide like words', () => {
    const tiny = Array.from({ length: 40 }, (_, i) => 5e-324 * (i + 1))
    const { at, ticks } = axisOf([...tiny, 1.7e308, -1.7e308])
    expect(ticks).toHaveLength(42)
    expect(new Set([...tiny, 1.7e308, -1.7e308].map(at)).size).toBe(42)
  })

  it('has a tick for each of few values, else those of d3, on the axis and not too many of them labelled', () => {
    expect(axisOf([0.3, 0.1, 0.2]).ticks.map(({ label }) => label)).toEqual(['0.3', '0.2', '0.1'])
    const many = (low: number, high: number) =>
      axisOf(Array.from({ length: 40 }, (_, i) => low * (high / low) ** (i / 39)))
    for (const [low, high] of [
      [0.003, 1],
      [1e-6, 0.01],
      [16, 256],
      [1e-30, 1e30],
      [3, 4],
      [1e-299, 2e-299],
      [1e299, 1.1e299],
    ]) {
      const { ticks } = many(low, high)
      const labelled = ticks.filter(({ label }) => label !== '')
      expect(labelled.length, `${low} to ${high}`).toBeGreaterThan(1)
      expect(labelled.length, `${low} to ${high}`).toBeLessThan(13)
      for (const { at } of ticks) expect(at >= -1e-6 && at <= HEIGHT + 1e-6, `${low} to ${high}: ${at}`).toBe(true)
    }
  })
})
