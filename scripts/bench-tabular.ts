/**
 * Compares MLPClassifier and MLPRegressor with their defaults to scikit-learn's MLP, random forest and HistGradientBoosting and to
 * XGBoost with theirs, on tables with fixed splits: accuracy and log loss, or RMSE and R2, and seconds of `fit`.
 *
 *     npm run bench:tabular                          the three tables of test/fixtures/tables
 *     npm run bench:tabular -- --data folder         CSV files and splits of your own (test/fixtures/tables/README.md)
 *     npm run bench:tabular -- --install             installs scikit-learn and XGBoost first, Debian's packages
 *     npm run bench:tabular -- --only '^iris$' --splits 1 --threads 2 --out docs/tabular.md
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from 'native-mlp/bench'
import { DEFAULT_TOOLS } from './contest/contestants.js'
import { parseFlags } from './flags.js'
import { OURS, ours, PEERS, peers } from './tabular/models.js'
import { readSets } from './tabular/sets.js'
import { type SetScores, summary } from './tabular/summary.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DEBIAN_PACKAGES = ['python3-sklearn', 'python3-xgboost']

const { values: flags } = parseFlags({
  options: {
    data: { type: 'string', default: join(ROOT, 'test', 'fixtures', 'tables') },
    only: { type: 'string', default: '' },
    splits: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    install: { type: 'boolean', default: false },
    python: { type: 'string', default: DEFAULT_TOOLS.python },
    out: { type: 'string' },
  },
})
const say = (line: string) => console.error(line)
const threads = Number(flags.threads)
// read when the first model chooses its backend
process.env.NATIVE_MLP_THREADS = flags.threads

function install(): void {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo']
  const [file, ...args] = [...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', ...DEBIAN_PACKAGES]
  const { status, error } = spawnSync(file, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) say(`${file}: ${error?.message ?? `exit code ${status}`}; what is missing will be skipped`)
}

/** Those whose modules are installed. */
function installed(): string[] {
  const has = (module: string) => spawnSync(flags.python, ['-c', `import ${module}`]).status === 0
  if (!has('sklearn')) {
    say(`scikit-learn is not installed for ${flags.python}: npm run bench:tabular -- --install`)
    return []
  }
  if (has('xgboost')) return PEERS
  say(`XGBoost is not installed for ${flags.python}: npm run bench:tabular -- --install`)
  return PEERS.slice(1)
}

if (flags.install) install()
const models = installed()
const machine = describeMachine()
const version = `native-mlp ${process.env.npm_package_version ?? ''}`.trim()
const results: SetScores[] = []
for (const set of await readSets(flags.data, new RegExp(flags.only), Number(flags.splits))) {
  const scores = []
  for (const split of set.splits) {
    scores.push(await ours(set, split, version))
    if (models.length > 0) scores.push(...peers(set, split, models, flags.python, threads))
  }
  const { name, task, rows, splits } = set
  results.push({ name, task, rows: rows.length, splits: splits.length, scores })
  say(`${name}: ${scores.map(({ model, seconds }) => `${model} ${seconds.toFixed(2)} s`).join(', ')}`)
}
const versions = [...new Set(results.flatMap(({ scores }) => scores.map((score) => score.version)))]
const busy =
  machine.load > 0.5 * machine.cores ? ` The machine was busy (load ${machine.load}): compare no seconds.` : ''
const page = [
  '# Tables beside scikit-learn and XGBoost',
  `\`npm run bench:tabular\` on ${machine.cpu}, ${flags.threads} ${threads === 1 ? 'thread' : 'threads'} each; ${versions.join(', ')}.${busy} ` +
    'Every model with its defaults learns from the same rows and predicts the same test rows, of which it has seen nothing; figures are ' +
    `means over splits. Seconds are those of \`fit\`, preprocessing included. ${OURS} averages its members.`,
  summary(results),
].join('\n\n')
console.log(page)
if (flags.out !== undefined) {
  const isNew = !existsSync(flags.out)
  writeFileSync(flags.out, `${page}\n`)
  say(`${isNew ? 'written' : 'replaced'}: ${flags.out}`)
}
