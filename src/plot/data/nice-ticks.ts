import { formatValue } from '../page/text.js'

const MAX_LOG_TICKS = 10

/** 1, 2 and 5 of each decade where that is few enough, else the powers of ten, thinned out. */
export function logTicks([low, high]: readonly [number, number], most = MAX_LOG_TICKS): number[] {
  const inside = (steps: readonly number[], every: number) => {
    const ticks: number[] = []
    for (let power = -324; power <= 308; power += 1) {
      if (power % every !== 0) continue
      ticks.push(...steps.map((step) => Number(`${step}e${power}`)).filter((tick) => tick >= low && tick <= high))
    }
    return ticks
  }
  const fine = inside([1, 2, 5], 1)
  if (fine.length <= most) return fine
  let every = 1
  while (inside([1], every).length > most) every++
  return inside([1], every)
}

/** Multiples of 1, 2 or 5 times a power of ten between two numbers, about `most` of them at most. */
export function linearTicks(low: number, high: number, most: number): number[] {
  if (!(high > low)) return [low]
  const rough = (high - low) / Math.max(1, most)
  const power = Math.floor(Math.log10(rough))
  // by way of text: powers of ten below one are not exact, and 3 * 0.1 is not 0.3
  const step = [1, 2, 5, 10].find((factor) => factor * Number(`1e${power}`) >= rough * (1 - 1e-9)) ?? 10
  const unit = Number(`1e${power}`)
  const ticks: number[] = []
  for (let i = Math.ceil(low / (step * unit) - 1e-9); i * step * unit <= high + 1e-9 * unit; i++) {
    ticks.push(power >= 0 ? i * step * unit : Number(`${i * step}e${power}`))
  }
  return ticks
}

/** A whole number, or one of at most three digits, as it was written; else with three digits, and always short. */
export function formatShort(value: number): string {
  const isWritten = Number.isInteger(value) ? Math.abs(value) < 1e9 : Number(value.toPrecision(3)) === value
  return isWritten ? String(value).replaceAll('-', '−') : formatValue(value)
}
