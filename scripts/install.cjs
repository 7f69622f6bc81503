'use strict'
// Finds or builds the native addon when the package is installed. Does not load the package, because dist/ does not exist
// yet, and never fails an install: without the addon the package falls back to TypeScript.
//
//   node scripts/install.cjs           use a working addon, else build; exit code 0
//   node scripts/install.cjs build     build in any case, show the compiler's output; exit code 1 if that fails
//
// NATIVE_MLP_SKIP_BUILD=1      do not build
// NATIVE_MLP_NATIVE=require    exit code 1 if no addon works
const { spawn, spawnSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.resolve(__dirname, '..')
const BUILD = path.join(ROOT, 'build')
const ADDON = path.join(BUILD, 'Release', 'native_mlp.node')
const LOG = path.join(BUILD, 'install.log')
/** Result of the last run, for messages of the addon loader. */
const STATE = path.join(BUILD, 'install.json')
/** npm runs this file in the package's folder; INIT_CWD is the user's folder. */
const AGAIN = `node ${path.relative(process.env.INIT_CWD ?? process.cwd(), __filename)} build`
const VERSION = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version
const BUILD_LIMIT_MS = 15 * 60_000

const say = (line) => process.stdout.write(`native-mlp: ${line}\n`)
const shown = (file) => path.relative(ROOT, file)
const isSet = (name) => !['', '0', 'false', undefined].includes(process.env[name])

/**
 * Main function. Resolves to `{ path, reason }`: the working addon and null, or null and the reason.
 * `force` builds even if an addon works, `verbose` passes the compiler's output through, `npx` allows fetching node-gyp
 * from the npm registry if none is installed.
 */
async function install({ force = false, verbose = false, npx = false } = {}) {
  const hash = sourceHash()
  if (!force) {
    const found = findExisting(hash)
    if (found) {
      say(`using ${shown(found.path)} (${found.info})`)
      return { path: found.path, reason: null }
    }
    if (isSet('NATIVE_MLP_SKIP_BUILD')) return fallBack('NATIVE_MLP_SKIP_BUILD is set, so it was not built')
  }
  say('building the native addon from source')
  const started = Date.now()
  const outcome = await build({ verbose, npx })
  const probed = outcome.reason ? outcome : probe(ADDON)
  if (!probed.reason) {
    saveState({ outcome: 'built', sourceHash: hash }, outcome.log)
    say(`built ${shown(ADDON)} in ${((Date.now() - started) / 1000).toFixed(1)} s (${probed.info})`)
    return { path: ADDON, reason: null }
  }
  // A half-built file would be found before a prebuild that works.
  fs.rmSync(BUILD, { recursive: true, force: true })
  saveState({ outcome: 'failed', reason: probed.reason }, outcome.log)
  say(`the native addon could not be built: ${probed.reason}`)
  const prebuild = findPrebuild()
  if (prebuild) {
    say(`using ${shown(prebuild.path)} (${prebuild.info})`)
    return { path: prebuild.path, reason: null }
  }
  return fallBack(probed.reason, `log: ${LOG}; to try again: ${AGAIN}`)
}

function fallBack(reason, hint) {
  if (!hint) say(`no native addon: ${reason}`)
  say(`the TypeScript backend will be used: same interface, slower${hint ? ` (${hint})` : ''}`)
  return { path: null, reason }
}

/** The addon built from the current sources, or a prebuild, if it passes its self-test. */
function findExisting(hash) {
  if (!fs.existsSync(ADDON)) return findPrebuild()
  if (readState()?.sourceHash !== hash) return null
  const probed = probe(ADDON)
  return probed.reason ? null : { path: ADDON, info: probed.info }
}

function findPrebuild() {
  const folder = path.join(ROOT, 'prebuilds', `${process.platform}-${process.arch}`)
  if (!fs.existsSync(folder)) return null
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.node'))) {
    const file = path.join(folder, name)
    const probed = probe(file)
    if (!probed.reason) return { path: file, info: probed.info }
    say(`${shown(file)}: ${probed.reason}`)
  }
  return null
}

/**
 * Loads the addon and multiplies with it, in a child process: a file that crashes on this CPU must not crash npm.
 * `info` names the instruction set in use.
 */
function probe(file) {
  const program = `
    const addon = require(process.argv[1])
    if (addon.version !== process.argv[2]) throw new Error('built for version ' + addon.version + ', not ' + process.argv[2])
    const isa = addon.info().isas.find((one) => one.compiled && one.supported && one.automatic)?.name
    if (isa) {
      const c = new Float32Array(1)
      const sizes = Float64Array.of(0, 0, 1, 1, 2, 2, 1, 1)
      addon.open(isa, 1).gemm(sizes, 1, Float32Array.of(1, 2), Float32Array.of(3, 4), 0, c)
      if (c[0] !== 11) throw new Error('1 x 3 + 2 x 4 gives ' + c[0] + ' on ' + isa)
    }
    process.stdout.write(isa ?? 'no instruction set for this CPU, so the TypeScript backend will run')`
  const child = spawnSync(process.execPath, ['-e', program, file, VERSION], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  if (child.status === 0) return { reason: null, info: child.stdout }
  const message = /^\w*Error[^:]*: (.+)$/m.exec(child.stderr ?? '')
  const ending = child.signal ? `killed by ${child.signal}` : `exit code ${child.status}`
  return { reason: `self-test failed: ${message ? message[1] : (child.error?.message ?? ending)}` }
}

async function build({ verbose, npx }) {
  const gyp = findNodeGyp(npx)
  if (!gyp) return { reason: 'node-gyp was not found (it comes with npm)', log: '' }
  // node-gyp prefers these variables to its flags. A quiet npm must not suppress the reason of a failure.
  const env = { ...process.env, npm_config_loglevel: 'info' }
  const headers = findHeaders()
  if (headers) env.npm_config_nodedir = headers
  const { log, code, problem } = await run(gyp.command, [...gyp.args, 'rebuild', '-j', 'max'], env, verbose)
  return { reason: problem ?? (code === 0 ? null : reasonFrom(log)), log }
}

/** Runs a command, keeping its output. Resolves to its exit code, or to the error that ended it. */
function run(command, args, env, verbose) {
  return new Promise((resolve) => {
    let log = `${[command, ...args].join(' ')}\n`
    const keep = (chunk) => {
      log += chunk
      if (verbose) process.stdout.write(chunk)
    }
    const shell = process.platform === 'win32' && !command.endsWith('.exe')
    const stdio = ['ignore', 'pipe', 'pipe']
    const child = spawn(command, args, { cwd: ROOT, env, shell, stdio, timeout: BUILD_LIMIT_MS })
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => resolve({ log, problem: error.message }))
    child.on('close', (code, signal) => resolve({ log, code, problem: signal ? `stopped by ${signal}` : undefined }))
  })
}

/** npm's own choice, the package's, the one inside npm, the one on the PATH: the first that exists. */
function findNodeGyp(npx) {
  const inNpm = path.join('node_modules', 'node-gyp', 'bin', 'node-gyp.js')
  const scripts = [process.env.npm_config_node_gyp]
  try {
    scripts.push(require.resolve('node-gyp/bin/node-gyp.js'))
  } catch {
    // not a dependency of the package; npm includes one
  }
  if (process.env.npm_execpath) scripts.push(path.resolve(process.env.npm_execpath, '..', '..', inNpm))
  for (const prefix of ['../lib', '.']) {
    scripts.push(path.resolve(path.dirname(process.execPath), prefix, 'node_modules', 'npm', inNpm))
  }
  const script = scripts.find((file) => file && fs.existsSync(file))
  if (script) return { command: process.execPath, args: [script] }
  const windows = process.platform === 'win32'
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const command = path.join(folder, windows ? 'node-gyp.cmd' : 'node-gyp')
    if (folder && fs.existsSync(command)) return { command, args: [] }
  }
  return npx ? { command: windows ? 'npx.cmd' : 'npx', args: ['--yes', 'node-gyp@12'] } : null
}

/** The folder whose include/node holds this Node's headers, or null; with it node-gyp downloads no headers. */
function findHeaders() {
  if (process.env.npm_config_nodedir || process.env.npm_config_target) return null
  const prefix = path.resolve(path.dirname(process.execPath), '..')
  const include = path.join(prefix, 'include', 'node')
  try {
    fs.accessSync(path.join(include, 'common.gypi'))
    const text = fs.readFileSync(path.join(include, 'node_version.h'), 'utf8')
    const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1]
    const version = `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`
    return version === process.version ? prefix : null
  } catch {
    return null
  }
}

/** The line of a build log with the error. */
function reasonFrom(log) {
  const lines = log.split(/\r?\n/).map((line) => line.trim())
  if (lines.some((line) => /most likely not a problem with node-gyp|headers\.tar\.gz.*(ENOTFOUND|failed)/.test(line))) {
    return `the headers of Node ${process.version} are not beside ${process.execPath} and could not be downloaded`
  }
  const telling = [
    /\bfatal error\b/,
    /\berror( [A-Z]+\d+)?: /,
    /\bundefined reference\b|\bcannot find -l/,
    /^make(\[\d+\])?: (?!\*\*\*|Entering|Leaving|warning)/,
    /^make(\[\d+\])?: \*\*\* No rule/,
    /^gyp: |^[A-Z]\w*Error: /,
    /^gyp ERR! stack Error: (?!`)/,
    /^gyp ERR! stack /,
  ]
  for (const pattern of telling) {
    const line = lines.find((text) => pattern.test(text))
    if (line) return line.replace(/^gyp ERR! stack (Error: )?/, '')
  }
  return lines.filter(Boolean).at(-1) ?? 'node-gyp printed nothing'
}

/** Digest of the sources of the addon, so that a later install detects an outdated build. */
function sourceHash() {
  const hash = createHash('sha256').update(`${VERSION} ${process.platform} ${process.arch}\n`)
  const skipped = ['test', 'bench'].map((name) => path.join('native', name))
  const files = fs.readdirSync(path.join(ROOT, 'native'), { recursive: true }).map((name) => path.join('native', name))
  for (const file of ['binding.gyp', ...files.sort()]) {
    if (skipped.some((folder) => file.startsWith(folder)) || fs.statSync(path.join(ROOT, file)).isDirectory()) continue
    hash.update(`${file}\n`).update(fs.readFileSync(path.join(ROOT, file)))
  }
  return hash.digest('hex')
}

function readState() {
  try {
    return JSON.parse(fs.readFileSync(STATE, 'utf8'))
  } catch {
    return null
  }
}

function saveState(state, log) {
  fs.mkdirSync(BUILD, { recursive: true })
  fs.writeFileSync(LOG, log)
  fs.writeFileSync(STATE, `${JSON.stringify(state)}\n`)
}

async function main(args) {
  const building = args[0] === 'build'
  let reason
  try {
    reason = (await install(building ? { force: true, verbose: true, npx: true } : {})).reason
  } catch (error) {
    reason = error.message
    say(`the native addon could not be built: ${reason}`)
    say('the TypeScript backend will be used: same interface, slower')
  }
  const required = process.env.NATIVE_MLP_NATIVE === 'require'
  if (reason && required) say('NATIVE_MLP_NATIVE=require: this is an error')
  process.exitCode = reason && (required || building) ? 1 : 0
}

module.exports = { install, reasonFrom }
if (require.main === module) main(process.argv.slice(2))
