import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SCHEDULES } from '../../src/train/schedules.js'
import { command } from '../cli/command.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

it('npm run schedules draws the pictures of docs/schedules.md, one of each schedule', async () => {
  const out = temporaryFolder()
  const program = ['--import', 'tsx', 'scripts/schedules.ts']
  expect(await command(['--out', out, '--no-range-test'], { program })).toMatchObject({ code: 0 })
  const drawn = readdirSync(join(out, 'schedules')).sort()
  expect(readdirSync('docs/images/schedules').sort()).toEqual(drawn)
  const page = readFileSync('docs/schedules.md', 'utf8')
  for (const name of drawn) {
    const [there, here] = ['docs/images', out].map((folder) => readFileSync(join(folder, 'schedules', name), 'utf8'))
    expect(here === there, name).toBe(true)
    expect(page).toContain(`](images/schedules/${name})`)
  }
  for (const schedule of SCHEDULES) {
    expect(drawn).toContain(`${schedule}.svg`)
    expect(page).toMatch(new RegExp(`^\\| \`${schedule}\` !\\[.*\\]\\(images/schedules/${schedule}.svg\\) \\|`, 'm'))
  }
})
