import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { ROOT } from '../../repo/source-graph.js'

const main = join(ROOT, 'dist/cli/main.js')
const folder = temporaryFolder()

async function search(...args: string[]) {
  const run = promisify(execFile)(process.execPath, [main, 'search', ...args])
  return await run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code: code as number, stdout: stdout as string, stderr: stderr as string }),
  )
}

/** A learning rate that learns and one that overflows. */
const config = join(folder, 'grid.json')
writeFileSync(
  config,
  JSON.stringify({
    preset: 'quick',
    grid: { learningRate: [0.1, 1e30], l2: [0, 0.001], hidden: [8] },
    limitTrain: 1000,
    limitTest: 200,
    epochs: 1,
  }),
)

describe('native-mlp search', () => {
  it('writes the same results.csv with 1 and with 2 workers, stacked and not, heat maps and the best model', async () => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, name))
    const { code, stdout, stderr } = await search('--config', config, '--out', one, '--workers', '1')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^trials +4 of 4: 2 completed, 0 collapsed, 2 failed\nbest +trial \d: learningRate 0\.1/)
    expect(stderr).toMatch(/trial 2: learningRate 1e\+30, l2 0, hidden 8: NOT_FINITE: /)
    await search('--config', config, '--out', two, '--workers', '2', '--stack', '1', '--no-figures')
    for (const name of ['results.csv', 'best.safetensors']) {
      expect(readFileSync(join(one, name)).equals(readFileSync(join(two, name))), name).toBe(true)
    }
    expect(readFileSync(join(one, 'results.csv'), 'utf8').split('\n')).toHaveLength(6)
    const figures = ['parallel-coordinates', 'test-accuracy', 'valid-accuracy']
    expect(readdirSync(join(one, 'figures')).sort()).toEqual(figures.flatMap((name) => [`${name}.png`, `${name}.svg`]))
    expect(existsSync(join(two, 'figures'))).toBe(false)
  })

  it('prints one JSON document, and warns who selects by the test set', async () => {
    const out = join(folder, 'json')
    const flags = ['--json', '--select-by', 'test', '--no-figures', '--l2', '0']
    const { code, stdout, stderr } = await search('--config', config, '--out', out, ...flags)
    expect(code).toBe(0)
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({ folder: out, status: 'completed', selectBy: 'test', size: 2 })
    expect(document.counts).toEqual({ completed: 1, collapsed: 0, failed: 1, pruned: 0 })
    expect(document.reproduce).toMatch(/^npx native-mlp train --preset homework .*--learning-rate 0\.1 /)
    expect(document.best.params).toEqual({ learningRate: 0.1, l2: 0, hidden: 8 })
    expect(document.trials[1].reason).toMatch(/^NOT_FINITE/)
    expect(stderr).toMatch(/warning: selected by the TEST set: .*optimistic/)
  })

  it('ends with 1 when no trial completed', async () => {
    const out = join(folder, 'none')
    const { code, stdout } = await search('--config', config, '--out', out, '--learning-rate', '1e30')
    expect(code).toBe(1)
    expect(stdout).toMatch(/best +none: no trial completed/)
    expect(existsSync(join(out, 'best.safetensors'))).toBe(false)
  })

  it('ends with 2 for what it does not understand, before it makes a folder', async () => {
    const out = join(folder, 'never')
    for (const [wrong, message] of [
      [['--stack', 'all'], /--stack: expected an integer from 1 to 64, got "all"/],
      [['--workers', 'all'], /--workers: expected an integer from 1 to 256, got "all"/],
      [['--select-by', 'tset'], /--select-by: expected one of 'valid', 'test'/],
      [['--batch-size', '5000'], /trial 0 \(learningRate 0\.1, l2 0, hidden 8\): batchSize: expected at most 800/],
    ] as const) {
      const { code, stderr } = await search('--config', config, '--out', out, ...wrong)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) })
    }
    expect(existsSync(out)).toBe(false)
  })

  it('saves what is running when Ctrl-C stops it, and goes on with --resume to the same results', async () => {
    const [out, whole] = ['stopped', 'whole'].map((name) => join(folder, name))
    const args = ['--preset', 'quick', '--epochs', '250', '--hidden', '8', '--workers', '1', '--limit-train', '500']
    const oneByOne = ['--stack', '1', '--no-figures', '--out', out]
    const child = spawn(process.execPath, [main, 'search', ...args, ...oneByOne])
    onTestFinished(() => void child.kill('SIGKILL'))
    let stderr = ''
    let isHeard = false
    child.stderr.on('data', (text) => {
      stderr += text
      if (isHeard || !/trial \d: /.test(stderr)) return
      isHeard = true
      child.kill('SIGINT')
    })
    let stdout = ''
    child.stdout.on('data', (text) => {
      stdout += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).toMatchObject({ code: 130 })
    expect(stdout).toMatch(
      /^stopped +early; finished trials and checkpoints of the others are kept\ntrials +[123] of 4: /,
    )
    expect(stderr).toContain(`to resume: npx native-mlp search --resume ${out}\n`)
    const rows = readFileSync(join(out, 'results.csv'), 'utf8').split('\n').length - 2
    expect(rows).toBeGreaterThan(0)
    expect(readFileSync(join(out, 'trials.jsonl'), 'utf8').split('\n').length - 1).toBe(rows)
    expect(JSON.parse(readFileSync(join(out, 'study.json'), 'utf8'))).toMatchObject({ status: 'interrupted' })
    const refused = await search('--resume', out, '--epochs', '3')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('; remove --epochs') })
    const resumed = await search('--resume', out, '--no-figures')
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^trials +4 of 4: /) })
    await search(...args, '--no-figures', '--out', whole)
    for (const name of ['results.csv', 'best.safetensors']) {
      expect(readFileSync(join(out, name)).equals(readFileSync(join(whole, name))), name).toBe(true)
    }
    const again = await search('--resume', out, '--no-figures')
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^trials +4 of 4: /) })
  })

  it('draws from a space, halves, proposes points, and divides into folds', async () => {
    const space = join(folder, 'space.json')
    const rest = { preset: 'quick', limitTrain: 500, limitTest: 100, epochs: 4 }
    writeFileSync(space, JSON.stringify({ ...rest, space: { learningRate: { logUniform: [0.01, 0.5] }, hidden: [8] } }))
    const halved = join(folder, 'halved')
    const flags = ['--strategy', 'halving', '--trials', '4', '--factor', '2', '--no-figures', '--out', halved]
    const first = await search('--config', space, ...flags)
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^trials +4 of 4: 1 completed.* 3 pruned\n/) })
    const folds = join(folder, 'folds')
    const cross = ['--folds', '3', '--trials', '2', '--objective', 'valid.loss', '--no-figures', '--out', folds]
    const second = await search('--config', space, ...cross)
    expect(second).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('mean of 3 folds, selected by valid loss'),
    })
    expect(second.stdout).toMatch(/reproduce npx native-mlp train .*--fold 0\/3/)
    expect(readFileSync(join(folds, 'results.csv'), 'utf8')).toMatch(/mean_valid_loss/)
    expect(second.stderr).toContain('with --folds there is no best.safetensors; --refit trains')
    expect(second.stdout).toContain(`model     none; to train one: npx native-mlp search --resume ${folds} --refit\n`)
    const refit = await search('--resume', folds, '--no-figures', '--refit', '--json')
    expect(refit.stderr).not.toContain('no best.safetensors')
    expect(JSON.parse(refit.stdout).files).toMatchObject({ model: null, refit: join(folds, 'refit.safetensors') })
    const proposed = join(folder, 'proposed')
    const tpe = [
      '--strategy',
      'tpe',
      '--trials',
      '4',
      '--ahead',
      '1',
      '--startup',
      '2',
      '--no-figures',
      '--out',
      proposed,
    ]
    expect(await search('--config', space, ...tpe)).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(join(proposed, 'study.json'), 'utf8')).config).toMatchObject({
      ...{ strategy: 'tpe', tpe: { ahead: 1, startup: 2 } },
    })
    const early = join(folder, 'asynchronous')
    const asynchronous = ['--strategy', 'halving', '--trials', '5', '--factor', '2', '--asynchronous', '--no-figures']
    expect(await search('--config', space, ...asynchronous, '--out', early)).toMatchObject({
      stdout: expect.stringMatching(/^trials +5 of 5: 1 completed.* 4 pruned\n/),
    })
    for (const out of [halved, folds, proposed, early]) {
      const before = readFileSync(join(out, 'results.csv'))
      expect(await search('--resume', out, '--no-figures')).toMatchObject({ code: 0 })
      expect(readFileSync(join(out, 'results.csv')).equals(before)).toBe(true)
    }
    const none = join(folder, 'nothing')
    expect(await search('--resume', none)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`--resume ${none}: holds no search; start it again with --out ${none}`),
    })
  })
})
