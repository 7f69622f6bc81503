import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../formats/temporary-folder.js'
import { headings, recipe, writeFiles } from './recipes.js'
import { ROOT } from './source-graph.js'

/** The recipes of docs/cookbook.md, as they stand and in their order, in a folder with small files of the names they use. */
const CLI = join(ROOT, 'dist', 'cli', 'main.js')
const MINUTES = 60_000
const run = promisify(execFile)
const folder = temporaryFolder()
const at = (name: string) => join(folder, name)
let numbered = 0

beforeAll(() => writeFiles(folder))

function programFile(text: string): string {
  const file = `recipe-${numbered++}.mjs`
  writeFileSync(at(file), text)
  return file
}

async function output(heading: string, index = 0): Promise<string> {
  const file = programFile(recipe(heading).programs[index])
  return (await run(process.execPath, [file], { cwd: folder })).stdout
}

const numberAfter = (text: string, word: string) => Number(new RegExp(`${word} (-?[\\d.e-]+)`).exec(text)?.[1])

describe('the cookbook', { timeout: 5 * MINUTES }, () => {
  it('classifies the rows of a CSV', async () => {
    const { commands } = recipe('Classify the rows of a CSV')
    expect(commands.map(([name]) => name)).toEqual(['train', 'evaluate', 'predict'])
    for (const args of commands) await run(process.execPath, [CLI, ...args], { cwd: folder })
    expect(readFileSync(at('predictions.csv'), 'utf8')).toMatch(/^row,species,p_cat,p_dog,p_fox\n/)
    expect(await output('Classify the rows of a CSV')).toMatch(/^fox 0\.[5-9]/)
  })

  it('predicts numbers', async () => {
    const stdout = await output('Predict numbers')
    expect(numberAfter(stdout, 'R squared')).toBeGreaterThan(0.9)
    expect(existsSync(at('houses.safetensors'))).toBe(true)
  })

  it('weights the classes', async () => {
    expect(numberAfter(await output('Few rows of one class'), 'balanced accuracy')).toBeGreaterThan(0.85)
  })

  it('trains a head on embeddings', async () => {
    expect(numberAfter(await output('A head on embeddings'), 'accuracy')).toBeGreaterThan(0.9)
    expect(existsSync(at('head.onnx'))).toBe(true)
  })

  it('tells several labels', async () => {
    expect(await output('Several labels a row')).toMatch(/^\[ \[ 'question', 'urgent' \] \]\n/)
  })

  it('reads a folder of images', async () => {
    const stdout = await output('A folder of images')
    expect(numberAfter(stdout, 'accuracy')).toBeGreaterThan(0.8)
    expect(stdout).toContain('of day,night')
  })

  it('trains on, on new rows', async () => {
    expect(numberAfter(await output('Train on, on new rows'), 'loss')).toBeLessThan(0.2)
    expect(existsSync(at('houses-2.safetensors'))).toBe(true)
  })

  it('cross-validates with preprocessing', async () => {
    const stdout = await output('Cross-validation with preprocessing')
    expect(numberAfter(stdout, 'accuracy')).toBeGreaterThan(0.8)
    expect(stdout).toContain('over 5 folds')
  })

  it('predicts in an HTTP handler', async () => {
    const [text] = recipe('Predictions in an HTTP handler').programs
    expect(text).toContain('listen(8080,')
    const onFreePort = `${text.replace('8080', '0')}\nserver.on('listening', () => console.log(server.address().port))`
    const child = spawn(process.execPath, [programFile(onFreePort)], { cwd: folder })
    onTestFinished(() => void child.kill())
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (data) => resolve(String(data).trim()))
      child.once('exit', () => reject(new Error('the server has ended')))
    })
    const post = (body: string) => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body })
    const answer = await post(
      JSON.stringify([
        { size: 7, color: 'grey' },
        { color: 'red', size: 1 },
      ]),
    )
    expect((await answer.json()).map((row: { class: string }) => row.class)).toEqual(['dog', 'fox'])
    const wrong = await post('[{ "size": "big", "color": "red" }]')
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringMatching(/row 0, column "size": expected a/)])
    expect((await post('no JSON')).status).toBe(400)
  })

  it('has ten recipes, each run above or in test/browser', () => {
    expect(headings).toHaveLength(10)
    const [here, browser] = [import.meta.filename, join(ROOT, 'test/browser/predict.test.ts')].map((path) =>
      readFileSync(path, 'utf8'),
    )
    for (const heading of headings) expect(`${here}${browser}`, heading).toContain(`'${heading}'`)
  })
})
