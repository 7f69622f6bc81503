import { expect, it } from 'vitest'
import { command } from '../cli/command.js'

it('npm run kill-search ends with the bytes of an uninterrupted search', { timeout: 240_000 }, async () => {
  // how much is lost is for a quiet machine to say
  const flags = ['--kills', '6', '--epochs', '30', '--most-lost', '1000']
  const { code, stdout, stderr } = await command(flags, { program: ['--import', 'tsx', 'scripts/kill-search.ts'] })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(stdout.match(/^kill \d+, search \d+, after [\d.]+ s: [\d.]+ s lost; \d of 8 trials finished$/gm)).toHaveLength(
    6,
  )
  expect(stdout).toMatch(/^search 1: same bytes$/m)
  expect(stdout).toMatch(/^6 kills: at most [\d.]+ s of a trial's work lost/m)
  expect(stdout).toMatch(/\nevery search has the bytes of the uninterrupted one\n$/)
})
