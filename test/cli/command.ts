import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ROOT } from '../repo/source-graph.js'

export const MAIN = join(ROOT, 'dist/cli/main.js')

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** the program to run, default the command line of this checkout */
  readonly program?: readonly string[]
  /** called with all of stderr each time it grows */
  readonly onStderr?: (text: string, child: ChildProcess) => void
}

/** Runs `native-mlp` as a process of its own, without the variables that this one was started with. */
export function command(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const { env, cwd = ROOT, program = [MAIN], onStderr } = surroundings
  const { NATIVE_MLP_BACKEND, NATIVE_MLP_ISA, NATIVE_MLP_THREADS, NATIVE_MLP_DATA, ...rest } = process.env
  const child = spawn(process.execPath, [...program, ...args], { cwd, env: { ...rest, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
    onStderr?.(stderr, child)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

function idx(type: number, dims: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * dims.length))
  header.setUint8(2, type)
  header.setUint8(3, dims.length)
  dims.forEach((size, i) => {
    header.setUint32(4 + 4 * i, size)
  })
  return Buffer.concat([new Uint8Array(header.buffer), data])
}

/** A folder of MNIST's shape: image i is a bright row i mod 10 of 10 x 10 pixels and has label i mod 10. */
export function writeStripes(folder: string, train: number, test: number, label = (i: number) => i % 10): string {
  mkdirSync(folder, { recursive: true })
  for (const [name, n] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const images = Uint8Array.from({ length: n * 100 }, (_, i) => {
      const [image, row, col] = [Math.floor(i / 100), Math.floor(i / 10) % 10, i % 10]
      return row === image % 10 ? 200 + ((image * 7 + col * 13) % 50) : 0
    })
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), idx(8, [n, 10, 10], images))
    const labels = Uint8Array.from({ length: n }, (_, i) => label(i))
    writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), idx(8, [n], labels))
  }
  return folder
}
