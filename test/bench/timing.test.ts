import { describe, expect, it } from 'vitest'
import { Stopwatch } from '../../src/bench/timing.js'

/** Keeps the processor busy for so many milliseconds. */
function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe('the stopwatch', () => {
  it('gives microseconds of one call, never less than it took', async () => {
    const stopwatch = new Stopwatch({ call: () => busy(0.5) })
    await stopwatch.warmUp(0)
    expect(await stopwatch.sample()).toBeGreaterThanOrEqual(500)
  })

  it('times short calls several at once', async () => {
    let calls = 0
    const stopwatch = new Stopwatch({
      call: () => {
        calls++
        busy(0.01)
      },
    })
    await stopwatch.warmUp(5)
    const before = calls
    const microseconds = await stopwatch.sample()
    expect(calls - before).toBeGreaterThan(1)
    expect(microseconds).toBeGreaterThanOrEqual(10)
  })

  it('takes the least number of samples even when they are slow, and the time work measured itself', async () => {
    let n = 0
    const stopwatch = new Stopwatch({ timed: async () => ++n })
    await stopwatch.warmUp(0)
    expect(await stopwatch.samples(0, 4)).toEqual([2, 3, 4, 5])
  })
})
