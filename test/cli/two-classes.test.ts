import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeNpy } from '../../src/formats/npy.js'
import { saveModel } from '../../src/io/model-file.js'
import { MLP } from '../../src/model/mlp.js'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { command, writeStripes } from './command.js'

const folder = temporaryFolder()
/** The row of the image that is bright says which class it is, but for two images. */
const label = (i: number) => Number(i % 10 > 4 !== (i === 3 || i === 17))
const data = ['--data', writeStripes(join(folder, 'two'), 60, 20, label)]
const out = join(folder, 'run')

describe('a model of two classes with one output', () => {
  it('is trained, measured, drawn and asked by the command line', async () => {
    const flags = ['--loss', 'binaryCrossEntropy', '--hidden', '8', '--epochs', '5', '--batch-size', '16']
    const optimizer = ['--optimizer', 'adamW', '--learning-rate', '0.02', '--l2', '0', '--no-l2-biases']
    const trained = await command(['train', ...data, ...flags, ...optimizer, '--out', out])
    expect(trained).toMatchObject({ code: 0, stderr: expect.not.stringContaining('error') })
    const misclassified = readFileSync(join(out, 'figures/misclassified.svg'), 'utf8')
    for (const wrong of ['1 → 0', '0 → 1']) expect(misclassified).toContain(wrong)

    const evaluated = await command(['evaluate', '--weights', out, ...data, '--json'])
    const { layers, confusion, perClass, count, correct } = JSON.parse(evaluated.stdout)
    expect({ layers, count }).toEqual({ layers: [100, 8, 1], count: 20 })
    expect(confusion.map((row: number[]) => row.length)).toEqual([2, 2])
    expect([confusion[0][0] + confusion[1][1], correct]).toEqual([18, 18])
    expect(perClass.map(({ support }: { support: number }) => support)).toEqual([10, 10])

    const predicted = await command(['predict', '--weights', out, ...data, '--rows', '0-19', '--json'])
    const { rows } = JSON.parse(predicted.stdout)
    for (const { class: chosen, probability, probabilities } of rows) {
      expect(probabilities[0] + probabilities[1]).toBeCloseTo(1, 6)
      expect(probability).toBe(probabilities[chosen])
      expect(probability).toBeGreaterThanOrEqual(0.5)
    }
    // both classes are among them
    expect(new Set(rows.map((row: { class: number }) => row.class)).size).toBe(2)
    const csv = await command(['predict', '--weights', out, ...data, '--rows', '0', '--csv'])
    expect(csv.stdout).toMatch(/^row,class,p0,p1\n0,[01],/)

    const drawn = await command(['plot', out, ...data])
    expect(drawn).toMatchObject({ code: 0 })
    expect(readFileSync(join(out, 'figures/confusion-matrix.svg'), 'utf8')).toContain('of 20')
  })

  it('cannot be written in the format of the homework, which is said before it is trained', async () => {
    const flags = ['--loss', 'binaryCrossEntropy', '--hidden', '8', '--scale', 'raw', '--homework-weights']
    const { code, stderr } = await command(['train', ...data, ...flags, '--out', join(folder, 'homework')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/--homework-weights: the folder of \.npy files needs .*--loss softmaxCrossEntropy/)
    expect(existsSync(join(folder, 'homework'))).toBe(false)
  })

  it('is not made for data of more classes', async () => {
    const ten = writeStripes(join(folder, 'ten'), 30, 20)
    const args = ['train', '--data', ten, '--loss', 'binaryCrossEntropy', '--hidden', '8']
    const { code, stderr } = await command([...args, '--out', join(folder, 'none')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/'binaryCrossEntropy' needs labels of at most two classes.*labels of 10 classes/)
  })
})

it('says of a model with several answers that it chooses no class', async () => {
  const weights = join(folder, 'several.safetensors')
  await saveModel(weights, new MLP({ layers: [4, 3], loss: 'binaryCrossEntropy' }))
  const rows = join(folder, 'rows.npy')
  writeFileSync(rows, encodeNpy({ shape: [2, 4], data: new Float32Array(8) }))
  const { code, stderr } = await command(['predict', '--weights', weights, '--npy', rows])
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /several\.safetensors: expected a model that chooses a class, got loss 'binaryCrossEntropy' with 3/,
  )
})
