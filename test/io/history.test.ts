import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../src/core/results.js'
import { appendHistory, readHistory } from '../../src/io/history.js'
import { readTrainingCurve, writeTrainingCurve } from '../../src/io/training-curve.js'
import { ROOT } from '../repo/source-graph.js'
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
    ['{"step":0,"epoch":0}\n{"step":1,"ep\n', /line 2 is not JSON/],
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

  it('without the end of its last line is read up to there, and appended to from there', async () => {
    const file = path('cut.jsonl')
    for (const rest of ['{"step":1,"ep', '{"step":1,"epoch":0}', 'x'.repeat(10_000)]) {
      await writeFile(file, `{"step":0,"epoch":0}\n${rest}`)
      expect(await readHistory(file)).toEqual([{ step: 0, epoch: 0 }])
      await appendHistory(file, { step: 2, epoch: 0 })
      expect(await readFile(file, 'utf8')).toBe('{"step":0,"epoch":0}\n{"step":2,"epoch":0}\n')
    }
  })

  it.each<[unknown, RegExp]>([
    [{ step: -1, epoch: 0 }, /^entry\.step: expected an evaluation .*got -1/],
    [[{ step: 0, epoch: 0 }, { step: 1 }], /^entries\[1\]\.epoch: /],
    [{ step: 0, epoch: 0, valid: { loss: Number.NaN, accuracy: 0 } }, /^entry\.valid\.loss: .*got NaN/],
    [null, /^entry: .*got null/],
  ])('takes no %j', async (entry, message) => {
    const file = path('unwritten.jsonl')
    await expect(appendHistory(file, entry as HistoryEntry)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
    expect(existsSync(file)).toBe(false)
  })

  const shell = process.platform === 'win32' ? null : 'sh'
  it.skipIf(shell === null)(
    `keeps what it held where a file may grow no further${shell ? '' : ' (skipped: there is no sh)'}`,
    async () => {
      const file = path('limited.jsonl')
      await writeFile(file, '{"step":0,"epoch":0}\n'.repeat(24)) // 504 bytes: 8 more fit into a file of one block
      const program =
        "import { appendHistory } from 'native-mlp'\n" +
        "process.on('SIGXFSZ', () => {})\n" +
        `await appendHistory(${JSON.stringify(file)}, { step: 1, epoch: 0 }).catch((error) => console.log(error.code, error.cause.code))`
      const command = `ulimit -f 1; exec "${process.execPath}" --input-type=module -e '${program.replaceAll("'", `'\\''`)}'`
      const { stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' })
      expect({ stdout, stderr }).toEqual({ stdout: 'FILE_SYSTEM EFBIG\n', stderr: '' })
      expect(await readHistory(file)).toHaveLength(24)
      expect((await readFile(file)).length).toBe(504)
    },
  )

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
