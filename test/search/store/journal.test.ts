import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { JOURNAL_FORMAT, JOURNAL_VERSION, type JournalHeader } from '../../../src/search/store/codec.js'
import { Journal, readJournal } from '../../../src/search/store/journal.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'

const header: JournalHeader = {
  format: JOURNAL_FORMAT,
  formatVersion: JOURNAL_VERSION,
  version: '0.1.0',
  study: { grid: { learningRate: [0.1] } },
  data: { digest: 'abc', recipe: null },
  family: { name: 'js', contract: 1 },
  about: {},
}
const paused = {
  event: 'task',
  ...{
    trial: 0,
    fold: 0,
    rung: 0,
    state: 'paused',
    best: null,
    steps: 4,
    collapsed: null,
    digest: null,
    seconds: null,
  },
  history: [{ step: 3, epoch: 0, valid: { loss: 0.5, accuracy: Number.NaN } }],
  worker: 'ä',
}

async function journal(...events: object[]): Promise<string> {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const file = await Journal.create(path, header)
  for (const event of events) await file.append(event)
  await file.close()
  return path
}

describe('the journal', () => {
  it('gives back what was written', async () => {
    const path = await journal(
      paused,
      { event: 'resumed', version: '1' },
      { event: 'start', trial: 0, fold: 0, worker: 1 },
    )
    const { header: read, events } = await readJournal(path)
    expect(read).toEqual(header)
    expect(events).toEqual([
      paused,
      { event: 'resumed', version: '1' },
      { event: 'start', trial: 0, fold: 0, worker: 1 },
    ])
  })

  it('writes lines whole, in order, however many are asked for at once', async () => {
    const path = await journal()
    const { journal: file } = await Journal.resume(path)
    await Promise.all(Array.from({ length: 50 }, (_, n) => file.append({ event: 'resumed', n })))
    await file.close()
    expect((await readJournal(path)).events.map((event) => (event as { n?: number }).n)).toEqual([...Array(50).keys()])
  })

  it('leaves out a last line wherever it was cut, and cuts it away to go on', async () => {
    const path = await journal({ event: 'resumed' }, paused)
    const bytes = readFileSync(path)
    const whole = bytes.lastIndexOf(10, -2) + 1
    for (let end = bytes.length - 1; end >= whole; end--) {
      truncateSync(path, end)
      expect((await readJournal(path)).events).toHaveLength(1)
    }
    writeFileSync(path, bytes.subarray(0, -5))
    const { journal: file, events } = await Journal.resume(path)
    expect(events).toHaveLength(1)
    await file.append(paused)
    await file.close()
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it('names the line that is damaged, and changes nothing', async () => {
    const path = await journal({ event: 'resumed' }, paused)
    const text = readFileSync(path, 'utf8')
    for (const [damaged, message] of [
      [text.replace('"}\n{"event":"task"', '"\n{"event":"task"'), 'line 2 is not JSON'],
      [text.replace('"loss":0.5', '"loss":0.6'), 'line 3 is damaged'],
      [text.replace('"steps":4', '"steps":-4'), 'line 3: steps: '],
      [text.replace('"task"', '"tusk"'), 'line 3: event: '],
    ] as const) {
      writeFileSync(path, damaged)
      const error = await Journal.resume(path).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'INVALID_FILE' })
      expect(error.message).toContain(`${path}: ${message}`)
      expect(error.message).toContain('remove this line to compute its result again')
      expect(readFileSync(path, 'utf8')).toBe(damaged)
    }
  })

  it('refuses other versions and other files by name', async () => {
    const path = await journal()
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('"formatVersion":2', '"formatVersion":7').replace('0.1.0', '9.9.9'))
    await expect(readJournal(path)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: `${path}: line 1: format version 7, written by native-mlp 9.9.9; this version knows only 2`,
    })
    writeFileSync(path, '{"format":"something else"}\n')
    await expect(readJournal(path)).rejects.toThrow(`line 1: expected the header of a '${JOURNAL_FORMAT}'`)
    writeFileSync(path, text.slice(0, 9))
    await expect(readJournal(path)).rejects.toThrow('its first line is incomplete')
  })

  it('refuses a header whose values have the names of methods', async () => {
    const file = fileURLToPath(new URL('../../fixtures/cases/journal-version-object.jsonl', import.meta.url))
    await expect(readJournal(file)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: `${file}: line 1: format version an object, written by another version; this version knows only 2`,
    })
    const path = await journal()
    const text = readFileSync(path, 'utf8').replace(/,"check".*/, '}')
    const method = '{"toString":1,"valueOf":1,"constructor":{"name":1},"length":{},"toJSON":1,"__proto__":1}'
    for (const value of [text.replace('"formatVersion":2', `"formatVersion":${method}`), method, `[${method}]`]) {
      writeFileSync(path, `${value}\n`)
      await expect(readJournal(path)).rejects.toMatchObject({ code: 'INVALID_FILE' })
    }
  })

  it('refuses lines nested without end', async () => {
    const path = await journal()
    appendFileSync(path, `{"event":"resumed","more":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`)
    await expect(readJournal(path)).rejects.toThrow(/line 2: nested more than 64 levels deep/)
  })

  it('is not begun where there is one', async () => {
    const path = await journal()
    await expect(Journal.create(path, header)).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
    appendFileSync(path, '')
    expect((await readJournal(path)).header).toEqual(header)
  })
})
