import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { ADDON_ABI, loadAddon } from '../../src/backend/native-loader.js'
import { NativeMlpError } from '../../src/core/errors.js'

const { version } = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'native-mlp-loader-'))
const before = process.env.NATIVE_MLP_ADDON_PATH

/** Loads a module that stands in for the addon's file: the loader hands any file to require. */
function loadNamed(name: string, text: string) {
  const file = join(folder, name)
  writeFileSync(file, text)
  process.env.NATIVE_MLP_ADDON_PATH = file
  return { file, load: loadAddon }
}

function refusal(load: () => unknown): NativeMlpError {
  try {
    load()
  } catch (error) {
    if (error instanceof NativeMlpError) return error
    throw error
  }
  throw new Error('loaded what it should refuse')
}

afterEach(() => {
  if (before === undefined) delete process.env.NATIVE_MLP_ADDON_PATH
  else process.env.NATIVE_MLP_ADDON_PATH = before
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('loadAddon', () => {
  it('finds the addon of this checkout, or says where it looked', () => {
    const loaded = loadAddon()
    if (loaded.addon === null) expect(loaded.reasons.join('\n')).toMatch(/build\/Release\/native_mlp\.node: \S/)
    else expect(loaded.addon).toMatchObject({ version, abi: ADDON_ABI })
  })

  it('takes the file that NATIVE_MLP_ADDON_PATH names, also relative to the current folder', () => {
    const { file, load } = loadNamed('good.cjs', `module.exports = { version: '${version}', abi: ${ADDON_ABI} }`)
    expect(load()).toMatchObject({ path: file, addon: { version } })
    process.env.NATIVE_MLP_ADDON_PATH = relative(process.cwd(), file)
    expect(load()).toMatchObject({ path: file })
  })

  it.each([
    ['old.cjs', `module.exports = { version: '0.0.1', abi: ${ADDON_ABI} }`, /built for version 0\.0\.1/],
    ['other-abi.cjs', `module.exports = { version: '${version}', abi: 99 }`, /abi is 99, expected \d+/],
    ['no-addon.cjs', 'module.exports = null', /exports null/],
    ['throwing.cjs', "throw new Error('no such symbol: f\\nand a stack')", /no such symbol: f$/],
    ['half-built.node', 'half an addon', /too short|invalid|not a/i],
  ])('refuses %s under that name, with the reason', (name, text, reason) => {
    const { file, load } = loadNamed(name, text)
    const error = refusal(load)
    expect(error.code).toBe('BACKEND_UNAVAILABLE')
    expect(error.message).toContain(`NATIVE_MLP_ADDON_PATH=${file}: `)
    expect(error.message).toMatch(reason)
  })

  it('refuses a name that leads nowhere instead of looking elsewhere', () => {
    process.env.NATIVE_MLP_ADDON_PATH = join(folder, 'none.node')
    expect(refusal(loadAddon).message).toBe(`NATIVE_MLP_ADDON_PATH=${join(folder, 'none.node')}: no such file`)
  })
})
