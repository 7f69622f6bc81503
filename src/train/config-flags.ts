import { checkValue, type Name, rowOf, type TrainingConfig } from './config.js'

/** The flag of a hyper-parameter on the command line: '--learning-rate'. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The arguments that give a hyper-parameter this value: ['--hidden', '512,256'], ['--no-l2-biases']. */
export function flagArguments<K extends Name>(name: K, value: TrainingConfig[K]): string[] {
  const { argument, write } = rowOf(name)
  const flag = flagOf(name)
  if (argument === null) return [value ? flag : flag.replace('--', '--no-')]
  return [flag, write(value)]
}

/**
 * What a flag that was given means.
 *
 * @param given its argument, or whether it was given as `--name` or as `--no-name`
 * @throws NativeMlpError INVALID_ARGUMENT naming the flag
 */
export function readFlag<K extends Name>(name: K, given: string | boolean): TrainingConfig[K] {
  const { read, none } = rowOf(name)
  const value = typeof given === 'string' ? read(given) : given
  return checkValue(name, flagOf(name), value, none && `, or ${none.word} for ${none.meaning}`)
}
