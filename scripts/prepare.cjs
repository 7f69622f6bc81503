'use strict'
// Builds dist/ in a checkout. Where TypeScript is not installed (npm install --omit=dev) there is nothing to do it with.
const { spawnSync } = require('node:child_process')
const path = require('node:path')

let manifest
try {
  manifest = require.resolve('typescript/package.json')
} catch {
  console.log('native-mlp: TypeScript is not installed, dist/ is left as it is')
}
if (manifest) {
  const tsc = path.join(path.dirname(manifest), require(manifest).bin.tsc)
  const child = spawnSync(process.execPath, [tsc, '-b'], { cwd: path.resolve(__dirname, '..'), stdio: 'inherit' })
  if (child.error) console.error(`native-mlp: tsc did not run: ${child.error.message}`)
  process.exitCode = child.status ?? 1
}
