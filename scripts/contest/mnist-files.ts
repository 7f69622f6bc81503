import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mnist } from 'native-mlp'

export interface MnistFiles {
  /** MNIST's training rows, 784 bytes each */
  readonly pixels: string
  /** their labels, a byte each */
  readonly labels: string
}

/** Writes MNIST as plain files for programs in any language, for the duration of `use`. */
export async function withMnistFiles<T>(use: (files: MnistFiles) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'native-mlp-'))
  try {
    const { train } = await mnist()
    const files = { pixels: join(folder, 'pixels'), labels: join(folder, 'labels') }
    writeFileSync(files.pixels, train.values)
    writeFileSync(files.labels, Uint8Array.from(train.labels!))
    return await use(files)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
