import { spawnSync } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../repo/source-graph.js'
import { MAIN } from './command.js'

describe('native-mlp', () => {
  it.skipIf(!existsSync('/dev/full')).each([['--version'], ['doctor']])(
    `%s says in one line that its output cannot be written${existsSync('/dev/full') ? '' : ' (skipped: there is no /dev/full)'}`,
    (argument) => {
      const { status, stderr } = spawnSync(process.execPath, [MAIN, argument], {
        cwd: ROOT,
        encoding: 'utf8',
        stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      })
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(
          /^(warning: .+\n)*error \[FILE_SYSTEM\]: standard output: cannot write: ENOSPC.+\n$/,
        ),
      })
    },
  )

  it('escapes control characters of paths, flags and files, and hides a password in the wrong place', () => {
    const run = (...args: string[]) => {
      const { stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: ROOT, encoding: 'utf8' })
      return stdout + stderr
    }
    const [esc, bell] = ['\u001b', '\u0007']
    for (const args of [
      ['evaluate', '--weights', `no${esc}[31m${bell}thing`],
      ['train', '--config', `${esc}[2Jno.json`],
      ['train', `--${esc}[2J${bell}`],
    ]) {
      const shown = run(...args)
      expect(shown).toContain('\\u001b[')
      expect(shown).not.toContain(esc)
      expect(shown).not.toContain(bell)
    }
    for (const args of [
      ['worker', '--queu=redis://user:open-sesame@host'],
      ['worker', '--queu=redis://user:open/sesame@host'],
      ['plot', 'redis://user:open-sesame@host'],
      ['evaluate', '--weights', 'rediss://:open-sesame@host'],
      // a path, whose slashes are joined
      ['train', '--data', 'redis://user:open-sesame@host'],
      ['redis://user:open-sesame@host'],
    ]) {
      const shown = run(...args)
      expect(shown, args.join(' ')).toMatch(/rediss?:\/\/?\*\*\*@host/)
      expect(shown, args.join(' ')).not.toMatch(/open.sesame/)
    }
  })
})
