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
