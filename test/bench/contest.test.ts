import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type Contestant,
  type Measurement,
  parseLines,
  ROOT,
  runContest,
  type Task,
  timesAsFast,
} from '../../scripts/contest/contest.js'
import { contestantsOf } from '../../scripts/contest/contestants.js'
import { intoPage, markdown, type Results, sectionResult } from '../../scripts/contest/results.js'

const NO_TOOLS = { compiler: '/nowhere/g++', python: '/nowhere/python3', packages: '/nowhere' }
const PRODUCT = 'gemm 64x128x784 NN'
const STEP = 'step mnist B=64 H=128'
const FIT = 'fit 30-100-2 B=32'
const PREDICTION = 'predict 30-100-2'
const TASK: Task = {
  isa: 'avx2',
  threads: 1,
  cases: [PRODUCT, STEP],
  milliseconds: 1,
  quick: true,
  pixels: '',
  labels: '',
}

/** A contestant whose process prints these samples for each case, in turn from run to run. */
function fake(name: string, takes: (name: string) => boolean, samples: number[][], ours = false): Contestant {
  let runs = 0
  return {
    name,
    ours,
    takes,
    prepare: async () => null,
    command: ({ cases }) => {
      const lines = [{ version: `${name} 1.0` }, ...cases.map((one) => ({ case: one, samples: samples[runs] }))]
      runs++
      const program = `console.log('a banner'); for (const line of ${JSON.stringify(lines)}) console.log(JSON.stringify(line))`
      return { file: process.execPath, args: ['-e', program] }
    },
    parse: parseLines,
  }
}

function broken(name: string, program: string): Contestant {
  const command = () => ({ file: process.execPath, args: ['-e', program] })
  return { ...fake(name, () => true, []), command }
}

const measured = (...medians: number[]): Measurement[] => medians.map((m) => ({ case: STEP, median: m, p10: m }))

describe('those who are missing', () => {
  it.each(['avx512', 'avx2', 'neon', 'js'])('are skipped with a line that says how to get them: %s', async (isa) => {
    const contestants = contestantsOf({ isa, threads: 1 }, NO_TOOLS, true)
    const isPresent = ({ ours, variant, name }: Contestant) => ours || variant || name === 'plain loop'
    expect(contestants[0].ours).toBe(true)
    for (const present of contestants.filter(isPresent)) expect(await present.prepare()).toBeNull()
    const peers = contestants.filter((one) => !isPresent(one))
    expect(peers.length).toBeGreaterThan(2)
    for (const peer of peers) {
      const reason = await peer.prepare()
      expect(reason, peer.name).toMatch(/apt-get install \S+|npm run bench:peers -- --install/)
      expect(reason, peer.name).not.toContain('\n')
    }
  })

  it('do not keep the others from measuring', async () => {
    const said: string[] = []
    const peers = contestantsOf({ isa: 'avx2', threads: 1 }, NO_TOOLS, true).filter(({ name }) => /^[A-Z]/.test(name))
    const contest = await runContest([fake('us', () => true, [[1]], true), ...peers], TASK, 1, (line) =>
      said.push(line),
    )
    expect(contest.scores.map(({ contestant }) => contestant.name)).toEqual(['us'])
    expect(contest.absent).toHaveLength(peers.length)
    for (const line of contest.absent) expect(said).toContain(line)
    expect(contest.absent[0]).toMatch(/^OpenBLAS \(Haswell\): skipped: .*\/nowhere\/g\+\+/)
  })
})

describe('small networks', () => {
  const namesOf = (isa: string, threads: number, isBest: boolean, name: string) => {
    const takers = contestantsOf({ isa, threads }, NO_TOOLS, isBest).filter(({ takes }) => takes(name))
    return takers.map((one) => one.name)
  }

  it('are trained on one thread, ours on two beside it', () => {
    const peers = ['PyTorch (OpenBLAS Haswell)', 'scikit-learn']
    expect(namesOf('avx2', 1, true, FIT)).toEqual(['native-mlp', 'native-mlp, 2 threads', ...peers])
    expect(namesOf('avx2', 1, false, FIT)).toEqual(['native-mlp', 'native-mlp, 2 threads'])
    expect(namesOf('avx2', 2, true, FIT)).toEqual([])
  })

  it('and steps with AdamW or on float32 rows are compared with PyTorch, where it has its threads', () => {
    for (const name of ['step adamW mnist B=128 H=512', 'step floats 784-512-10 B=256']) {
      for (const threads of [1, 2]) {
        expect(namesOf('avx2', threads, true, name)).toEqual(['native-mlp', 'PyTorch (OpenBLAS Haswell)'])
      }
      expect(namesOf('js', 1, false, name)).toEqual([])
    }
  })

  it('predict beside the TypeScript backend and a plain loop', () => {
    const ours = ['native-mlp', 'native-mlp, 2 threads', 'native-mlp in TypeScript']
    expect(namesOf('avx2', 1, true, PREDICTION)).toEqual([...ours, 'plain loop'])
    expect(namesOf('js', 1, false, PREDICTION)).toEqual(['native-mlp in TypeScript', 'plain loop'])
  })

  it('keep the libraries under Python to one thread', () => {
    const command = (name: string) => {
      const one = contestantsOf({ isa: 'avx2', threads: 1 }, NO_TOOLS, true).find((each) => each.name.startsWith(name))!
      return one.command({ ...TASK, cases: [FIT] })
    }
    for (const name of ['PyTorch', 'scikit-learn']) {
      expect(command(name).args).toContain(FIT)
      expect(command(name).env).toMatchObject({
        OMP_NUM_THREADS: '1',
        MKL_NUM_THREADS: '1',
        OPENBLAS_NUM_THREADS: '1',
        GOTO_NUM_THREADS: '1',
      })
    }
  })

  it('ask for another setting than the section where it says so', () => {
    const [, two, typeScript] = contestantsOf({ isa: 'avx2', threads: 1 }, NO_TOOLS, true)
    expect(two.command(TASK).args.join(' ')).toContain('--isa avx2 --threads 2')
    expect(typeScript.command(TASK).args.join(' ')).toContain('--isa js --threads 1')
  })
})

describe('a contest', () => {
  it('lets everybody measure once a round, in turn', async () => {
    const said: string[] = []
    const us = fake('us', () => true, [[1, 2, 3], [4]], true)
    const them = fake('them', (name) => name === STEP, [[20], [10]])
    const { scores, absent } = await runContest([us, them], TASK, 2, (line) => said.push(line))
    expect(said.map((line) => line.replace(/.*, /, ''))).toEqual([
      'round 1 of 2: us',
      'round 1 of 2: them',
      'round 2 of 2: us',
      'round 2 of 2: them',
    ])
    expect(absent).toEqual([])
    expect(scores[0].version).toBe('us 1.0')
    expect(scores[0].rounds.get(PRODUCT)!.map(({ median }) => median)).toEqual([2, 4])
    expect([...scores[1].rounds.keys()]).toEqual([STEP])
  })

  it('goes on without one that fails or leaves a case out, and says why', async () => {
    const us = fake('us', () => true, [[1], [1]], true)
    const crashing = broken('crashing', 'throw new Error("no such instruction")')
    const silent = broken('silent', '')
    const { scores, absent } = await runContest([us, crashing, silent], TASK, 2, () => {})
    expect(scores).toHaveLength(1)
    expect(absent).toHaveLength(2)
    expect(absent[0]).toMatch(/^crashing: failed: .*no such instruction/)
    expect(absent[1]).toBe(`silent: failed: it did not measure ${PRODUCT}, ${STEP}`)
  })

  it('ends when our own entry fails', async () => {
    const us = { ...broken('us', 'process.exit(3)'), ours: true }
    await expect(runContest([us], TASK, 1, () => {})).rejects.toThrow()
  })

  it('compares neighbours in time', () => {
    // the machine was three times slower in the second round: ours took 2, 6, 2 against 4, 12, 5
    expect(timesAsFast(measured(2, 6, 2), measured(4, 12, 5))).toBe(2)
  })
})

describe('the results', () => {
  /** Ours takes 100 us, another setting of ours 150, the others 200 and 400. */
  async function example(cases = [PRODUCT, STEP]): Promise<Results> {
    const us: Contestant = {
      ...fake('us', () => true, [[100]], true),
      parse: (stdout) => {
        const output = parseLines(stdout)
        return { ...output, measurements: output.measurements.map((one) => ({ ...one, flops: 8e6, peak: 100 })) }
      },
    }
    const contest = await runContest(
      [
        us,
        { ...fake('us, 2 threads', (name) => name === FIT, [[150]]), variant: true },
        fake('slow', () => true, [[400]]),
        fake('fast', () => true, [[200]]),
      ],
      { ...TASK, cases },
      1,
      () => {},
    )
    const machine = { cpu: 'a CPU', cores: 2, platform: 'linux', arch: 'x64', os: '6', node: 'v20.0.0', load: 0 }
    const common = {
      format: 'native-mlp peers',
      formatVersion: 1,
      date: '2026-01-02T00:00:00Z',
      machine,
      rounds: 1,
    } as const
    return {
      ...common,
      command: 'npm run bench:peers',
      sections: [sectionResult({ isa: 'avx2', threads: 1 }, contest)],
    }
  }

  it('compare us with the fastest of the others', async () => {
    const { sections } = await example()
    expect(sections[0]).toMatchObject({ isa: 'avx2', threads: 1, peak: 100, absent: [] })
    expect(sections[0].cases.map((one) => [one.case, one.fastestPeer, one.timesAsFast])).toEqual([
      [PRODUCT, 'fast', 2],
      [STEP, 'fast', 2],
    ])
  })

  it('are shown with machine, command, rates and limits', async () => {
    const text = markdown(await example())
    for (const word of ['a CPU', 'npm run bench:peers', '2026-01-02', 'v20.0.0', 'fast 1.0'])
      expect(text).toContain(word)
    // 8 MFLOP in 100 us: 80 of 100 GFLOP/s; 80 us is the limit of the step
    expect(text).toContain('| 64x128x784 NN | 80.0 | 0.80 | 20.0 | 40.0 | 2.00 |')
    expect(text).toContain('| mnist B=64 H=128 | 100.0 | 1.25 | 400.0 | 200.0 | 2.00 |')
  })

  it('show small networks beside the limit of their arithmetic, and our other settings with what they take more', async () => {
    const results = await example([FIT, PREDICTION])
    const [fit] = results.sections[0].cases
    expect(fit).toMatchObject({ fastestPeer: 'fast', timesAsFast: 2, times: { 'us, 2 threads': { timesOurs: 1.5 } } })
    const text = markdown(results)
    expect(text).toContain('| network | us | FMA limit | times the limit | us, 2 threads | slow | fast |')
    expect(text).toContain('| 30-100-2 B=32 | 100.0 | 80.0 | 1.25 | 150.0 (1.50) | 400.0 | 200.0 | 2.00 |')
    expect(text).toContain('| predict 30-100-2 | 100.0 | 400.0 | 200.0 | 2.00 |')
  })

  it('call themselves noise where the machine was busy', async () => {
    const results = await example()
    const at = (load: number) => markdown({ ...results, machine: { ...results.machine, load } })
    expect(at(1.49)).not.toContain('busy')
    expect(at(1.5)).toContain('busy (load 1.5)')
  })

  it('replace the ones before and leave the rest of the page alone', () => {
    const first = intoPage('# Results\n\nAccuracy.\n', 'one')
    expect(first).toMatch(/^# Results\n\nAccuracy\.\n[\s\S]*one/)
    const second = intoPage(`${first}\n## After\n`, 'two')
    expect(second).toContain('two')
    expect(second).not.toContain('one')
    expect(second).toMatch(/Accuracy\.[\s\S]*two[\s\S]*## After/)
    expect(intoPage(second, 'two')).toBe(second)
  })
})

describe('npm run bench:peers', () => {
  it('passes over settings that have nothing to measure, and measures small networks beside a plain loop', async () => {
    const out = mkdtempSync(join(tmpdir(), 'native-mlp-peers-test-'))
    try {
      const tools = Object.entries(NO_TOOLS).flatMap(([name, path]) => [`--${name}`, path])
      const flags = ['--quick', '--isa', 'js', '--only', '^(fit|predict) [34]', '--out', out, ...tools]
      const program = ['--import', 'tsx', 'scripts/bench-peers.ts', ...flags]
      await promisify(execFile)(process.execPath, program, { cwd: ROOT })
      const { sections }: Results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))
      expect(sections[0].contestants.map(({ name }) => name)).toEqual(['native-mlp in TypeScript', 'plain loop'])
      for (const { fastestPeer, timesAsFast } of sections[0].cases) {
        expect(fastestPeer).toBe('plain loop')
        expect(timesAsFast).toBeGreaterThan(0)
      }
    } finally {
      rmSync(out, { recursive: true })
    }
  })

  it('measures us and writes page and JSON where nobody else is installed', async () => {
    const out = mkdtempSync(join(tmpdir(), 'native-mlp-peers-test-'))
    try {
      const tools = Object.entries(NO_TOOLS).flatMap(([name, path]) => [`--${name}`, path])
      const flags = ['--quick', '--isa', 'js', '--only', STEP, '--out', out, ...tools]
      const program = ['--import', 'tsx', 'scripts/bench-peers.ts', ...flags]
      const { stdout, stderr } = await promisify(execFile)(process.execPath, program, { cwd: ROOT })
      const results: Results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))
      expect(results).toMatchObject({ format: 'native-mlp peers', rounds: 1, machine: { node: process.version } })
      expect(results.sections[0].cases[0].times['native-mlp in TypeScript'].median).toBeGreaterThan(0)
      expect(results.sections[0].absent.length).toBeGreaterThan(1)
      expect(stderr).toContain('TensorFlow.js wasm: skipped: ')
      expect(readFileSync(join(out, 'results.md'), 'utf8')).toContain(stdout.trim())
    } finally {
      rmSync(out, { recursive: true })
    }
  })
})
