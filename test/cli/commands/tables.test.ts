import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { saveModel } from '../../../src/io/model-file.js'
import { MLP } from '../../../src/model/mlp.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { command, writeStripes } from '../command.js'

const folder = temporaryFolder()
const at = (name: string) => join(folder, name)

function file(name: string, contents: string): string {
  writeFileSync(at(name), contents)
  return at(name)
}

const ROWS = Array.from({ length: 120 }, (_, i) => {
  const size = 40 + ((i * 37) % 90) + i / 100
  return {
    zip: `0${1000 + (i % 3)}`,
    size,
    kind: size > 80 ? 'house' : 'flat',
    price: Math.round(1000 * size) + 5000 * (i % 3),
  }
})
const lines = (rows: readonly object[]) =>
  [Object.keys(rows[0]).join(';'), ...rows.map((row) => Object.values(row).join(';'))].join('\n')
const houses = file('houses.csv', lines(ROWS))
const kinds = file('all-kinds.csv', lines(ROWS.map(({ price: _, ...row }) => row)))
const unlabelled = file('new.csv', lines(ROWS.slice(0, 30).map(({ size, zip }) => ({ size, zip, other: 1 }))))

async function run(...args: string[]) {
  const outcome = await command(args)
  if (outcome.code !== 0) throw new Error(outcome.stderr)
  return outcome
}

describe('a CSV on the command line', () => {
  it('trains, measures and predicts a target of classes', async () => {
    const out = at('kinds')
    const options = ['--target', 'kind', '--text', 'zip', '--test-fraction', '0.2', '--no-figures', '--out', out]
    const trained = await run('train', kinds, ...options)
    expect(trained.stderr).toContain(`data: ${kinds}: 77 train, 19 validation, 24 test rows`)
    expect(trained.stderr).toContain("separated by ';', column names in line 1")
    expect(trained.stderr).toContain('task: 2 classes of "kind", by the values of the target')
    const { config, data } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))
    expect(config).toMatchObject({ loss: 'softmaxCrossEntropy', stratified: true, optimizer: 'adamW' })
    expect(data.recipe.csv).toEqual({ path: kinds, target: 'kind', text: ['zip'], testFraction: 0.2 })

    const evaluated = JSON.parse((await run('evaluate', out, '--json')).stdout)
    expect(evaluated.count).toBe(24)
    const measured = await run('evaluate', join(out, 'best.safetensors'), kinds)
    expect(measured.stdout).toMatch(/of 120 correct/)
    expect(measured.stdout).toMatch(/^house +\d/m)

    await run('plot', out)
    expect(existsSync(join(out, 'figures', 'confusion-matrix.svg'))).toBe(true)

    const { stdout, stderr } = await run('predict', out, unlabelled, '--out', at('kinds.csv'))
    expect([stdout.trim(), stderr.includes(`rows: ${unlabelled}: 30`)]).toEqual([at('kinds.csv'), true])
    const [header, ...rows] = readFileSync(at('kinds.csv'), 'utf8').trim().split('\n')
    expect(header).toBe('row,kind,p_flat,p_house')
    const right = rows.filter((row, i) => row.split(',')[1] === ROWS[i].kind)
    expect([rows.length, right.length > 25]).toEqual([30, true])
    const top = await run('predict', out, unlabelled, '--csv', '--top', '1')
    expect(top.stdout.split('\n')[0]).toBe('row,kind,top1,p1')
    expect((await run('predict', out, unlabelled)).stdout).toMatch(/^line 2 +(flat|house) +[\d.]+ %\n/m)
    expect(JSON.parse((await run('predict', out, unlabelled, '--json')).stdout).rows[0]).toMatchObject({
      class: ROWS[0].kind,
    })
  })

  it.each(['kind', 'price'])(
    'measures %s on the rows that a spec draws as test rows, as those of the run',
    async (target) => {
      const csv = { path: houses, target, text: ['zip'], testFraction: 0.2, testSeed: 7 }
      const spec = JSON.stringify({ csv })
      const out = at(`drawn-${target}`)
      await run('train', '--data', spec, '--epochs', '3', '--no-figures', '--out', out)
      for (const on of ['test', 'train']) {
        const [own, again] = [[], ['--data', spec]].map((data) => run('evaluate', out, ...data, '--on', on, '--json'))
        const { recipe: _, ...measured } = JSON.parse((await own).stdout)
        expect(JSON.parse((await again).stdout)).toEqual({ ...measured, recipe: { csv } })
        expect(measured.count).toBe(on === 'test' ? 24 : 96)
      }
    },
  )

  it('measures the model of a run on another file, read as the data of the run', async () => {
    const out = at('kinds')
    const few = file('few.csv', lines(ROWS.slice(0, 15)))
    const measured = JSON.parse((await run('evaluate', out, '--test', few, '--json')).stdout)
    expect(measured).toMatchObject({ count: 15, data: few, recipe: { csv: { path: few, text: ['zip'] } } })
    const piped = file('piped.csv', readFileSync(few, 'utf8').replaceAll(';', '|'))
    const { stdout } = await run('evaluate', out, '--test', piped, '--separator', '|', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ count: 15, accuracy: measured.accuracy })
  })

  it('refuses flags of tables that nothing would read', async () => {
    const images = at('images.safetensors')
    await saveModel(images, new MLP({ layers: [100, 10] }))
    const stripes = writeStripes(at('stripes'), 10, 10)
    for (const [args, message] of [
      [['evaluate', at('kinds'), '--separator', '|'], '--separator: needs --data: the data of the run are read as'],
      [['predict', at('kinds'), '--rows', '0', '--text', 'zip'], '--text: needs --data: the data of the run are'],
      [['evaluate', at('kinds'), '--on', 'train', '--test', houses], '--test: not allowed together with --on train'],
      [['evaluate', images, stripes, '--missing', 'x'], '--missing: only for tables (.csv, .tsv, .jsonl, .parquet)'],
      [['evaluate', images, stripes, '--test', houses], '--test: only for tables (.csv, .tsv, .jsonl, .parquet)'],
      [['predict', images, '--rows', '0', '--data', stripes, '--decimal', ','], '--decimal: only for tables'],
    ] as const) {
      const { code, stderr } = await command(args)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`[INVALID_ARGUMENT]: ${message}`) })
    }
  })

  it('trains on numbers, and says errors and values in their units', async () => {
    const out = at('prices')
    const trained = await run('train', '--data', houses, '--target', 'price', '--test-fraction', '0.2', '--out', out)
    expect(trained.stderr).toContain('task: regression of "price", by the values of the target')
    const error = Number(/errors +RMSE ([\d.]+) and MAE [\d.]+ of "price" on the test rows/.exec(trained.stdout)?.[1])
    expect(error).toBeLessThan(10_000)
    expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')).config).toMatchObject({ loss: 'meanSquaredError' })
    expect(trained.stdout).toContain('predicted-actual')
    const predicted = await run('predict', out, file('kind.csv', lines(ROWS.slice(0, 3))), '--csv')
    const [header, first] = predicted.stdout.trim().split('\n')
    expect(header).toBe('row,price')
    expect(Math.abs(Number(first.split(',')[1]) - ROWS[0].price)).toBeLessThan(20_000)
    expect((await run('evaluate', out, houses)).stdout).toMatch(
      /RMSE [\d.]+ and MAE [\d.]+ of "price" on the test rows/,
    )
  })

  it('searches with folds, trains the best again, and resumes', async () => {
    const options = ['--target', 'price', '--trials', '3', '--folds', '3', '--epochs', '3', '--refit', '--no-figures']
    const out = at('search')
    const { stdout, stderr } = await run('search', houses, ...options, '--out', out)
    expect(stderr).toContain(`data: ${houses}: 120 train, 3 folds`)
    expect(stderr).toContain('task: regression of "price", by the values of the target')
    expect(stdout).toMatch(/selected by valid loss/)
    expect(readFileSync(join(out, 'results.csv'), 'utf8')).toMatch(/^trial,.*hidden.*activation.*learning/m)
    const predicted = await run('predict', join(out, 'refit.safetensors'), houses, '--csv')
    expect(predicted.stdout.split('\n')[0]).toBe('row,price')
    expect((await run('search', '--resume', out, '--no-figures')).stdout).toContain('3 of 3: 3 completed')
  })

  it('resumes a run on a table', async () => {
    const options = ['--target', 'kind', '--no-figures', '--epochs', '3']
    await run('train', houses, ...options, '--out', at('whole'))
    const again = await run('train', '--resume', at('whole'))
    expect(again.stdout).toContain('this run is complete')
  })

  it.each([
    [['train', houses], /error \[INVALID_ARGUMENT\]: --target: expected the column to predict, one of "zip", "size"/],
    [
      ['train', houses, '--target', 'cost'],
      /--target: expected one of the columns "zip", "size", "kind", "price", got "cost"/,
    ],
    [['train', houses, '--data', houses, '--target', 'kind'], /--data: expected none beside/],
    [['train', '--target', 'kind'], /--target: only for tables/],
    [['train', houses, '--target', 'kind', '--types', 'zip'], /--types: expected column=type/],
    [['predict', at('none.safetensors'), houses], /error \[FILE_SYSTEM\]/],
    [['predict', '--out', 'x.csv', '--rows', '1', '--weights', 'x'], /--out: only for a table of rows/],
    [['evaluate'], /--weights: expected a model/],
  ])('explains %j', async (args, message) => {
    const { code, stderr } = await command(args)
    expect(code).toBeGreaterThan(0)
    expect(stderr).toMatch(message)
  })

  it('writes nothing when a row of the new file does not fit', async () => {
    const out = at('kinds')
    const rows = ROWS.map(({ size, zip }) => ({ zip, size }))
    const cases = [
      [
        lines(rows.map((row, i) => (i === 77 ? { ...row, size: 'large' } : row))),
        /line 79, column 'size': expected a number as in 119 other rows, got "large"/,
      ],
      [
        lines(rows.map(({ zip }) => ({ zip }))),
        /expected a column "size", which the model was trained on; its columns are "zip"/,
      ],
      [lines(rows).replace('size', 'zip'), /line 1: columns 1 and 2 are both named 'zip'/],
      [`${lines(rows)}\n1;2;3\n`, /line 122: 3 cells, expected 2/],
      ['', /the file is empty/],
    ] as const
    for (const [contents, message] of cases) {
      const { code, stderr } = await command(['predict', out, file('bad.csv', contents), '--out', at('bad.out')])
      expect([code, existsSync(at('bad.out'))]).toEqual([expect.any(Number), false])
      expect(code).toBeGreaterThan(0)
      expect(stderr).toMatch(message)
    }
    // in another order, and with others between them
    const other = file('order.csv', lines(rows.map(({ zip, size }) => ({ more: 1, size, zip }))))
    const [a, b] = await Promise.all([
      run('predict', out, other, '--csv'),
      run('predict', out, file('same.csv', lines(rows)), '--csv'),
    ])
    expect(a.stdout).toBe(b.stdout)
  })

  it.skipIf(process.platform === 'win32')('names a pipe instead of waiting for it', async () => {
    execFileSync('mkfifo', [at('pipe.csv')])
    const { code, stderr } = await command(['train', at('pipe.csv'), '--target', 'kind'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('it is a named pipe')])
  })
})
