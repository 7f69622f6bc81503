import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { saveModel } from '../../../src/io/model-file.js'
import { MLP } from '../../../src/model/mlp.js'
import { learnTable } from '../../../src/table/learn.js'
import { table } from '../../../src/table/rows.js'
import { inputsOf } from '../../../src/table/transform.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { command, writeStripes } from '../command.js'

const folder = temporaryFolder()
const at = (name: string) => join(folder, name)
const ROWS = Array.from({ length: 60 }, (_, i) => ({
  id: i,
  size: i % 7 === 0 ? null : (i % 13) + 0.5,
  town: ['Bern', 'Chur', 'Genf'][i % 3],
  one: 1,
  kind: i % 3 === 0 ? 'cat' : 'dog',
}))
const names = Object.keys(ROWS[0])
const lines = ROWS.map((row) => names.map((name) => row[name as 'id'] ?? '').join(','))
writeFileSync(at('rows.csv'), [names.join(','), ...lines].join('\n'))

async function inspect(...args: string[]) {
  const { code, stdout, stderr } = await command(['inspect', ...args])
  if (code !== 0) throw new Error(stderr)
  return { stdout, stderr }
}

describe('inspect', () => {
  it('says what the columns of a table hold, and draws them', async () => {
    const { stdout, stderr } = await inspect(at('rows.csv'), '--target', 'kind', '--out', at('figures'))
    expect(stderr).toContain(`data: ${at('rows.csv')}: 60 rows, 5 columns`)
    expect(stderr).toContain("separated by ',', column names in line 1")
    const row = (name: string) => stdout.split('\n').find((line) => line.startsWith(`${name} `))
    expect(row('id')).toMatch(/ignored .* an identifier/)
    expect(row('size')).toMatch(/numeric +15\.00 % +\d+ +0\.5 to 12\.5, median/)
    expect(row('town')).toMatch(/categorical +3 +Bern 33\.33 %, Chur 33\.33 %/)
    expect(row('one')).toMatch(/ignored .* constant/)
    expect(row('kind')).toMatch(/categorical +2 +dog 66\.67 %, cat 33\.33 %; target/)
    expect(stdout).toContain('task: 2 classes of "kind", by the values of the target')
    expect(readFileSync(at('figures/columns.svg'), 'utf8')).toMatch(/<svg[\s\S]*town[\s\S]*Genf/)
    expect(existsSync(at('figures/columns.png'))).toBe(true)
    const json = JSON.parse((await inspect(at('rows.csv'), '--json')).stdout)
    expect(json).toMatchObject({ rows: 60, task: null })
    expect(json.columns[1]).toMatchObject({ name: 'size', type: 'numeric', missing: 9 })
  })

  it('says what a model and other data hold', async () => {
    const { transform } = learnTable(table(ROWS, { target: 'kind' }))
    await saveModel(at('m.safetensors'), new MLP({ layers: [inputsOf(transform), 4, 2], table: transform }))
    const { stdout } = await inspect(at('m.safetensors'))
    expect(stdout).toMatch(/^layers +5-4-2$/m)
    expect(stdout).toMatch(/^town +categorical +3 +3 levels: Bern, Chur, Genf$/m)
    expect(stdout).toContain('not used: id, one')
    const stripes = await inspect(writeStripes(at('stripes'), 40, 10))
    expect(stripes.stdout).toMatch(/100 bytes a row \(images of 10 x 10\)[\s\S]*^9 +4 +10\.00 %$/m)
    const missing = await command(['inspect', join(at('rows.csv'), 'none')])
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error \[DATA_NOT_FOUND\]/) })
  })
})
