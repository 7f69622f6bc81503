import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ResultFolder, type ResultFolderOptions, type ResultLayout } from '../../src/io/result-folder.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

const parent = temporaryFolder()

const LAYOUT: ResultLayout<'record' | 'table' | 'figures'> = {
  noun: 'result',
  files: { record: 'record.json', table: 'table.csv', figures: 'figures' },
  replaced: ['record.json', 'table.csv', 'figures/curve.svg'],
  marker: 'record.json',
  find: async (_, entries) => (entries.includes('record.json') ? 'result' : null),
}

/** A folder with these files, those in a folder written with a slash. */
function folder(name: string, files: readonly string[], options: ResultFolderOptions = {}) {
  const path = join(parent, name)
  mkdirSync(join(path, 'figures'), { recursive: true })
  for (const file of files) writeFileSync(join(path, file), file)
  return new ResultFolder(path, LAYOUT, options)
}

describe('ResultFolder', () => {
  it('takes folders and temporary files, which a killed process left, for a new result', async () => {
    const left = folder('left', ['record.json.123', 'table.csv.4', 'figures/curve.svg'])
    expect(await left.open()).toBe('new')
    await left.clear()
    await left.close()
    expect(readdirSync(left.path)).toEqual(['figures'])
    expect(readdirSync(join(left.path, 'figures'))).toEqual([])
  })

  it('refuses files of its own that no record belongs to', async () => {
    const message = /table: expected a new or empty folder, this one holds other files/
    for (const options of [{}, { overwrite: true }, { resume: true }]) {
      const other = folder('table', ['table.csv'], options)
      await expect(other.check()).rejects.toThrow(message)
      await expect(other.open()).rejects.toThrow(message)
      expect(other.isOpen).toBe(false)
    }
  })

  it('removes the record last, so that a result that is half removed can be overwritten', async () => {
    const half = folder('half', ['record.json'], { overwrite: true })
    mkdirSync(join(half.path, 'table.csv')) // is no file, so it cannot be removed
    await half.open()
    await expect(half.clear()).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
    await half.close()
    expect(readdirSync(half.path)).toContain('record.json')
    expect(await half.check()).toBe('new')
  })

  it('keeps what is not its own when it removes the rest', async () => {
    const own = folder('own', ['record.json', 'table.csv', 'notes.txt', 'table.csv.12', 'notes.txt.3'], {
      overwrite: true,
    })
    await own.open()
    await own.clear()
    await own.close()
    expect(readdirSync(own.path).sort()).toEqual(['figures', 'notes.txt', 'notes.txt.3'])
  })

  it('opens once', async () => {
    const once = folder('once', [])
    await once.open()
    await expect(once.open()).rejects.toThrow(`${once.path}: a result has begun in it already`)
    await once.close()
    await once.close()
    expect(await once.open()).toBe('new')
    await once.close()
  })
})
