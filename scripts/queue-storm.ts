/**
 * A search on a queue with failures: eight workers on BullMQ, three of them killed and one paused past its lock timeout, and
 * Redis restarted meanwhile; then the same search in a single process. Reports whether every digest, results.csv and the best
 * model are the same. Starts its own redis-server on loopback.
 *
 *     npm run queue-storm
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RedisServer } from '../test/search/queue/redis-server.js'
import { parseFlags } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    workers: { type: 'string', default: '8' },
    kill: { type: 'string', default: '3' },
    epochs: { type: 'string', default: '16' },
    /** restart Redis without its append-only file */
    lose: { type: 'boolean', default: false },
  },
})

const MAIN = fileURLToPath(new URL('cli/main.js', import.meta.resolve('native-mlp')))
const LOCK_SECONDS = 2
const GRID = { learningRate: [0.02, 0.05, 0.1, 0.2], l2: [0, 0.0001, 0.001], hidden: [64, 128] }

const folder = mkdtempSync(join(tmpdir(), 'native-mlp-storm-'))
const config = join(folder, 'search.json')
writeFileSync(config, JSON.stringify({ preset: 'quick', limitTrain: 12_000, epochs: Number(flags.epochs), grid: GRID }))

const redis = await RedisServer.start({ persistent: !flags.lose })
const workers: Worker[] = []
const searches: ChildProcess[] = []
process.on('exit', () => {
  for (const child of [...searches, ...workers.map((worker) => worker.child)]) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    void redis.remove().finally(() => process.exit(1))
  })
}
try {
  const stormy = await storm()
  console.log('the same search in a single process ...')
  const calm = await search('calm', [])
  const same = { ...compare(stormy, calm) }
  for (const [what, equal] of Object.entries(same)) console.log(`${what}: ${equal ? 'the same' : 'DIFFERENT'}`)
  const passed = Object.values(same).every(Boolean)
  console.log(passed ? 'verdict: passed' : 'verdict: FAILED')
  process.exitCode = passed ? 0 : 1
} finally {
  for (const { child } of workers) child.kill('SIGKILL')
  await redis.remove()
  rmSync(folder, { recursive: true, force: true })
}

interface Worker {
  readonly child: ChildProcess
  readonly name: string
  output: string
}

function startWorker(i: number): Worker {
  const name = `worker-${i}`
  const args = ['worker', '--queue', redis.url, '--workers', '1', '--lock', String(LOCK_SECONDS), '--name', name]
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const worker: Worker = { child, name, output: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    worker.output += text
    for (const line of text.trimEnd().split('\n')) console.log(`  ${name}: ${line}`)
  })
  return worker
}

async function storm(): Promise<string> {
  const count = Number(flags.workers)
  for (let i = 0; i < count; i++) workers.push(startWorker(i))
  const running = search('stormy', ['--queue', redis.url])
  await Promise.all(workers.map((worker) => hasBegun(worker)))
  const [paused, ...rest] = workers
  await disrupt(`${paused.name} is paused`, () => paused.child.kill('SIGSTOP'))
  for (const { name, child } of rest.slice(0, Number(flags.kill))) {
    await disrupt(`${name} is killed`, () => child.kill('SIGKILL'))
  }
  await disrupt(`Redis is killed${flags.lose ? ' and loses its data' : ''}`, () => redis.stop())
  await disrupt('Redis is restarted', () => redis.start())
  await wait(3000 * LOCK_SECONDS)
  await disrupt(`${paused.name} is resumed`, () => paused.child.kill('SIGCONT'))
  return await running
}

async function disrupt(what: string, act: () => unknown): Promise<void> {
  await wait(500)
  console.log(`* ${what}`)
  await act()
}

async function hasBegun(worker: Worker): Promise<void> {
  while (!/: (begins|continues)/.test(worker.output)) {
    if (worker.child.exitCode !== null) throw new Error(`${worker.name} ended with ${worker.child.exitCode}`)
    await wait(50)
  }
}

/** @returns its folder */
async function search(name: string, more: readonly string[]): Promise<string> {
  const out = join(folder, name)
  const args = [MAIN, 'search', '--config', config, '--out', out, '--no-figures', ...more]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  searches.push(child)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the search ended with ${code}`)
  return out
}

function compare(a: string, b: string) {
  const same = (file: string) => readFileSync(join(a, file)).equals(readFileSync(join(b, file)))
  const [digestsA, digestsB] = [a, b].map(digests)
  console.log(`${digestsB.length} trials`)
  return {
    digests: digestsB.length > 0 && digestsA.join() === digestsB.join(),
    'results.csv': same('results.csv'),
    'the best model': same('best.safetensors'),
  }
}

/** In trial order. */
function digests(path: string): string[] {
  const lines = readFileSync(join(path, 'trials.jsonl'), 'utf8').trimEnd().split('\n')
  const trials = lines.map((line) => JSON.parse(line)).filter((line) => typeof line.digest === 'string')
  return trials.sort((a, b) => a.trial - b.trial).map(({ trial, digest }) => `${trial} ${digest}`)
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
