import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type SetScores, summary } from '../../scripts/tabular/summary.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('bench:tabular', () => {
  const score = (model: string, accuracy: number, logLoss: number, seconds: number) => {
    return { model, version: model, accuracy, logLoss, seconds }
  }
  const set = (name: string, scores: SetScores['scores']): SetScores => {
    return { name, task: 'classes', rows: 10, splits: scores.length / 2, scores }
  }

  it('gives geometric means relative to XGBoost, mean ranks, and wins, ties and losses', () => {
    const sets = [
      set('a', [score('native-mlp', 0.99, 0.1, 1), score('XGBoost', 0.97, 0.2, 1)]),
      set('b', [
        ...[score('native-mlp', 0.8, 0.4, 1), score('XGBoost', 0.8, 0.1, 2)],
        ...[score('native-mlp', 0.6, 0.4, 1), score('XGBoost', 0.6, 0.3, 2)],
      ]),
    ]
    const page = summary(sets)
    expect(page).toContain('| b (10 rows, 2 splits) | 0.7000 | 0.7000 |')
    // (0.02 / 0.04) and 1
    expect(page).toContain('| **error + 0.01, relative to XGBoost** | 0.707 | 1.000 |')
    expect(page).toContain('| **native-mlp: wins/ties/losses** |  | 1/1/0 |')
    expect(page).toContain('| **mean rank** | 1.25 | 1.75 |')
    // 1 / 2 and 2
    expect(page).toContain('| **geometric mean, relative to XGBoost** | 1.000 | 1.000 |')
    expect(page).toContain('| **native-mlp: wins/ties/losses** |  | 1/0/1 |')
  })

  it('runs, also where scikit-learn is missing', { timeout: 120_000 }, () => {
    const args = [
      '--import',
      'tsx',
      'scripts/bench-tabular.ts',
      '--only',
      '^iris$',
      '--splits',
      '1',
      '--python',
      'none',
    ]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
    expect(stderr).toContain('scikit-learn is not installed for none: npm run bench:tabular -- --install')
    expect(status).toBe(0)
    expect(Number(/\| iris \(150 rows, 1 split\) \| ([\d.]+) \|/.exec(stdout)?.[1])).toBeGreaterThan(0.85)
  })
})
