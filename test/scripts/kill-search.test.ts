import { expect, it } from 'vitest'
import { command } from '../cli/command.js'

it.each([
  ['plain', '6', '30', 8],
  ['asynchronous', '5', '30', 16],
  ['tpe', '5', '20', 16],
  ['regularised', '10', '12', 30],
])('npm run kill-search ends with the bytes of an uninterrupted search: %s', { timeout: 240_000 }, async (...given) => {
  const [name, kills, epochs, trials] = given
  // how much is lost is for a quiet machine to say
  const flags = ['--case', name, '--kills', kills, '--epochs', epochs, '--most-lost', '1000']
  const { code, stdout, stderr } = await command(flags, { program: ['--import', 'tsx', 'scripts/kill-search.ts'] })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const line = new RegExp(
    `^kill \\d+, search \\d+, after [\\d.]+ s: [\\d.]+ s lost; \\d+ of ${trials} trials finished$`,
    'gm',
  )
  expect(stdout.match(line)).toHaveLength(Number(kills))
  expect(stdout).toMatch(/^search 1: same bytes$/m)
  expect(stdout).toMatch(/^\d+ kills: at most [\d.]+ s of a trial's work lost/m)
  expect(stdout).toMatch(/\nevery search has the bytes of the uninterrupted one\n$/)
})
