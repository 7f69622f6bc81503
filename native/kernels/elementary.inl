// Elementary functions of the numeric contract: the same polynomial steps on every instruction set. Scalar code without
// branches on the value, so that the compiler may vectorise the loops that call it; every operation is an IEEE one.
// The polynomials were fitted at Chebyshev nodes in 60 digits; relative errors are those of the fit.

MLP_INLINE float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

MLP_INLINE float from_bits(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

MLP_INLINE uint32_t to_bits(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

MLP_INLINE bool finite1(float x) { return (to_bits(x) & 0x7f800000u) != 0x7f800000u; }

// exp(r) = 1 + r + r^2 P(r) for |r| <= ln2 / 2, highest power first
constexpr float kExp[6] = {0.000198909908247f, 0.00139336499963f, 0.00833331092548f,
                           0.0416664649253f,   0.166666666816f,   0.500000001347f};

// exp(x) for x <= 0; exactly +0 below -64, so that no softmax makes a denormal. x = n ln2 + r, exp = 2^n exp(r).
MLP_INLINE float exp_nonpositive(float x) {
  const float clamped = x < -64.0f ? -64.0f : x;
  const float shifted = fma1(clamped, 1.44269504f, 12582912.0f);  // 1.5 * 2^23: rounds to an integer
  const float n = shifted - 12582912.0f;
  float r = fma1(n, -0.693145751953125f, clamped);
  r = fma1(n, -1.4286068203094172e-6f, r);
  float p = kExp[0];
  MLP_UNROLL for (int i = 1; i < 6; i++) p = fma1(p, r, kExp[i]);
  p = fma1(p, r * r, r) + 1.0f;
  const float scaled = from_bits(to_bits(p) + ((to_bits(shifted) - static_cast<uint32_t>(kShiftBits)) << 23));
  return x < -64.0f ? 0.0f : scaled;
}

// exp(x) - 1 for x <= 0, with the steps of exp_nonpositive; accurate near 0
MLP_INLINE float expm1_nonpositive(float x) {
  const float clamped = x < -64.0f ? -64.0f : x;
  const float shifted = fma1(clamped, 1.44269504f, 12582912.0f);
  const float n = shifted - 12582912.0f;
  float r = fma1(n, -0.693145751953125f, clamped);
  r = fma1(n, -1.4286068203094172e-6f, r);
  float p = kExp[0];
  MLP_UNROLL for (int i = 1; i < 6; i++) p = fma1(p, r, kExp[i]);
  const float near_zero = fma1(p, r * r, r);
  const float scaled = from_bits(to_bits(near_zero + 1.0f) + ((to_bits(shifted) - static_cast<uint32_t>(kShiftBits)) << 23));
  return n == 0.0f ? near_zero : scaled - 1.0f;
}

// log of a positive finite double: x = m 2^e, m in [sqrt(1/2), sqrt(2)), log m = 2 atanh((m - 1) / (m + 1))
MLP_INLINE double log_positive(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  const uint64_t offset = bits - 0x3fe6a09e667f3bcdull;  // sqrt(1/2)
  const double e = static_cast<double>(static_cast<int64_t>(offset) >> 52);
  bits = (offset & 0x000fffffffffffffull) + 0x3fe6a09e667f3bcdull;
  double m;
  __builtin_memcpy(&m, &bits, sizeof m);
  const double s = (m - 1.0) / (m + 1.0);
  const double t = s * s;
  double p = 1.0 / 21.0;
  p = p * t + 1.0 / 19.0;
  p = p * t + 1.0 / 17.0;
  p = p * t + 1.0 / 15.0;
  p = p * t + 1.0 / 13.0;
  p = p * t + 1.0 / 11.0;
  p = p * t + 1.0 / 9.0;
  p = p * t + 1.0 / 7.0;
  p = p * t + 1.0 / 5.0;
  p = p * t + 1.0 / 3.0;
  const double two_s = 2.0 * s;
  return e * 0.6931471803691238 + (two_s + (two_s * (t * p) + e * 1.9082149292705877e-10));
}

// |x| < 0.625: x + x^3 P(x^2); else (1 - e) / (1 + e), e = exp(-2|x|); +-1 to rounding from 10 on
MLP_INLINE float tanh1(float x) {
  const float a = from_bits(to_bits(x) & 0x7fffffffu);
  const float s = x * x;
  float p = 0.00229180942076f;
  p = fma1(p, s, -0.00834311963855f);
  p = fma1(p, s, 0.0217686663251f);
  p = fma1(p, s, -0.0539592285561f);
  p = fma1(p, s, 0.133333034259f);
  p = fma1(p, s, -0.333333331713f);
  const float near_zero = fma1(p * s, x, x);
  const float e = exp_nonpositive(-2.0f * a);
  const float far = (1.0f - e) / (1.0f + e);
  const float signed_far = from_bits(to_bits(far) | (to_bits(x) & 0x80000000u));
  const float y = a < 0.625f ? near_zero : signed_far;
  return x == x ? y : x;
}

// x >= 0: 1 / (1 + exp(-x)); else exp(x) / (1 + exp(x)); never overflows
MLP_INLINE float sigmoid1(float x) {
  const float a = from_bits(to_bits(x) & 0x7fffffffu);
  const float e = exp_nonpositive(-a);
  const float y = (x >= 0.0f ? 1.0f : e) / (1.0f + e);
  return x == x ? y : x;
}

// |x| < 1: x + x P(x^2); else sign(x) (1 - exp(|x| Q(|x|))); +-1 to rounding from 4 on
MLP_INLINE float erf1(float x) {
  const float a = from_bits(to_bits(x) & 0x7fffffffu);
  const float s = x * x;
  float p = -9.66704457149e-6f;
  p = fma1(p, s, 0.000112659590256f);
  p = fma1(p, s, -0.000848408040554f);
  p = fma1(p, s, 0.00522103180786f);
  p = fma1(p, s, -0.0268654307277f);
  p = fma1(p, s, 0.112837824952f);
  p = fma1(p, s, -0.37612638468f);
  p = fma1(p, s, 0.128379167062f);
  const float near_zero = fma1(p, x, x);
  const float c = a < 4.0f ? a : 4.0f;
  float q = -1.63092907123e-5f;
  q = fma1(q, c, 0.00036916238059f);
  q = fma1(q, c, -0.00380515293427f);
  q = fma1(q, c, 0.0240325996834f);
  q = fma1(q, c, -0.106441189974f);
  q = fma1(q, c, -0.635109357689f);
  q = fma1(q, c, -1.12863511439f);
  const float far = 1.0f - exp_nonpositive(c * q);
  const float signed_far = from_bits(to_bits(far) | (to_bits(x) & 0x80000000u));
  const float y = a < 1.0f ? near_zero : signed_far;
  return x == x ? y : x;
}

// Standard normal distribution function, Phi(x)
MLP_INLINE float normal_cdf(float x) { return 0.5f * (1.0f + erf1(x * 0.70710678f)); }

// d/dx [x Phi(x)] = Phi(x) + x phi(x)
MLP_INLINE float gelu_derivative(float x) {
  const float density = 0.39894228f * exp_nonpositive(-0.5f * (x * x));
  return fma1(x, density, normal_cdf(x));
}

// z > 0: z; else exp(z) - 1
MLP_INLINE float elu1(float z) {
  const float below = expm1_nonpositive(z < 0.0f ? z : 0.0f);
  const float y = z > 0.0f ? z : below;
  return z == z ? y : z;
}

// lambda z, or lambda alpha (exp(z) - 1)
MLP_INLINE float selu1(float z) {
  const float below = kSeluFloor * expm1_nonpositive(z < 0.0f ? z : 0.0f);
  const float y = z > 0.0f ? kSeluScale * z : below;
  return z == z ? y : z;
}

// d/dx [x s(x)] = s (1 + x (1 - s)), s the logistic function; 1 - s = s(-x)
MLP_INLINE float silu_derivative(float x) {
  const float s = sigmoid1(x);
  return s * fma1(x, sigmoid1(-x), 1.0f);
}

// tanh(log(1 + exp(x))) = n / d, d = n + gap: with e = exp(-|x|), x >= 0: n = 1 + 2 e, gap = 2 e^2; x < 0: n = e (e + 2), gap = 2
MLP_INLINE float mish_ratio(float x, float& n, float& d, float& gap) {
  const float e = exp_nonpositive(x < 0.0f ? x : -x);
  const float above = fma1(2.0f, e, 1.0f), below = e * (e + 2.0f);
  n = x >= 0.0f ? above : below;
  d = x >= 0.0f ? fma1(2.0f * e, e, above) : below + 2.0f;
  gap = x >= 0.0f ? 2.0f * e * e : 2.0f;
  return n / d;
}
MLP_INLINE float mish1(float x) {
  float n, d, gap;
  const float y = x * mish_ratio(x, n, d, gap);
  return x == x ? y : x;
}

// t + x s (1 - t^2), t = n / d and s the logistic function; 1 - t^2 = gap (d + n) / d^2, where d - n would cancel
MLP_INLINE float mish_derivative(float x) {
  float n, d, gap;
  const float t = mish_ratio(x, n, d, gap);
  const float rest = gap / d * ((d + n) / d);
  return fma1(x * sigmoid1(x), rest, t);
}
