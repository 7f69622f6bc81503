import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BenchReport } from 'native-mlp/bench'
import { type Command, type Contestant, parseLines, ROOT, run, type Setting, type Task } from './contest.js'
import { isOtherStep, isPrediction, isProduct, isSmallFit, isStep } from './kinds.js'

/** Locations of the other libraries. */
export interface Tools {
  readonly compiler: string
  readonly python: string
  /** folder whose node_modules holds the JavaScript libraries */
  readonly packages: string
}

const TYPESCRIPT = 'native-mlp in TypeScript'
const HERE = join(ROOT, 'scripts', 'peers')

export const DEFAULT_TOOLS: Tools = {
  compiler: 'g++',
  // Debian's own, for which python3-torch is packaged, before any other
  python: existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3',
  packages: HERE,
}

/** Debian packages that --install asks apt-get for. */
export const DEBIAN_PACKAGES = ['libopenblas-dev', 'libdnnl-dev', 'python3-sklearn', 'python3-torch']

/** All contestants for a setting, ours first. Small networks run on one thread, ours also on two. */
export function contestantsOf({ isa, threads }: Setting, tools: Tools, isBest: boolean): Contestant[] {
  const isSmall = (name: string) => threads === 1 && (isSmallFit(name) || isPrediction(name))
  if (isa === 'js') return typeScriptContestants(tools)
  const kernels = isa === 'avx512' ? ['SKYLAKEX', 'Haswell'] : isa === 'avx2' ? ['Haswell'] : ['']
  return [
    ourselves('native-mlp', (name) => isProduct(name) || isStep(name) || isOtherStep(name) || isSmall(name)),
    variant('native-mlp, 2 threads', isSmall, { threads: 2 }),
    variant(TYPESCRIPT, (name) => isSmall(name) && isPrediction(name), { isa: 'js' }),
    ...kernels.map((kernel) => openBlas(kernel, threads, tools)),
    oneDnn(isa, threads, tools),
    ...(isBest ? kernels.map((kernel) => pyTorch(kernel, threads, tools)) : []),
    ...(isBest && threads === 1 ? [scikitLearn(tools)] : []),
    ...(threads === 1 ? [plainLoop()] : []),
  ]
}

function typeScriptContestants(tools: Tools): Contestant[] {
  return [
    ourselves(TYPESCRIPT, (name) => isStep(name) || isPrediction(name)),
    tfjs('wasm', tools),
    tfjs('cpu', tools),
    brain(tools),
    plainLoop(),
  ]
}

export function ourselves(name: string, takes: Contestant['takes'], other: Partial<Setting> = {}): Contestant {
  return {
    name,
    ours: true,
    takes,
    prepare: async () => null,
    command: (task) => {
      const { cases, isa, threads, quick } = { ...task, ...other }
      const only = `^(${cases.join('|')})$`
      const flags = ['--json', '--isa', isa, '--threads', String(threads), '--only', only]
      const program = ['--import', 'tsx', 'scripts/bench.ts', ...flags, ...(quick ? ['--quick'] : [])]
      return { file: process.execPath, args: program }
    },
    parse: (stdout) => {
      const report: BenchReport = JSON.parse(stdout)
      const measurements = report.results.map(({ case: name, microseconds, flops, peak }) => {
        const { median, p10 } = microseconds
        return { case: name, median, p10, flops, ...(peak !== null && { peak }) }
      })
      return { version: report.version, measurements }
    },
  }
}

/** Ours with a setting other than the section's. */
function variant(name: string, takes: Contestant['takes'], other: Partial<Setting>): Contestant {
  return { ...ourselves(name, takes, other), ours: false, variant: true }
}

/** Our own kernels without Node; built by npm run bench:cpp. */
export function cppSteps(): Contestant {
  const program = join(ROOT, 'build-bench', 'step_bench')
  return {
    name: 'the same in C++',
    takes: isStep,
    prepare: async () => (existsSync(program) ? null : `${program} is missing: npm run bench:cpp builds it`),
    command: ({ pixels, labels, isa, threads, milliseconds, cases }) => {
      return { file: program, args: [pixels, labels, isa, String(threads), String(milliseconds), ...cases] }
    },
    parse: parseLines,
  }
}

function openBlas(kernel: string, threads: number, tools: Tools): Contestant {
  const env = {
    OPENBLAS_NUM_THREADS: String(threads),
    OPENBLAS_CORETYPE: kernel,
  }
  return compiled(`OpenBLAS${kernel && ` (${kernel})`}`, 'openblas', ['-lopenblas'], 'libopenblas-dev', tools, env)
}

function oneDnn(isa: string, threads: number, tools: Tools): Contestant {
  const env = { OMP_NUM_THREADS: String(threads), ...(isa === 'avx2' && { ONEDNN_MAX_CPU_ISA: 'AVX2' }) }
  return compiled('oneDNN', 'onednn', ['-ldnnl'], 'libdnnl-dev', tools, env)
}

/** A program of this folder with an installed library, compiled on demand. */
function compiled(
  name: string,
  program: string,
  libraries: readonly string[],
  debianPackage: string,
  { compiler }: Tools,
  env: Record<string, string>,
): Contestant {
  const binary = join(ROOT, 'build-peers', program)
  return {
    name,
    takes: isProduct,
    prepare: async () => {
      mkdirSync(join(ROOT, 'build-peers'), { recursive: true })
      const source = join(HERE, `${program}.cpp`)
      const command = { file: compiler, args: ['-std=c++17', '-O2', source, '-o', binary, ...libraries] }
      return reasonToSkip(command, `apt-get install ${debianPackage}, and a C++ compiler`)
    },
    command: ({ threads, milliseconds, cases }) => {
      return { file: binary, args: [String(threads), String(milliseconds), ...cases], env }
    },
    parse: parseLines,
  }
}

/** Limits the threads of the Python libraries; each also reports its number of threads, and these variables. */
function pythonEnvironment(threads: number): Record<string, string> {
  const names = ['OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'GOTO_NUM_THREADS']
  return { ...Object.fromEntries(names.map((name) => [name, String(threads)])), PYTHONDONTWRITEBYTECODE: '1' }
}

function pyTorch(kernel: string, threads: number, { python }: Tools): Contestant {
  const env = { ...pythonEnvironment(threads), OPENBLAS_CORETYPE: kernel }
  return {
    name: `PyTorch${kernel && ` (OpenBLAS ${kernel})`}`,
    takes: (name) => isStep(name) || isOtherStep(name) || (threads === 1 && isSmallFit(name)),
    prepare: () => reasonToSkip({ file: python, args: ['-c', 'import torch, numpy'] }, 'apt-get install python3-torch'),
    command: ({ pixels, labels, milliseconds, cases }) => {
      const args = [join(HERE, 'pytorch.py'), pixels, labels, String(threads), String(milliseconds), ...cases]
      return { file: python, args, env }
    },
    parse: parseLines,
  }
}

/** With the kernels that OpenBLAS selects. */
function scikitLearn({ python }: Tools): Contestant {
  return {
    name: 'scikit-learn',
    takes: isSmallFit,
    prepare: () => reasonToSkip({ file: python, args: ['-c', 'import sklearn'] }, 'apt-get install python3-sklearn'),
    command: ({ milliseconds, cases }) => {
      const args = [join(HERE, 'scikit_learn.py'), String(milliseconds), ...cases]
      return { file: python, args, env: pythonEnvironment(1) }
    },
    parse: parseLines,
  }
}

/** Eight lines of JavaScript. */
function plainLoop(): Contestant {
  return {
    name: 'plain loop',
    takes: isPrediction,
    prepare: async () => null,
    command: ({ milliseconds, cases }) => {
      return { file: process.execPath, args: [join(HERE, 'loop.mjs'), String(milliseconds), ...cases] }
    },
    parse: parseLines,
  }
}

function tfjs(backend: string, tools: Tools): Contestant {
  return javaScript(`TensorFlow.js ${backend}`, 'tfjs.mjs', '@tensorflow/tfjs', [backend], tools)
}

function brain(tools: Tools): Contestant {
  return javaScript('brain.js', 'brain.mjs', 'brain.js', [], tools)
}

function javaScript(
  name: string,
  program: string,
  npmPackage: string,
  args: readonly string[],
  { packages }: Tools,
): Contestant {
  const { resolve } = createRequire(join(packages, 'package.json'))
  return {
    name,
    takes: isStep,
    prepare: async () => {
      try {
        resolve(npmPackage)
        return null
      } catch {
        return `${npmPackage} is not installed in scripts/peers: npm run bench:peers -- --install`
      }
    },
    command: ({ pixels, labels, milliseconds, cases }: Task) => {
      const file = join(HERE, program)
      return { file: process.execPath, args: [file, pixels, labels, String(milliseconds), ...args, ...cases] }
    },
    parse: parseLines,
  }
}

async function reasonToSkip(command: Command, cure: string): Promise<string | null> {
  try {
    await run(command)
    return null
  } catch (error) {
    return `${(error as Error).message} (${cure})`
  }
}
