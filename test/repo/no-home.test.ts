import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MAIN } from '../cli/command.js'
import { ROOT } from './source-graph.js'

/** A user id that no machine has in its list of users. */
const UNKNOWN = { uid: 1_234_567, gid: 1_234_567 }

/** Runs node as a user without an entry in the list of users, without HOME. */
function asUnknown(args: readonly string[]) {
  const env = { PATH: process.env.PATH }
  return spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8', ...UNKNOWN })
}

const READS = `require('node:fs').readFileSync(${JSON.stringify(join(ROOT, 'dist/index.js'))})`
// only root may run a program as another user, and only where that one may read this folder
const canTry = process.getuid?.() === 0 && asUnknown(['-e', READS]).status === 0

it.skipIf(!canTry)('without a home folder everything but a download works', () => {
  const program = `const { fit, MLP, mnist, samples, sgd } = await import('native-mlp')
    await import('native-mlp/bench')
    const model = new MLP({ layers: [2, 3, 2] })
    const set = samples({ values: [0, 1, 1, 0], cols: 2, labels: [0, 1] })
    await fit(model, set, { epochs: 1, optimizer: sgd({ learningRate: 0.1 }) })
    const { loadMnist } = await import('./dist/data/mnist.js')
    const surroundings = { env: {}, findPackage: () => undefined }
    for (const cacheDir of [undefined, '/nowhere']) {
      await loadMnist({ cacheDir, download: false }, surroundings).catch(({ code, message }) => console.log(code, message))
    }`
  const { stdout, stderr } = asUnknown(['--input-type=module', '-e', program])
  expect(stderr).toBe('')
  const [without, named] = stdout.split('\n')
  expect(without).toMatch(
    /^DATA_NOT_FOUND MNIST: this user has no home folder \(.*ENOENT.*\); set HOME, or specify a folder/,
  )
  expect(named).toMatch(/^DATA_NOT_FOUND MNIST: .*\/nowhere does not contain all four files/)
})

it.skipIf(!canTry)('without a home folder the command line starts', () => {
  expect(asUnknown([MAIN, '--version'])).toMatchObject({ status: 0, stderr: '' })
  expect(asUnknown([MAIN, 'doctor']).stdout).toContain('machine')
})
