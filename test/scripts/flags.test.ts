import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { command } from '../cli/command.js'
import { ROOT } from '../repo/source-graph.js'

const page = (name: string, ...args: string[]) => command(args, { program: ['--import', 'tsx', `scripts/${name}.ts`] })

const programs = readdirSync(join(ROOT, 'scripts')).filter((name) => name.endsWith('.ts') && name !== 'flags.ts')

describe.each(programs.map((name) => name.replace(/\.ts$/, '')))('scripts/%s.ts', (name) => {
  it('says what it does and takes', async () => {
    const { code, stdout, stderr } = await page(name, '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^[A-Z][^*]+\n\n {4}npm run [a-z:]+/)
    expect(stdout).toMatch(/\nFlags: --\w+/)
    expect(stdout).not.toMatch(/\*\/|import /)
  })
})

it.each<[string, string[], string]>([
  ['train', ['--sede', '7'], "error: Unknown option '--sede'"],
  [
    'train',
    ['--preset', 'quik'],
    'error: --preset: expected one of homework, quick, fast, accurate, record, general, got quik\n',
  ],
  ['train', ['--seed'], "error: Option '--seed <value>' argument missing; --help lists the flags\n"],
  ['bench', ['quick'], "error: Unexpected argument 'quick'; --help lists the flags\n"],
  ['predict', ['--weights', 'no-such-file'], 'error: no-such-file: '],
])('scripts/%s.ts answers %j in a line', async (name, args, message) => {
  const { code, stderr } = await page(name, ...args)
  expect(code).toBe(args[0] === '--weights' ? 1 : 2)
  expect(stderr).toContain(message)
  expect(stderr.trimEnd()).not.toContain('\n')
})
