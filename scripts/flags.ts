import { readFileSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { NativeMlpError } from 'native-mlp'

/**
 * Parses the flags of the calling program. --help prints its first comment and the flags; an invalid flag, or a later error
 * of the package, ends it with one line.
 */
export function parseFlags<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  process.on('uncaughtException', (error) => {
    console.error(error instanceof NativeMlpError ? `error: ${error.message}` : error)
    process.exit(1)
  })
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(`${description()}\n\nFlags: ${flagWords(config).join(', ')}`)
    process.exit(0)
  }
  try {
    return parseArgs<T>(config)
  } catch (error) {
    return refuse(`${(error as Error).message.replace(/\. .*/, '')}; --help lists the flags`)
  }
}

/** The value in `choices` for the name in a flag. */
export function chosen<T>(flag: string, name: string, choices: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(choices, name)) return choices[name]
  return refuse(`${flag}: expected one of ${Object.keys(choices).join(', ')}, got ${name}`)
}

export function refuse(problem: string): never {
  console.error(`error: ${problem}`)
  process.exit(2)
}

function description(): string {
  const [, comment] = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(readFileSync(process.argv[1], 'utf8')) ?? []
  return comment.replace(/^ \* ?/gm, '')
}

function flagWords({ options = {} }: ParseArgsConfig): string[] {
  return Object.entries(options).map(([name, option]) => {
    const value = option.type === 'string' ? ' <value>' : ''
    return `--${name}${value}${option.default ? ` (${option.default})` : ''}`
  })
}
