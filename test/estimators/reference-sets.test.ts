import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadData } from '../../src/data/load.js'
import { MLPClassifier } from '../../src/estimators/classifier.js'
import { MLPRegressor } from '../../src/estimators/regressor.js'
import { BACKENDS } from '../model/backends.js'

const FOLDER = fileURLToPath(new URL('../fixtures/tables', import.meta.url))
const [, backend] = BACKENDS.at(-1)!

async function split(name: string, target: string) {
  const { train: rows } = await loadData({ csv: { path: join(FOLDER, 'data', `${name}.csv`), target } })
  const { splits } = JSON.parse(readFileSync(join(FOLDER, 'splits', `${name}.json`), 'utf8'))
  const isTest = new Set<number>(splits[0].test)
  const known = Array.from({ length: rows.length }, (_, row) => row).filter((row) => !isTest.has(row))
  return { train: rows.subset(known), test: rows.subset(splits[0].test) }
}

describe('defaults on real tables', { timeout: 120_000 }, () => {
  it.each([
    ['iris', 0.9],
    ['breast_cancer', 0.95],
  ])('classify %s', async (name, accuracy) => {
    const { train, test } = await split(name, 'target')
    const classifier = await new MLPClassifier({ backend }).fit(train)
    expect(await classifier.score(test)).toBeGreaterThan(accuracy)
  })

  it('predict the progress of diabetes', async () => {
    const { train, test } = await split('diabetes', 'target')
    const regressor = await new MLPRegressor({ backend }).fit(train)
    expect(await regressor.score(test)).toBeGreaterThan(0.35)
  })
})
