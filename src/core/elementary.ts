/**
 * Elementary functions in double precision, made of + - * / and square roots only, so that every JavaScript engine gives
 * the same bits (Math.exp and the like differ between engines). Errors stay below 1 ulp, tanh and sigmoid below 2 to 3.
 *
 * Range reductions and coefficients are those of FDLIBM 5.3 (e_exp.c, e_log.c, s_expm1.c, s_tanh.c, s_erf.c, k_cos.c, k_sin.c):
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a Sun Microsystems, Inc.
 * business. Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice
 * is preserved.
 */

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const TWO_54 = 18014398509481984

/** Two views of one double: how this file reads and builds exponents. */
const float64 = new Float64Array(1)
const words = new Int32Array(float64.buffer)
float64[0] = 1
const HIGH = words[1] === 0x3ff00000 ? 1 : 0
const LOW = 1 - HIGH

/** 2^k for -1022 <= k <= 1023. */
function powerOfTwo(k: number): number {
  words[LOW] = 0
  words[HIGH] = (k + 1023) << 20
  return float64[0]
}

/** x with the lower half of its bits cleared: squares of it are exact. */
function upperHalf(x: number): number {
  float64[0] = x
  words[LOW] = 0
  return float64[0]
}

/** y 2^k, rounded once, for y in about [0.5, 2] and any k that exp can need. */
function scale(y: number, k: number): number {
  if (k > 1023) return y * 2 * powerOfTwo(k - 1)
  if (k >= -1021) return y * powerOfTwo(k)
  return y * powerOfTwo(k + 1000) * powerOfTwo(-1000)
}

/** e^x. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY
  if (x < -745.1332191019411) return 0
  // x = k ln2 + r with |r| <= ln2 / 2; e^r = 1 + 2r / (R - r) by a minimax rational function (Remez)
  const k = x < 0 ? Math.ceil(Math.LOG2E * x - 0.5) : Math.floor(Math.LOG2E * x + 0.5)
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const t = r * r
  const p =
    0.16666666666666602 +
    t *
      (-0.0027777777777015593 +
        t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8)))
  const c = r - t * p
  return scale(1 - (low - (r * c) / (2 - c) - high), k)
}

/** The exponential of a softmax, for x <= 0: exactly +0 below -64, so that no probability is subnormal. */
export function softmaxExp(x: number): number {
  return x < -64 ? 0 : exp(x)
}

/** e^x - 1, accurate near 0, for x <= 44. */
export function expm1(x: number): number {
  if (x < -44) return -1
  let k = 0
  let r = x
  let correction = 0
  if (Math.abs(x) > 0.5 * Math.LN2) {
    k = Math.floor(Math.LOG2E * x + 0.5)
    const high = x - k * LN2_HIGH
    const low = k * LN2_LOW
    r = high - low
    correction = high - r - low
  }
  const half = 0.5 * r
  const t = r * half
  const q =
    1 +
    t *
      (-0.03333333333333313 +
        t *
          (0.0015873015872548146 +
            t * (-0.0000793650757867488 + t * (0.000004008217827329362 + t * -2.0109921818362437e-7))))
  const s = 3 - q * half
  let e = t * ((q - s) / (6 - r * s))
  if (k === 0) return r - (r * e - t)
  e = r * (e - correction) - correction - t
  if (k === -1) return 0.5 * (r - e) - 0.5
  if (k === 1) return r < -0.25 ? -2 * (e - (r + 0.5)) : 1 + 2 * (r - e)
  const power = powerOfTwo(k)
  if (k <= -2 || k > 56) return (1 - (e - r)) * power - 1
  const inverse = powerOfTwo(-k)
  return k < 20 ? (1 - inverse - (e - r)) * power : (r - (e + inverse) + 1) * power
}

/** Natural logarithm: -Infinity at 0, NaN below. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN
  if (x === 0) return Number.NEGATIVE_INFINITY
  if (x === Number.POSITIVE_INFINITY) return x
  let k = 0
  let y = x
  if (x < 2.2250738585072014e-308) {
    k = -54
    y = x * TWO_54
  }
  // y = 2^k (1 + f) with sqrt(2)/2 < 1 + f < sqrt(2)
  float64[0] = y
  let high = words[HIGH]
  k += (high >> 20) - 1023
  high &= 0xfffff
  const carry = (high + 0x95f64) & 0x100000
  words[HIGH] = high | (carry ^ 0x3ff00000)
  k += carry >> 20
  const f = float64[0] - 1
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373))
  const odd = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)))
  const r = even + odd
  const half = 0.5 * f * f
  return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f)
}

/** base^exponent for base >= 0 and exponent >= 0; the integer part of the exponent by squaring. */
export function power(base: number, exponent: number): number {
  let rest = Math.floor(exponent)
  let result = exponent === rest ? 1 : exp((exponent - rest) * log(base))
  for (let square = base; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square
    square *= square
  }
  return result
}

/** cos(pi t). The reduction is exact; the error stays below 2e-16. */
export function cosPi(t: number): number {
  const turn = Math.abs(t) % 2
  const r = turn > 1 ? 2 - turn : turn
  return r > 0.5 ? -cosPiNear(1 - r) : cosPiNear(r)
}

/** sin(pi t). */
export function sinPi(t: number): number {
  const r = t % 2
  return cosPi(r - 0.5)
}

/** cos(pi r) for 0 <= r <= 0.5. */
function cosPiNear(r: number): number {
  if (r > 0.25) return sinNear(Math.PI * (0.5 - r))
  const x = Math.PI * r
  const z = x * x
  const high = -2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)
  const p = z * (0.0416666666666666 + z * (-0.001388888888887411 + z * (0.00002480158728947673 + z * high)))
  return 1 - (0.5 * z - z * p)
}

/** sin x for |x| <= pi / 4. */
function sinNear(x: number): number {
  const z = x * x
  const high = 2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)
  const p = -0.16666666666666632 + z * (0.00833333333332249 + z * (-0.0001984126982985795 + z * high))
  return x + x * z * p
}

/** Hyperbolic tangent. */
export function tanh(x: number): number {
  if (Number.isNaN(x) || x === 0) return x
  const a = Math.abs(x)
  let t: number
  if (a >= 22) {
    t = 1
  } else if (a >= 1) {
    t = 1 - 2 / (expm1(2 * a) + 2)
  } else {
    const e = expm1(-2 * a)
    t = -e / (e + 2)
  }
  return x < 0 ? -t : t
}

/** Logistic function 1 / (1 + e^-x). */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exp(-x))
  const e = exp(x)
  return e / (1 + e)
}

/** Error function 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x
  const a = Math.abs(x)
  if (a < 0.84375) return erfNearZero(x, a)
  let y: number
  if (a < 1.25) y = 0.8450629115104675 + erfNearOne(a - 1)
  else if (a >= 6) y = 1
  else y = 1 - erfTail(a)
  return x < 0 ? -y : y
}

function erfNearZero(x: number, a: number): number {
  if (a < 3.725290298461914e-9) {
    // 2/sqrt(pi) x, computed from 8x if the product would be subnormal
    if (a < 2.848094538889218e-306) return 0.125 * (8 * x + 1.0270333367641007 * x)
    return x + 0.1283791670955126 * x
  }
  const z = x * x
  const r =
    0.12837916709551256 +
    z * (-0.3250421072470015 + z * (-0.02848174957559851 + z * (-0.005770270296489442 + z * -0.000023763016656650163)))
  const s =
    1 +
    z *
      (0.39791722395915535 +
        z *
          (0.0650222499887673 +
            z * (0.005081306281875766 + z * (0.00013249473800432164 + z * -0.000003960228278775368))))
  return x + x * (r / s)
}

function erfNearOne(s: number): number {
  const p =
    -0.0023621185607526594 +
    s *
      (0.41485611868374833 +
        s *
          (-0.3722078760357013 +
            s *
              (0.31834661990116175 +
                s * (-0.11089469428239668 + s * (0.035478304325618236 + s * -0.002166375594868791)))))
  const q =
    1 +
    s *
      (0.10642088040084423 +
        s *
          (0.540397917702171 +
            s *
              (0.07182865441419627 + s * (0.12617121980876164 + s * (0.01363708391202905 + s * 0.011984499846799107)))))
  return p / q
}

/** 1 - erf(a) for 1.25 <= a < 6. */
function erfTail(a: number): number {
  const s = 1 / (a * a)
  const ratio = a < 1 / 0.35 ? erfTailNear(s) : erfTailFar(s)
  const z = upperHalf(a)
  return (exp(-z * z - 0.5625) * exp((z - a) * (z + a) + ratio)) / a
}

function erfTailNear(s: number): number {
  const low =
    -0.009864944034847148 +
    s * (-0.6938585727071818 + s * (-10.558626225323291 + s * (-62.375332450326006 + s * tailNearHigh(s))))
  const q =
    645.3872717332679 +
    s * (429.00814002756783 + s * (108.63500554177944 + s * (6.570249770319282 + s * -0.0604244152148581)))
  const d = 1 + s * (19.651271667439257 + s * (137.65775414351904 + s * (434.56587747522923 + s * q)))
  return low / d
}

function tailNearHigh(s: number): number {
  return -162.39666946257347 + s * (-184.60509290671104 + s * (-81.2874355063066 + s * -9.814329344169145))
}

function erfTailFar(s: number): number {
  const p = -160.63638485582192 + s * (-637.5664433683896 + s * (-1025.0951316110772 + s * -483.5191916086514))
  const n = -0.0098649429247001 + s * (-0.799283237680523 + s * (-17.757954917754752 + s * p))
  const q = 3199.8582195085955 + s * (2553.0504064331644 + s * (474.52854120695537 + s * -22.44095244658582))
  const d = 1 + s * (30.33806074348246 + s * (325.7925129965739 + s * (1536.729586084437 + s * q)))
  return n / d
}
