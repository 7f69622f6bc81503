'use strict'
// Builds dist/ in a checkout. Does nothing if TypeScript is not installed (npm install --omit=dev).
const { spawnSync } = require('node:child_process')
const path = require('node:path')

let manifest
try {
  manifest = require.resolve('typescript/package.json')
} catch {
  console.log('native-mlp: TypeScript is not installed, dist/ is unchanged')
}
if (manifest) {
  const tsc = path.join(path.dirname(manifest), require(manifest).bin.tsc)
  const child = spawnSync(process.execPath, [tsc, '-b'], { cwd: path.resolve(__dirname, '..'), stdio: 'inherit' })
  if (child.error) console.error(`native-mlp: tsc did not run: ${child.error.message}`)
  process.exitCode = child.status ?? 1
}
