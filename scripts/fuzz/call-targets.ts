import { readFileSync } from 'node:fs'
import { NativeMlpError } from 'native-mlp'
import { spoil } from './arguments.js'
import { type Call, publicCalls } from './calls.js'
import { hostileValue } from './hostile-values.js'
import type { Random } from './random.js'
import type { Target } from './targets.js'

type Callable = (...args: unknown[]) => unknown

/**
 * A target for every function that an entry of package.json exports, and for the methods in the table of calls.
 *
 * @throws Error for an export that the table lacks
 */
export async function callTargets(seeds: string, work: string): Promise<Target[]> {
  const calls = publicCalls(seeds, work)
  const exports = await publicFunctions()
  const missing = [...exports.keys()].filter((name) => !Object.hasOwn(calls, name))
  if (missing.length > 0) throw new Error(`scripts/fuzz/calls.ts has no call of ${missing.join(', ')}`)
  return Object.entries(calls).map(([name, call]) => callTarget(name, call, exports))
}

function callTarget(name: string, call: Call, exports: ReadonlyMap<string, Callable>): Target {
  const exported = exports.get(name) ?? exports.get(name.replace(/[ ,].*/, ''))
  if (call.of === undefined && exported === undefined) throw new Error(`${name}: no such export`)
  return {
    name: `call: ${name}`,
    share: call.share ?? 20,
    content: () => null,
    run: async (random) => {
      const args = await argumentsOf(call, random)
      const callable = (call.of?.() as Callable | undefined) ?? exported!
      const result = await invoke(callable, args)
      stop(result)
    },
  }
}

async function argumentsOf({ args, fixed, anything = true }: Call, random: Random): Promise<unknown[]> {
  if (anything && random.chance(0.25)) return Array.from({ length: random.below(5) }, () => hostileValue(random))
  const list = [...(await args())]
  spoil(list, random, fixed)
  return list
}

function invoke(callable: Callable, args: unknown[]): unknown {
  return isClass(callable) ? Reflect.construct(callable, args) : callable(...args)
}

export function isClass(callable: Callable): boolean {
  return /^class\b/.test(Function.prototype.toString.call(callable))
}

/** Ends the timers of a progress bar. */
function stop(result: unknown): void {
  const { stop: end } = (typeof result === 'object' && result !== null ? result : {}) as { stop?: unknown }
  if (typeof end === 'function') end.call(result)
}

/** The functions and classes of all entries, by name; the browser's own of the same name are left out. */
export async function publicFunctions(): Promise<Map<string, Callable>> {
  const root = new URL('..', import.meta.resolve('native-mlp'))
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const functions = new Map<string, Callable>()
  for (const file of entriesOf(exports).filter((path) => path.endsWith('.js'))) {
    for (const [name, value] of Object.entries(await import(new URL(file, root).href))) {
      if (typeof value !== 'function') continue
      const known = functions.get(name)
      if (known === undefined) functions.set(name, value as Callable)
      else if (known !== value) functions.set(`${name} of ${file}`, value as Callable)
    }
  }
  return functions
}

/** Files that the entries lead to, the entry of Node first. */
function entriesOf(exports: unknown): string[] {
  if (typeof exports === 'string') return [exports]
  const entries = Object.entries(exports as object).filter(([condition]) => condition !== 'types')
  return entries.reverse().flatMap(([, value]) => entriesOf(value))
}

/** Whether a public function may throw this. */
export function isStated(error: unknown): boolean {
  return error instanceof NativeMlpError && typeof error.code === 'string'
}
