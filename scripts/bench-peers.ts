/**
 * Compares this package with OpenBLAS, oneDNN, PyTorch, scikit-learn, TensorFlow.js, brain.js and a plain loop, if they are
 * installed.
 *
 *     npm run bench:peers                      writes docs/results.md and docs/results.json
 *     npm run bench:peers -- --install         installs them first: Debian packages with apt-get, the others with npm
 *     npm run bench:peers -- --isa avx512 --threads 1 --only gemm --out folder
 *     npm run bench:peers -- --only '^(fit|predict)' --out folder    small networks only
 *     npm run bench:peers -- --only '^step (adamW|floats)' --out folder    AdamW, and dense float32 rows
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backendInfo } from 'native-mlp'
import { caseNames, describeMachine } from 'native-mlp/bench'
import { ROOT, runContest, type Setting } from './contest/contest.js'
import { contestantsOf, DEBIAN_PACKAGES, DEFAULT_TOOLS, type Tools } from './contest/contestants.js'
import { withMnistFiles } from './contest/mnist-files.js'
import { intoPage, markdown, type Results, type SectionResult, sectionResult } from './contest/results.js'
import { parseFlags } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    install: { type: 'boolean' },
    isa: { type: 'string' },
    threads: { type: 'string', default: '1,2' },
    only: { type: 'string', default: '^(gemm|step mnist|step adamW|step floats|fit|predict|predictor) ' },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
    compiler: { type: 'string', default: DEFAULT_TOOLS.compiler },
    python: { type: 'string', default: DEFAULT_TOOLS.python },
    packages: { type: 'string', default: DEFAULT_TOOLS.packages },
  },
})
const say = (line: string) => console.error(line)
const tools: Tools = flags
const best = backendInfo().isa

/** By default the best instruction set, AVX2 beside AVX-512, and JavaScript against JavaScript. */
function settings(): Setting[] {
  const isas = flags.isa?.split(',') ?? (best === 'avx512' ? ['avx512', 'avx2', 'js'] : [...new Set([best, 'js'])])
  return isas.flatMap((isa) => {
    const threads = isa === 'js' ? [1] : flags.threads.split(',').map(Number)
    return threads.map((n) => ({ isa, threads: n }))
  })
}

function install(): void {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo']
  const apt = [...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', ...DEBIAN_PACKAGES]
  const npm = ['npm', 'install', '--ignore-scripts', '--no-package-lock', '--prefix', DEFAULT_TOOLS.packages]
  for (const [file, ...args] of [apt, npm]) {
    const { status, error } = spawnSync(file, args, { stdio: ['ignore', 2, 2] })
    if (status !== 0) say(`${file}: ${error?.message ?? `exit code ${status}`}; what is missing will be skipped`)
  }
}

function write(results: Results, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const page = join(folder, 'results.md')
  writeFileSync(page, intoPage(existsSync(page) ? readFileSync(page, 'utf8') : '', markdown(results)))
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  say(`written: ${page} and results.json beside it`)
}

if (flags.install) install()
const machine = describeMachine()
const date = new Date().toISOString()
const rounds = flags.quick ? 1 : Number(flags.rounds)
const cases = caseNames(flags.only)
const sections = await withMnistFiles(async (files) => {
  const done: SectionResult[] = []
  for (const setting of settings()) {
    const contestants = contestantsOf(setting, tools, setting.isa === best)
    if (!contestants.some(({ ours, takes }) => ours && cases.some(takes))) continue
    const task = { ...setting, ...files, cases, quick: flags.quick, milliseconds: flags.quick ? 20 : 600 }
    done.push(sectionResult(setting, await runContest(contestants, task, rounds, say)))
  }
  return done
})
const given = process.argv.slice(2).map((word) => (/^[\w./=,-]+$/.test(word) ? word : `'${word}'`))
const command = ['npm run bench:peers', ...(given.length > 0 ? ['--', ...given] : [])].join(' ')
const results: Results = { format: 'native-mlp peers', formatVersion: 1, command, date, machine, rounds, sections }
console.log(markdown(results))
// a quick run must not replace complete figures
if (flags.out !== undefined || !flags.quick) write(results, flags.out ?? join(ROOT, 'docs'))
