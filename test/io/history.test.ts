import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../src/core/results.js'
import { appendHistory, readHistory } from '../../src/io/history.js'
import { readTrainingCurve, writeTrainingCurve } from '../../src/io/training-curve.js'
import { temporaryFolder } from './folder.js'

const path = temporaryFolder()
const PUBLISHED = fileURLToPath(new URL('../../../shared/homework/Training_Curve.txt', import.meta.url))
const published = existsSync(PUBLISHED)

const history: HistoryEntry[] = [
  { step: 0, epoch: 0, valid: { accuracy: 0.1, loss: 2.25 } },
  {
    test: { accuracy: 1, loss: 1e-7 },
    epoch: 1,
    step: 234,
    train: { loss: 0.125, accuracy: 0.75 },
    valid: { accuracy: Number.NaN, loss: 3 },
  },
]

describe('history.jsonl', () => {
  it('is appended to, line by line, and read back', async () => {
    const file = path('history.jsonl')
    await appendHistory(file, history[0])
    await appendHistory(file, [history[1]])
    expect(await readFile(file, 'utf8')).toBe(
      '{"step":0,"epoch":0,"valid":{"loss":2.25,"accuracy":0.1}}\n' +
        '{"step":234,"epoch":1,"train":{"loss":0.125,"accuracy":0.75},"valid":{"loss":3,"accuracy":null},' +
        '"test":{"loss":1e-7,"accuracy":1}}\n',
    )
    expect(await readHistory(file)).toEqual(history)
    await appendHistory(path('empty.jsonl'), [])
    expect(await readHistory(path('empty.jsonl'))).toEqual([])
  })

  it.each([
    ['{"step":0,"epoch":0}\n{"step":1,"ep', /line 2 is not JSON/],
    ['{"step":0,"epoch":0}\n\n', /line 2 is not JSON/],
    ['{"step":0}\n', /line 1: epoch/],
    ['{"step":-1,"epoch":0}\n', /line 1: step/],
    ['{"step":0,"epoch":0,"valid":{"loss":"1","accuracy":1}}\n', /line 1: valid: loss/],
    ['{"step":0,"epoch":0,"vaild":{}}\n', /line 1: .*vaild/],
    ['[]\n', /line 1/],
  ])('with %j is refused', async (text, message) => {
    const file = path('bad.jsonl')
    await writeFile(file, text)
    await expect(readHistory(file)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringMatching(message),
    })
    await expect(readHistory(file)).rejects.toThrow(file)
  })

  it('says which file it cannot write or read', async () => {
    await expect(appendHistory(path('no/such/folder'), history[0])).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
    await expect(readHistory(path('none.jsonl'))).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
  })
})

describe('Training_Curve.txt', () => {
  const point = {
    step: 3,
    epoch: 0,
    train: { accuracy: 0.2173125, loss: 2.247662913310287 },
    valid: { accuracy: 0.21991666666666668, loss: 2.241306559250935 },
    test: { accuracy: 0.221, loss: 2.2475525493614246 },
  }

  it("is written as the homework's own program writes it, and read back", async () => {
    const file = path('Training_Curve.txt')
    await writeTrainingCurve(file, [point, point])
    const line = '0.2173125 2.247662913310287 0.21991666666666668 2.241306559250935 0.221 2.2475525493614246\n'
    expect(await readFile(file, 'utf8')).toBe(line + line)
    const { step: _, epoch: __, ...sets } = point
    expect(await readTrainingCurve(file)).toEqual([sets, sets])
  })

  it.skipIf(!published)(
    `reads the published curve${published ? '' : ' (skipped: ../shared/homework is not there)'}`,
    async () => {
      const curve = await readTrainingCurve(PUBLISHED)
      expect(curve).toHaveLength(2340)
      const { step: _, epoch: __, ...sets } = point
      expect(curve[0]).toEqual(sets)
      await writeTrainingCurve(path('copy.txt'), curve)
      expect(await readTrainingCurve(path('copy.txt'))).toEqual(curve)
    },
  )

  it('cannot be written without all three sets', async () => {
    const file = path('none.txt')
    await expect(writeTrainingCurve(file, [point, { ...point, test: undefined }])).rejects.toThrow(
      /history\[1\] \(step 3\).*test was not evaluated/,
    )
    expect(existsSync(file)).toBe(false)
  })

  it.each([
    ['', /empty/],
    ['0.1 2 0.1 2 0.1\n', /line 1: expected 6 numbers, got 5/],
    ['0.1 2 0.1 2 0.1 2\n0.1 2 0.1 2 0.1 two\n', /line 2: 'two' is not a number/],
    ['0.1 2 0.1 2 0.1 0x10\n', /'0x10' is not a number/],
    ['10 2 0.1 2 0.1 2\n', /accuracy 10 is not in 0\.\.1/],
  ])('with %j is refused', async (text, message) => {
    const file = path('bad.txt')
    await writeFile(file, text)
    await expect(readTrainingCurve(file)).rejects.toThrow(message)
    await expect(readTrainingCurve(file)).rejects.toThrow(file)
  })

  it("reads the nan and inf of the homework's program", async () => {
    const file = path('nan.txt')
    await writeFile(file, '0.1 nan 0.1 inf 0.1 -inf')
    const [{ train, valid, test }] = await readTrainingCurve(file)
    expect([train.loss, valid.loss, test.loss]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ])
  })
})
