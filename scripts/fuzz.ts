/**
 * Attacks the package with hostile input: real files of every format it reads and real messages of a queue, changed at random;
 * sets whose fields contradict each other; every public function and every operation of the addon with arguments that they do
 * not expect. No input may crash or hang a process (more than 2 s),
 * throw anything but a NativeMlpError with a code, put control characters into a message, or take more memory than ten times
 * its size and 64 MiB. The same seed gives the same inputs. An input that fails is saved, with the command that repeats it.
 *
 *     npm run fuzz
 *     npm run fuzz -- --count 1000000 --seconds 7200 --seed 7
 *     npm run fuzz -- --only '^file: (NPY|model)'
 *     npm run fuzz -- --replay runs/fuzz/1-123.json
 *     npm run fuzz:asan -- --seconds 600
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseFlags } from './flags.js'
import { type Campaign, replayFault, runCampaign } from './fuzz/campaign.js'
import { type Fault, signatureOf } from './fuzz/faults.js'
import { makeSeedFiles } from './fuzz/seed-files.js'

const { values: flags } = parseFlags({
  options: {
    count: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    out: { type: 'string', default: 'runs/fuzz' },
    replay: { type: 'string' },
    asan: { type: 'boolean', default: false },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'native-mlp-fuzz-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
const out = resolve(flags.out)
const seeds = join(folder, 'seeds')
await makeSeedFiles(seeds)
const campaign: Campaign = {
  seed: Number(flags.seed),
  count: Number(flags.count),
  seconds: Number(flags.seconds),
  only: flags.only,
  jobs: Number(flags.jobs),
  seeds,
  work: join(folder, 'work'),
  env: flags.asan ? sanitized() : {},
  slowness: flags.asan ? 20 : 1,
}
process.exitCode = flags.replay === undefined ? await attack() : await replay(flags.replay)

/** @returns the exit code */
async function attack(): Promise<number> {
  const started = Date.now()
  const seen = new Set<string>()
  const { counts, targets } = await runCampaign(campaign, async (fault) => {
    const signature = signatureOf(fault)
    if (seen.has(signature) || (await isOfTheMachine(fault))) return
    seen.add(signature)
    report(fault)
  })
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const seconds = Math.round((Date.now() - started) / 1000)
  console.log(
    `${total} inputs to ${targets.length} targets in ${seconds} s, seed ${campaign.seed}: ${seen.size} kinds of faults`,
  )
  for (const signature of seen) console.log(`  ${signature}`)
  return seen.size === 0 ? 0 : 1
}

/** Time and memory also depend on what else runs on the machine: such a fault counts if it occurs again, alone. */
async function isOfTheMachine(fault: Fault): Promise<boolean> {
  if (fault.kind !== 'hang' && fault.kind !== 'memory') return false
  return (await replayFault(campaign, fault)).length === 0
}

/** Saves a fault and says how to repeat it. */
function report(fault: Fault): void {
  const file = join(out, `${fault.seed}-${fault.number}.json`)
  mkdirSync(out, { recursive: true })
  writeFileSync(file, `${JSON.stringify(fault, null, 2)}\n`)
  console.log(`\n${fault.kind}: ${fault.target}\n${words(fault)}`)
  console.log(`repeat it: npm run fuzz${flags.asan ? ':asan' : ''} -- --replay ${file}`)
}

function words({ problem, stack }: Fault): string {
  return (stack?.includes(problem) ? stack : [problem, stack ?? ''].join('\n')).slice(0, 3000)
}

async function replay(file: string): Promise<number> {
  const fault = JSON.parse(readFileSync(file, 'utf8')) as Fault
  const faults = await replayFault(campaign, fault)
  for (const found of faults) console.log(`${found.kind}: ${found.target}\n${words(found)}`)
  if (faults.length === 0) console.log(`${fault.target}: the input does no harm`)
  return faults.length === 0 ? 0 : 1
}

/** Variables under which a worker loads the addon that npm run fuzz:asan builds. */
function sanitized(): NodeJS.ProcessEnv {
  const library = (name: string) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()
  return {
    NATIVE_MLP_ADDON_PATH: fileURLToPath(new URL('../build-fuzz/Release/native_mlp.node', import.meta.url)),
    LD_PRELOAD: ['libasan.so', 'libubsan.so'].map(library).join(' '),
    // V8 never frees all; memory that cannot be had is an error of the package
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:abort_on_error=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
}
