import { type NativeOptions, nativePeak } from '../../backend/native.js'

const PEAK_MS = 20

/**
 * Seconds that the dense multiply-adds of training steps take at the FMA peak: forward and update of every layer, backward of all
 * but the first, two operations each. Measures the peak of that instruction set on that number of threads.
 *
 * @param layers sizes of the network, inputs first
 * @param rows of all steps together
 */
export function denseLimit(
  layers: readonly number[],
  rows: number,
  { isa, threads }: NativeOptions,
): { seconds: number; gflops: number } {
  const flops = nativePeak({ isa, threads })(PEAK_MS)
  const perRow = layers.slice(1).reduce((sum, outputs, l) => sum + (l === 0 ? 4 : 6) * layers[l] * outputs, 0)
  return { seconds: (perRow * rows) / flops, gflops: flops / 1e9 }
}
