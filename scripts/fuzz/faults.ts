/** What may be wrong with an input. */
export type FaultKind = 'crash' | 'hang' | 'raw error' | 'control characters' | 'memory' | 'late error' | 'pollution'

/** An input that did what none may do. */
export interface Fault {
  readonly target: string
  readonly seed: number
  /** of the input in the run */
  readonly number: number
  readonly kind: FaultKind
  /** the message of an error, the report of a sanitizer, or what was measured */
  readonly problem: string
  /** where it was thrown, or null */
  readonly stack: string | null
  /** the changed file, base64; null for a call, whose arguments follow from seed and number */
  readonly content: string | null
}

/** Equal for faults that probably have one cause: the same kind of the same target, thrown at the same place. */
export function signatureOf({ target, kind, problem, stack }: Fault): string {
  const at = stack?.split('\n').find((line) => /[/\\](src|dist|native)[/\\]|\.(cpp|h|inl):/.test(line)) ?? ''
  const words = problem.split('\n')[0].replace(/\d+|"[^"]*"|'[^']*'|0x[0-9a-f]+/g, '#')
  return [target.replace(/\(.*\)/, ''), kind, words.slice(0, 60), at.trim()].join(' | ')
}
