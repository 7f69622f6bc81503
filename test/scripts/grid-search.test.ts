import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { ROOT } from '../repo/source-graph.js'

it('npm run grid searches, writes a row a trial and draws the heat maps', async () => {
  const out = join(temporaryFolder(), 'grid')
  const args = ['--import', 'tsx', 'scripts/grid-search.ts', '--preset', 'quick', '--epochs', '1', '--out', out]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  expect(stdout).toMatch(/8 trials in [\d.]+ s: 8 completed, 0 collapsed, 0 failed\nbest +trial \d: /)
  expect(readFileSync(join(out, 'results.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(9)
  const figures = ['test-accuracy.png', 'test-accuracy.svg', 'valid-accuracy.png', 'valid-accuracy.svg']
  expect(readdirSync(join(out, 'figures')).sort()).toEqual(figures)
  expect(stdout).toMatch(
    /\ntime +[\d.]+ s: start-up [\d.]+ s, search [\d.]+ s, figures [\d.]+ s\n.*training [\d.]+ s, eval/,
  )
  expect(stdout).toMatch(/\nreproduce npx native-mlp train /)
  const before = readFileSync(join(out, 'results.csv'))
  const again = await promisify(execFile)(process.execPath, [...args, '--resume'], { cwd: ROOT })
  expect(again.stdout).toMatch(/8 trials in [\d.]+ s: 8 completed/)
  expect(readFileSync(join(out, 'results.csv')).equals(before)).toBe(true)
  writeFileSync(join(out, 'study.json'), JSON.stringify({ status: 'interrupted' }))
  await expect(promisify(execFile)(process.execPath, args, { cwd: ROOT })).rejects.toMatchObject({
    code: 2,
    stderr: `error: ${out} holds an unfinished search: --resume goes on, --overwrite begins anew\n`,
  })
  expect(readFileSync(join(out, 'results.csv')).equals(before)).toBe(true)
})
