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
})
