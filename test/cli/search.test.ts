import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { ROOT } from '../repo/source-graph.js'

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
  it('writes the same results.csv with 1 and with 2 workers, heat maps and the best model', async () => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, name))
    const { code, stdout, stderr } = await search('--config', config, '--out', one, '--workers', '1')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/^trials +4 of 4: 2 completed, 0 collapsed, 2 failed\nbest +trial \d: learningRate 0\.1/)
    expect(stderr).toMatch(/trial 2: learningRate 1e\+30, l2 0, hidden 8: NOT_FINITE: /)
    await search('--config', config, '--out', two, '--workers', '2', '--no-figures')
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
    expect(document.counts).toEqual({ completed: 1, collapsed: 0, failed: 1 })
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
      [['--workers', 'all'], /--workers: expected an integer from 1 to 256, got "all"/],
      [['--select-by', 'tset'], /--select-by: expected one of 'valid', 'test'/],
      [['--batch-size', '5000'], /trial 0 \(learningRate 0\.1, l2 0, hidden 8\): batchSize: expected at most 800/],
    ] as const) {
      const { code, stderr } = await search('--config', config, '--out', out, ...wrong)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) })
    }
    expect(existsSync(out)).toBe(false)
  })

  it('keeps what had finished when Ctrl-C stops it', async () => {
    const out = join(folder, 'stopped')
    const args = ['--preset', 'quick', '--epochs', '500', '--hidden', '8', '--workers', '1', '--out', out]
    const child = spawn(process.execPath, [main, 'search', ...args, '--limit-train', '500'])
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += text
      if (/trial \d: /.test(stderr)) child.kill('SIGINT')
    })
    let stdout = ''
    child.stdout.on('data', (text) => {
      stdout += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).toMatchObject({ code: 130 })
    expect(stdout).toMatch(/^stopped +early; the folder holds the trials that had finished\ntrials +[12] of 4: /)
    const rows = readFileSync(join(out, 'results.csv'), 'utf8').split('\n').length - 2
    const lines = readFileSync(join(out, 'trials.jsonl'), 'utf8').split('\n').length - 1
    expect(rows).toBeGreaterThan(0)
    expect(lines).toBe(rows)
    expect(JSON.parse(readFileSync(join(out, 'study.json'), 'utf8'))).toMatchObject({ status: 'interrupted' })
    expect(existsSync(join(out, 'best.safetensors'))).toBe(true)
  })
})
