/** Common code of the JavaScript peers. */
import { readFileSync } from 'node:fs'

const SHORTEST_SAMPLE = 0.2
const LEAST_SAMPLES = 3
const PIXELS = 784
export const CLASSES = 10

/** Rows for these libraries, as float32 or plain arrays; every batch of a size costs the same. */
const ROWS = 4096

/** program.mjs <pixels> <labels> <milliseconds> ...others */
export function readArguments(argv) {
  const [pixelsFile, labelsFile, milliseconds, ...others] = argv
  const labels = readFileSync(labelsFile).subarray(0, ROWS)
  const bytes = readFileSync(pixelsFile).subarray(0, labels.length * PIXELS)
  return { pixels: Float32Array.from(bytes, (byte) => byte / 255), labels, milliseconds: Number(milliseconds), others }
}

/** { B, H } of 'step mnist B=256 H=128' */
export function stepSize(name) {
  const [, B, H] = /^step \w+ B=(\d+) H=(\d+)$/.exec(name)
  return { B: Number(B), H: Number(H) }
}

/** Microseconds of one call, a sample each, as src/bench/timing.ts takes them. */
export function sample(call, milliseconds) {
  let fastest = Number.POSITIVE_INFINITY
  const warmUp = performance.now()
  while (fastest === Number.POSITIVE_INFINITY || performance.now() - warmUp < milliseconds / 6) {
    const before = performance.now()
    call()
    fastest = Math.min(fastest, performance.now() - before)
  }
  const calls = Math.max(1, Math.ceil(SHORTEST_SAMPLE / fastest))
  const samples = []
  const start = performance.now()
  while (samples.length < LEAST_SAMPLES || performance.now() - start < milliseconds) {
    const before = performance.now()
    for (let i = 0; i < calls; i++) call()
    samples.push(((performance.now() - before) * 1000) / calls)
  }
  return samples
}

export function print(line) {
  console.log(JSON.stringify(line))
}
