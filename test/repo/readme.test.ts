import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { RedisServer, redisMissing } from '../search/queue/redis-server.js'

/** What the README shows is run as it stands, but on fewer rows, in an empty folder in which the package is installed. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CLI = join(ROOT, 'dist', 'cli', 'main.js')
const MINUTES = 60_000
const text = readFileSync(join(ROOT, 'README.md'), 'utf8')
const run = promisify(execFile)

function blocks(language: string): string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block)
}

/** Lines of the shell blocks without their comments, in order. */
const commands = blocks('sh')
  .flatMap((block) => block.trim().split('\n'))
  .map((line) => line.replace(/\s+#.*$/, ''))

/** Run by .ci/run, which begins from a clean clone, rather than here. */
const RUN_BY_CI = ['npm ci && npm run train', 'npm ci && npm test', 'npx native-mlp search --preset homework']

/** Training on all rows is for `.ci/run`, too. */
const fewer = (args: readonly string[]) =>
  args[0] === 'train' ? ['--limit-train', '6000', '--limit-test', '1000'] : []

const isQueued = (command: string) => command.includes(' --queue ')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'native-mlp-readme-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules', 'native-mlp'))
  writeFileSync(join(folder, 'space.json'), blocks('json')[0])
  // more than the rows that `fewer` leaves
  const houses = Array.from(
    { length: 7000 },
    (_, i) => `${40.5 + (i % 90)},${['Bern', 'Chur'][i % 2]},${1000 * (i % 90)}`,
  )
  writeFileSync(join(folder, 'houses.csv'), ['size,town,price', ...houses].join('\n'))
  writeFileSync(join(folder, 'new.csv'), 'size,town\n55,Bern\n66,Chur\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What follows 'npx native-mlp' in a command. */
function argumentsOf(command: string): string[] {
  const [npx, name, ...args] = command.split(' ')
  expect([npx, name], command).toEqual(['npx', 'native-mlp'])
  return [...args, ...fewer(args)]
}

async function example(index: number): Promise<string> {
  const file = `example-${index}.mjs`
  writeFileSync(join(folder, file), blocks('ts')[index])
  return (await run(process.execPath, [file], { cwd: folder })).stdout
}

describe('README', () => {
  it('shows a table first, whose model predicts a raw row', { timeout: 5 * MINUTES }, async () => {
    const stdout = await example(0)
    expect(stdout).toContain('task: 2 classes of "sold"')
    expect(Number(/yes \{ no: [\d.e-]+, yes: ([\d.]+) \}/.exec(stdout)?.[1])).toBeGreaterThan(0.8)
  })

  it('shows an example that runs and learns', { timeout: 5 * MINUTES }, async () => {
    const stdout = await example(1)
    expect(stdout).toMatch(/epoch 3: loss 0\.\d{4}\n/)
    expect(Number(/test accuracy ([\d.]+)/.exec(stdout)?.[1])).toBeGreaterThan(0.96)
    expect(stdout).toContain('Int32Array(3) [ 7, 2, 1 ]')
  })

  it('shows a regression on data of its own, which comes out', { timeout: 5 * MINUTES }, async () => {
    const stdout = await example(2)
    expect(Number(/is about ([\d.]+)/.exec(stdout)?.[1])).toBeCloseTo(0.75, 1)
    expect(blocks('ts')).toHaveLength(3)
  })

  it('shows commands that run, in the order shown', { timeout: 10 * MINUTES }, async () => {
    expect(commands.length).toBeGreaterThan(5)
    for (const command of commands.filter((line) => !RUN_BY_CI.includes(line) && !isQueued(line))) {
      await run(process.execPath, [CLI, ...argumentsOf(command)], { cwd: folder }).catch((error) => {
        throw new Error(`${command}\n${error.stderr}`)
      })
    }
  })

  it.skipIf(redisMissing())('shows a search on a queue, with a worker', { timeout: 5 * MINUTES }, async () => {
    const server = await RedisServer.start()
    onTestFinished(() => server.remove())
    const [search, worker] = commands.filter(isQueued).map((command) => {
      const args = argumentsOf(command).map((arg) => (arg === 'redis://queue.example' ? server.url : arg))
      const running = run(process.execPath, [CLI, ...args], { cwd: folder })
      onTestFinished(() => void running.child.kill('SIGKILL'))
      return { running, ended: running.catch((error) => error) }
    })
    expect((await search.running).stdout).toMatch(/\ntime .* with 1 worker of the queue\n/)
    worker.running.child.kill('SIGINT')
    expect((await worker.ended).stderr).toMatch(/joined as .*closed/s)
    const [here, there] = ['mine', 'afar'].map((name) =>
      readFileSync(join(folder, 'runs', name, 'results.csv'), 'utf8'),
    )
    expect(there).toBe(here)
  })

  it('leaves to CI only what CI runs', () => {
    const ci = readFileSync(join(ROOT, '.ci', 'run'), 'utf8')
    for (const command of RUN_BY_CI) expect(commands, command).toContain(command)
    for (const part of ['npm ci', 'npm test', 'npm run train', 'npm run grid']) expect(ci).toContain(part)
  })
})
