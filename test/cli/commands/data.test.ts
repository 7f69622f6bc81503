import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { idx, writeFiles } from '../../data/idx-file.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { command } from '../command.js'

const root = temporaryFolder()
const at = (...names: string[]) => join(root, ...names)

/** Rows of four floats in three classes, told apart by their first value. */
function rows(n: number) {
  const labels = Array.from({ length: n }, (_, i) => i % 3)
  const values = labels.flatMap((label, i) => [label - 1 + ((i * 7) % 10) / 50, (i % 5) / 5, -1.5, 0.25])
  return { images: idx('float32', [n, 4], values), labels: idx('int32', [n], labels) }
}
const files = (name: string, n: number) => {
  const { images, labels } = rows(n)
  return { [`${name}-images-idx2-float`]: images, [`${name}-labels-idx1-int`]: labels }
}
const folder = writeFiles(at('floats'), { ...files('train', 90), ...files('test', 30) })
const untested = writeFiles(at('untested'), files('train', 90))
const small = [
  '--preset',
  'quick',
  '--limit-train',
  'all',
  '--hidden',
  '8',
  '--learning-rate',
  '0.1',
  '--batch-size',
  '10',
]
const train = (...args: string[]) =>
  command(['train', ...small, '--epochs', '20', '--evaluate-every', 'epoch', ...args])
const read = (...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8'))

describe('any IDX files', () => {
  it('are used whole by a preset for more rows, unless a limit is given', async () => {
    const args = ['--preset', 'quick', '--hidden', '8', '--batch-size', '10', '--data', folder, '--no-figures']
    const done = await command(['train', ...args, '--epochs', '1', '--out', at('whole')])
    expect(done).toMatchObject({ code: 0 })
    expect(read('whole', 'run.json')).toMatchObject({
      config: { limitTrain: null },
      data: { rows: { train: 72, valid: 18, test: 30 } },
    })
    const given = await command(['train', ...args, '--limit-train', '500', '--out', at('given')])
    expect(given).toMatchObject({ code: 2 })
    expect(given.stderr).toContain('--limit-train: expected an integer from 1 to 90, got 500')
    const searched = await command([
      'search',
      ...args,
      '--epochs',
      '1',
      '--learning-rate',
      '0.1',
      '--out',
      at('search'),
    ])
    expect(searched).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('72 train, 18 validation, 30 test rows'),
    })
  })

  it('train a network of their sizes, which is evaluated on them without being told where they are', async () => {
    expect(await train('--data', folder, '--out', at('run'))).toMatchObject({ code: 0 })
    const { data, model } = read('run', 'run.json')
    expect(model.layers).toEqual([4, 8, 3])
    expect(data).toMatchObject({
      recipe: { idx: { folder }, digest: expect.stringMatching(/^\w{64}$/) },
      rows: { train: 72, valid: 18, test: 30 },
      schema: { inputs: 4, values: 'floats', imageShape: null, classes: 3 },
    })
    const drawn = readdirSync(at('run', 'figures')).join()
    expect(drawn).toContain('confusion-matrix.svg')
    expect(drawn).not.toMatch(/misclassified|first-layer/)
    const evaluated = await command(['evaluate', '--json', '--weights', at('run')])
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ recipe: data.recipe, correct: 30, count: 30 })
    const predicted = await command(['predict', '--weights', at('run'), '--rows', '4-6', '--csv'])
    expect(
      predicted.stdout
        .split('\n')
        .slice(1, 4)
        .map((line) => line.slice(0, 4)),
    ).toEqual(['4,1,', '5,2,', '6,0,'])
    const file = join(folder, 'test-images-idx2-float')
    const bytes = writeFiles(root, { bytes: idx('uint8', [1, 4], [1, 2, 3, 4]) })
    expect(await command(['predict', '--weights', at('run'), '--images', join(bytes, 'bytes')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('inputs: expected floats, which the model was trained on, got bytes'),
    })
    const ofFile = await command(['predict', '--weights', at('run'), '--images', file, '--json'])
    expect(JSON.parse(ofFile.stdout).rows).toHaveLength(30)
  })

  it('may lack test rows', async () => {
    const spec = JSON.stringify({ idx: { folder: untested } })
    expect(await train('--data', spec, '--evaluate-on', 'valid,test', '--out', at('untested-run'))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('72 train, 18 validation, no test rows'),
    })
    const { data, results } = read('untested-run', 'run.json')
    expect([data.rows.test, results.test, results.best.test]).toEqual([null, null, undefined])
    const evaluated = await command(['evaluate', '--weights', at('untested-run')])
    expect(evaluated).toMatchObject({ code: 2, stderr: expect.stringContaining('has no test rows') })
    const curve = await train('--data', untested, '--training-curve', '--evaluate-on', 'train,valid,test')
    expect(curve).toMatchObject({ code: 2, stderr: expect.stringContaining('--training-curve: needs test rows') })
  })

  it('are searched, and the command printed trains the best trial again', async () => {
    const args = [
      'search',
      ...small,
      '--limit-test',
      'all',
      '--epochs',
      '2',
      '--data',
      folder,
      '--no-figures',
      '--json',
    ]
    const config = writeFiles(root, { 'grid.json': '{"grid":{"l2":[0,0.001]}}' })
    const { stdout } = await command([...args, '--config', join(config, 'grid.json'), '--out', at('study')])
    const { best, reproduce, recipe } = JSON.parse(stdout)
    expect(reproduce).toContain(`--data ${folder}`)
    expect(read('study', 'study.json').data.recipe).toEqual(recipe)
    const again = reproduce.replace(/^npx native-mlp /, '').split(' ')
    expect(await command([...again, '--no-figures', '--out', at('again')])).toMatchObject({ code: 0 })
    expect(read('again', 'run.json').data.recipe).toEqual(recipe)
    expect(readFileSync(at('again', 'best.safetensors')).equals(readFileSync(at('study', 'best.safetensors')))).toBe(
      true,
    )
    expect(best.digest).toMatch(/^\w+$/)
    expect(await command(['evaluate', '--weights', at('study')])).toMatchObject({ code: 0 })
  })

  it('are refused where they are no longer those of a run', async () => {
    const changed = writeFiles(at('changed'), { ...files('train', 90), ...files('test', 30) })
    await train('--data', changed, '--out', at('changed-run'), '--no-figures')
    writeFiles(changed, files('test', 27))
    const digest = read('changed-run', 'run.json').data.recipe.digest
    expect(await command(['evaluate', '--weights', at('changed-run')])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        `data digest does not match: expected ${digest}, got \\w{64} from folder ${changed}`,
      ),
    })
    expect(await command(['evaluate', '--weights', at('changed-run'), '--data', changed])).toMatchObject({ code: 0 })
  })
})

it.each<[string, string[], string]>([
  ['data that are not there', ['--data', at('nowhere')], `--data: ${at('nowhere')}: not found`],
  ['a misspelt source', ['--data', '{"idk":{}}'], "--data: unknown source 'idk'; did you mean 'idx'?"],
  ['a scale in the spec', ['--data', '{"mnist":{},"scale":"raw"}'], '--data: scale: expected none, --scale sets it'],
  ['a folder without data', ['--data', root], `folder ${root}: missing train-images-idx3-ubyte`],
])('refuses %s', async (_, args, message) => {
  const { code, stderr } = await train(...args)
  expect({ code: code! > 0, stderr }).toEqual({ code: true, stderr: expect.stringContaining(message) })
})
