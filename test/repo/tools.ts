import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './source-graph.js'

const MANIFEST = join(ROOT, 'test/repo/tools/package.json')
const MINUTES = 60_000

/** The folder of the programs in test/repo/tools/package.json, installed once for each version of that file, or why not. */
export function installTools(): { folder: string } | { reason: string } {
  const cache = join(ROOT, 'node_modules/.cache/native-mlp-tools')
  const digest = createHash('sha256').update(readFileSync(MANIFEST)).digest('hex').slice(0, 12)
  const folder = join(cache, digest)
  if (existsSync(folder)) return { folder }
  mkdirSync(cache, { recursive: true })
  const temporary = mkdtempSync(join(cache, 'install-'))
  cpSync(MANIFEST, join(temporary, 'package.json'))
  const args = ['install', '--no-package-lock', '--ignore-scripts', '--prefer-offline', '--fetch-retries', '1']
  const { status, stderr, error } = spawnSync('npm', args, { cwd: temporary, encoding: 'utf8', timeout: 3 * MINUTES })
  try {
    if (status !== 0) return { reason: error?.message ?? stderr.trim().split('\n')[0] }
    renameSync(temporary, folder)
    return { folder }
  } catch (error) {
    // another test file was faster
    if (existsSync(folder)) return { folder }
    throw error
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** A CommonJS module of the tools. */
export function requireTool(folder: string, name: string) {
  return createRequire(join(folder, 'package.json'))(name)
}

/** An ES module of the tools. */
export function importTool(folder: string, name: string) {
  return import(pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)).href)
}
