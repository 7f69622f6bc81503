/**
 * Reference values of exp, log, tanh and erf by Taylor series in fixed-point integers: 1 is 2^400. Slow, simple, and
 * shares nothing with what it checks.
 */
const BITS = 400n
export const ONE = 1n << BITS

/** The exact value of a double (|x| >= 2^-400 or 0). */
export function fixed(x: number): bigint {
  if (x === 0) return 0n
  let scale = 0
  let y = x
  while (!Number.isInteger(y)) {
    y *= 2
    scale++
  }
  return (BigInt(y) << BITS) >> BigInt(scale)
}

/** e^x as [mantissa, k] with value mantissa 2^k, so that huge and tiny results keep their digits. */
function expParts(x: bigint): [bigint, bigint] {
  const k = x / LN2
  const r = x - k * LN2
  let sum = ONE
  let term = ONE
  for (let n = 1n; term !== 0n; n++) {
    term = (term * r) / ONE / n
    sum += term
  }
  return [sum, k]
}

function ln2(): bigint {
  // sum over n >= 1 of 1 / (n 2^n)
  let sum = 0n
  for (let n = 1n; n <= BITS + 10n; n++) sum += (ONE >> n) / n
  return sum
}
const LN2 = ln2()

/** Distance of `value` from mantissa 2^k, in units of the last place of the exact value. */
function ulps(value: number, mantissa: bigint, k: bigint): number {
  const magnitude = mantissa < 0n ? -mantissa : mantissa
  const exponent = BigInt(magnitude.toString(2).length) - 1n - BITS + k
  const unit = exponent < -1022n ? -1074n : exponent - 52n
  // everything in units of 2^(unit - 20)
  const shift = 20n - unit
  const exact = shiftLeft(mantissa, k - BITS + shift)
  let scaled = value
  let power = shift
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    power--
  }
  const got = shiftLeft(BigInt(scaled), power)
  const difference = got - exact
  return Number(difference < 0n ? -difference : difference) / 2 ** 20
}

function shiftLeft(x: bigint, by: bigint): bigint {
  return by >= 0n ? x << by : x >> -by
}

export function expError(x: number, value: number): number {
  const [m, k] = expParts(fixed(x))
  return ulps(value, m, k)
}

/** By one Newton step in high precision from the double itself: log x = v + (x e^-v - 1) - ... */
export function logError(x: number, value: number): number {
  let scale = 0n
  let y = x
  while (y >= 2) {
    y /= 2
    scale++
  }
  while (y < 1) {
    y *= 2
    scale--
  }
  // log y = 2 artanh((y - 1) / (y + 1))
  const s = ((fixed(y) - ONE) * ONE) / (fixed(y) + ONE)
  const square = (s * s) / ONE
  let sum = 0n
  let term = s
  for (let n = 1n; term !== 0n; n += 2n) {
    sum += term / n
    term = (term * square) / ONE
  }
  return ulps(value, 2n * sum + scale * LN2, 0n)
}

export function tanhError(x: number, value: number): number {
  const [m, k] = expParts(2n * fixed(x))
  const e = shiftLeft(m, k)
  return ulps(value, ((e - ONE) * ONE) / (e + ONE), 0n)
}

export function sigmoidError(x: number, value: number): number {
  const [m, k] = expParts(fixed(x))
  const e = shiftLeft(m, k)
  return ulps(value, (e * ONE) / (e + ONE), 0n)
}

export function erfError(x: number, value: number): number {
  // 2/sqrt(pi) sum (-1)^n x^(2n+1) / (n! (2n+1))
  const f = fixed(x)
  const square = (f * f) / ONE
  let power = f
  let sum = 0n
  for (let n = 0n; power !== 0n; n++) {
    sum += power / (2n * n + 1n)
    power = (-power * square) / ONE / (n + 1n)
  }
  return ulps(value, (2n * sum * ONE) / SQRT_PI, 0n)
}

/** Machin: pi = 16 arctan(1/5) - 4 arctan(1/239). */
function sqrtPi(): bigint {
  const arctan = (inverse: bigint) => {
    let sum = 0n
    let term = ONE / inverse
    for (let n = 1n; term !== 0n; n += 2n) {
      sum += term / n
      term = -term / (inverse * inverse)
    }
    return sum
  }
  const pi = 16n * arctan(5n) - 4n * arctan(239n)
  let root = ONE * 2n
  for (let i = 0; i < 500; i++) root = (root + (pi * ONE) / root) / 2n
  return root
}
const SQRT_PI = sqrtPi()
