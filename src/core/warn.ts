/** Prints a warning, in Node as a process warning of type NativeMlpWarning. */
export function warn(message: string): void {
  if (typeof process !== 'undefined' && process.emitWarning) process.emitWarning(message, 'NativeMlpWarning')
  else console.warn(`native-mlp: ${message}`)
}
