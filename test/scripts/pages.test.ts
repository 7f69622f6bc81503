import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { appendHistory } from '../../src/io/history.js'
import { saveModel } from '../../src/io/model-file.js'
import { writeTrainingCurve } from '../../src/io/training-curve.js'
import { MLP } from '../../src/model/mlp.js'
import { command } from '../cli/command.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

const folder = temporaryFolder()
const page = (name: string, ...args: string[]) => command(args, { program: ['--import', 'tsx', `scripts/${name}.ts`] })

await saveModel(join(folder, 'best.safetensors'), new MLP({ layers: [784, 8, 10] }))
const sets = (accuracy: number) => ({ loss: 1 - accuracy, accuracy })
const history = [0.3, 0.6, 0.5].map((accuracy, i) => ({
  ...{ step: 10 * i, epoch: i, train: sets(accuracy + 0.1) },
  ...{ valid: sets(accuracy), test: sets(accuracy) },
}))
await appendHistory(join(folder, 'history.jsonl'), history)
await writeTrainingCurve(join(folder, 'Training_Curve.txt'), history)

// scripts/train.ts stands in test/cli/train.test.ts, beside the command it gives the same bytes as
describe('the programs in scripts/', () => {
  it('predict.ts shows rows of the test set and what a model makes of them', async () => {
    const { code, stdout } = await page('predict', '--weights', join(folder, 'best.safetensors'), '--rows', '0,61')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^row 0: \d with probability 0\.\d{4} \((right|wrong, it is a 7)\)\n/)
    expect(stdout).toMatch(/^row 61: \d with probability 0\.\d{4} \((right|wrong, it is a 8)\)\n/m)
    expect(stdout).toContain('%@@@@@########*:')
  })

  it('plot.ts draws a run, and the curve of the homework', async () => {
    expect(await page('plot', folder)).toMatchObject({ code: 0 })
    const names = ['accuracy-curves', 'loss-curves', 'parameter-histograms'].flatMap((name) => [
      `${name}.png`,
      `${name}.svg`,
    ])
    expect(readdirSync(join(folder, 'figures')).sort()).toEqual(names)
    const curve = await page('plot', join(folder, 'Training_Curve.txt'), '--out', join(folder, 'curve'))
    expect(curve).toMatchObject({ code: 0, stdout: expect.stringContaining('accuracy-curves.svg') })
    expect(readdirSync(join(folder, 'curve')).sort()).toEqual(names.slice(0, 4))
  })
})
