/**
 * Repeatedly kills a search with `kill -9`, its whole process tree at random times, and resumes it each time. In the end
 * results.csv and every model must have the bytes of an uninterrupted search, and no kill may cost more than two seconds of
 * any trial's work. If a search ends before all kills are done, another one starts.
 *
 *     npm run kill-search
 *     npm run kill-search -- --kills 20 --seed 7
 *     npm run kill-search -- --case regularised --kills 10
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseFlags } from './flags.js'
import { generator } from './fuzz/random.js'

const { values: flags } = parseFlags({
  options: {
    case: { type: 'string', default: 'plain' },
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    epochs: { type: 'string' },
    'most-lost': { type: 'string', default: '2' },
  },
})
const kills = Number(flags.kills)
const random = generator(Number(flags.seed))
const main = fileURLToPath(new URL('cli/main.js', import.meta.resolve('native-mlp')))
const folder = mkdtempSync(join(tmpdir(), 'native-mlp-kill-'))
let running: ChildProcess | null = null
process.on('exit', () => {
  if (running) killTree(running)
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const SPACE = { learningRate: { logUniform: [0.01, 0.5] }, hidden: { integer: [8, 32] }, activation: ['relu', 'tanh'] }

/** What `--case` names: the searches, with the epochs that let a kill hit the middle of most trials. */
const CASES: Readonly<Record<string, { readonly trials: number; readonly epochs: number; readonly config: object }>> = {
  // one learning rate is too high
  plain: {
    trials: 8,
    epochs: 300,
    config: { grid: { learningRate: [0.05, 0.2], l2: [0.0001, 0.001], hidden: [16, 32] } },
  },
  asynchronous: {
    trials: 16,
    epochs: 180,
    config: { strategy: 'halving', trials: 16, halving: { minEpochs: 20, asynchronous: true }, space: SPACE },
  },
  tpe: { trials: 16, epochs: 150, config: { strategy: 'tpe', trials: 16, tpe: { startup: 4 }, space: SPACE } },
  regularised: {
    trials: 30,
    epochs: 80,
    config: {
      ...{ learningRate: 0.01, l2: 0, hidden: 32, labelSmoothing: 0.1 },
      grid: {
        optimizer: ['sgd', 'momentum', 'rmsProp', 'adam', 'adamW'],
        schedule: ['constant', 'cosine', 'oneCycle'],
        dropout: [0, 0.2],
      },
    },
  },
}
if (!Object.hasOwn(CASES, flags.case)) fail(`--case: expected one of ${Object.keys(CASES).join(', ')}`)
const { trials, epochs, config: own } = CASES[flags.case]
const config = join(folder, 'config.json')
const rows = { limitTrain: 3000, limitTest: 500, evaluateOn: ['valid', 'test'] }
writeFileSync(config, JSON.stringify({ preset: 'quick', ...rows, epochs: Number(flags.epochs ?? epochs), ...own }))
const whole = join(folder, 'whole')
const start = performance.now()
await end(search(['--config', config, '--keep-models', '--out', whole]))
const uninterrupted = performance.now() - start
console.log(`uninterrupted search: ${(uninterrupted / 1000).toFixed(1)} s`)
/** The longest time until a kill, ms: shorter than most searches, also on a fast machine. */
const LONGEST = Math.min(3000, uninterrupted)

const lost: number[] = []
for (let round = 1; lost.length < kills; round++) await play(join(folder, `round-${round}`), round)
lost.sort((a, b) => a - b)
const [median, most] = [lost[Math.floor(lost.length / 2)], lost[lost.length - 1]]
console.log(
  `${kills} kills: at most ${most.toFixed(2)} s of a trial's work lost each time, median ${median.toFixed(2)} s`,
)
if (most > Number(flags['most-lost'])) fail(`a kill lost more than ${flags['most-lost']} s`)
console.log('every search has the bytes of the uninterrupted one')

/** One search from start to end, with kills. */
async function play(out: string, round: number): Promise<void> {
  mkdirSync(out)
  for (;;) {
    const journal = join(out, 'journal.jsonl')
    const before = existsSync(journal) ? readFileSync(journal).lastIndexOf(10) + 1 : 0
    const isBegun = before > 0
    const child = search(isBegun ? ['--resume', out] : ['--config', config, '--keep-models', '--out', out])
    const ended = end(child)
    ended.catch(() => undefined)
    const patience = lost.length < kills ? LONGEST * (0.1 + 0.9 * random()) : Number.POSITIVE_INFINITY
    const isDone =
      patience === Number.POSITIVE_INFINITY ? await ended.then(() => true) : await Promise.race([ended, wait(patience)])
    if (isDone) break
    killTree(child)
    const killed = Date.now()
    await new Promise((resolve) =>
      (child.exitCode ?? child.signalCode) === null ? child.once('exit', resolve) : resolve(0),
    )
    lost.push(lostBy(killed, out, before))
    const finished = existsSync(journal) ? finishedIn(journal) : 0
    const words = `after ${(patience / 1000).toFixed(2)} s: ${lost[lost.length - 1].toFixed(2)} s lost`
    console.log(`kill ${lost.length}, search ${round}, ${words}; ${finished} of ${trials} trials finished`)
  }
  compare(out)
  console.log(`search ${round}: same bytes`)
}

/**
 * Lost work of the trial that lost most, in seconds: since it started or resumed, or since its last checkpoint.
 *
 * @param before bytes of the journal at the start of the killed process
 */
function lostBy(killed: number, out: string, before: number): number {
  const journal = join(out, 'journal.jsonl')
  if (!existsSync(journal)) return 0
  const lines = readFileSync(journal).subarray(before).toString().split('\n').slice(0, -1)
  const running = new Map<number, number>()
  for (const { event, trial, at } of lines.map((line) => JSON.parse(line))) {
    if (event === 'start') running.set(trial, Date.parse(at))
    else if (event === 'trial') running.delete(trial)
  }
  const since = Array.from(running, ([trial, began]) => {
    const checkpoint = join(out, 'checkpoints', `trial-${trial}.safetensors`)
    return Math.max(began, existsSync(checkpoint) ? statSync(checkpoint).mtimeMs : 0)
  })
  return since.length === 0 ? 0 : Math.max(0, killed - Math.min(...since)) / 1000
}

function finishedIn(journal: string): number {
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1)
  return new Set(lines.map((line) => JSON.parse(line)).flatMap(({ event, trial }) => (event === 'trial' ? trial : [])))
    .size
}

function compare(out: string): void {
  const [expected, found] = [filesOf(whole), filesOf(out)]
  if (String([...expected.keys()]) !== String([...found.keys()]))
    fail(`${out}: its files differ from those of the uninterrupted search`)
  for (const [name, bytes] of expected) if (!bytes.equals(found.get(name)!)) fail(`${name}: different bytes`)
}

function filesOf(path: string): Map<string, Buffer> {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  const compared = names.filter((name) => name === 'results.csv' || name.endsWith('.safetensors')).sort()
  return new Map(compared.map((name) => [name, readFileSync(join(path, name))]))
}

/** In a process group of its own, so that all of its processes can be killed at once. */
function search(args: readonly string[]): ChildProcess {
  const command = [main, 'search', ...args, '--workers', flags.workers, '--no-figures']
  running = spawn(process.execPath, command, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  return running
}

function killTree(child: ChildProcess): void {
  if ((child.exitCode ?? child.signalCode) === null) process.kill(-child.pid!, 'SIGKILL')
}

/** Resolves when a search has succeeded. */
async function end(child: ChildProcess): Promise<true> {
  let errors = ''
  child.stderr!.on('data', (text) => {
    errors += text
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0 && child.signalCode !== 'SIGKILL') fail(`a search ended with code ${code}:\n${errors}`)
  return true
}

function fail(problem: string): never {
  console.error(`error: ${problem}`)
  process.exit(1)
}
