/** 0, 1, ..., n - 1. */
export function range(n: number): Int32Array {
  const values = new Int32Array(n)
  for (let i = 0; i < n; i++) values[i] = i
  return values
}
