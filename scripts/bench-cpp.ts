/**
 * Measures the overhead of the JavaScript interface in a training step: the step of npm run bench and the same one in C++,
 * in alternating processes. npm run bench:cpp builds the latter first.
 *
 *     npm run bench:cpp
 *     npm run bench:cpp -- --threads 1 --rounds 9 --only 'H=128'
 */
import { backendInfo } from 'native-mlp'
import { alignColumns, caseNames, describeMachine } from 'native-mlp/bench'
import { overall, runContest, timesAsFast } from './contest/contest.js'
import { cppSteps, ourselves } from './contest/contestants.js'
import { isStep } from './contest/kinds.js'
import { withMnistFiles } from './contest/mnist-files.js'
import { parseFlags } from './flags.js'

const { values: flags } = parseFlags({
  options: {
    isa: { type: 'string', default: backendInfo().isa },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: 'step mnist' },
    quick: { type: 'boolean', default: false },
  },
})
const { cpu, node, load } = describeMachine()
const rounds = flags.quick ? 1 : Number(flags.rounds)
const cases = caseNames(flags.only).filter(isStep)
const contestants = [ourselves('JavaScript', isStep), cppSteps()]
const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)} %`

const rows = await withMnistFiles(async (files) => {
  const table: string[][] = []
  for (const threads of flags.threads.split(',').map(Number)) {
    const effort = { quick: flags.quick, milliseconds: flags.quick ? 20 : 600 }
    const task = { isa: flags.isa, threads, ...files, ...effort, cases }
    const { scores } = await runContest(contestants, task, rounds, console.error)
    const [ours, theirs] = scores.map((score) => score.rounds)
    if (!theirs) throw new Error('the C++ steps were not measured')
    for (const name of cases) {
      const [js, cpp] = [ours.get(name)!, theirs.get(name)!]
      const [a, b] = [overall(js), overall(cpp)]
      const times = [a.median, b.median, a.p10, b.p10].map((microseconds) => microseconds.toFixed(1))
      table.push([`${name}, threads ${threads}`, ...times, percent(timesAsFast(cpp, js)), percent(a.p10 / b.p10)])
    }
  }
  return table
})

console.log(`${flags.isa} on ${cpu}, Node ${node}, load before ${load}; microseconds, the middle of ${rounds} rounds`)
const header = ['case', 'JavaScript', 'C++', 'JavaScript p10', 'C++ p10', 'JavaScript adds', 'at p10']
console.log(alignColumns([header, ...rows]))
