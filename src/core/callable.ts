/** Whether a value is a function that cannot be called without `new`. */
export function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
}

/** Whether a value is a function, and not a class. */
export function isCallable(value: unknown): boolean {
  return typeof value === 'function' && !isClass(value)
}
