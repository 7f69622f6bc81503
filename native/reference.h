#pragma once
// The meaning of every operation, as plain loops under the numeric contract (README.md in this folder). Nothing is shared
// with the kernels but the names of activations and the fields of a rule; matrices are row-major and not padded. For tests: slow on purpose.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/kernels.h"

namespace mlp {
namespace reference {

struct Matrix {
  int rows = 0, cols = 0;
  std::vector<float> values;

  Matrix() = default;
  Matrix(int r, int c, float fill = 0) : rows(r), cols(c), values(static_cast<size_t>(r) * static_cast<size_t>(c), fill) {}
  float* operator[](int row) { return values.data() + static_cast<size_t>(row) * static_cast<size_t>(cols); }
  const float* operator[](int row) const { return values.data() + static_cast<size_t>(row) * static_cast<size_t>(cols); }
};

// Sixteen lanes to one number, as a tree: i with i+8, then +4, +2, +1
inline float tree(float* lane) {
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) lane[i] = lane[i] + lane[i + half];
  }
  return lane[0];
}

// sum_k x[k] w[k * w_step]: element k in lane k mod 16, each lane from +0 in order
inline float lanes(const float* x, const float* w, int K, size_t w_step) {
  float lane[16] = {0};
  for (int k = 0; k < K; k++) lane[k % 16] = std::fma(x[k], w[static_cast<size_t>(k) * w_step], lane[k % 16]);
  return tree(lane);
}

// z = b + x W. Fewer than 16 outputs are summed in lanes, the bias last; more as a chain that starts at the bias.
inline Matrix forward(const Matrix& x, const Matrix& w, const std::vector<float>& b) {
  Matrix z(x.rows, w.cols);
  const size_t N = static_cast<size_t>(w.cols);
  for (int r = 0; r < x.rows; r++) {
    if (w.cols < 16) {
      for (size_t n = 0; n < N; n++) z[r][n] = (lanes(x[r], w.values.data() + n, w.rows, N) + b[n]) + 0.0f;
      continue;
    }
    for (size_t n = 0; n < N; n++) z[r][n] = b[n];
    for (int k = 0; k < w.rows; k++) {
      for (size_t n = 0; n < N; n++) z[r][n] = std::fma(x[r][k], w[k][n], z[r][n]);
    }
    for (size_t n = 0; n < N; n++) z[r][n] = z[r][n] + 0.0f;
  }
  return z;
}

// Activations made of arithmetic alone: these bits are fixed. A NaN passes.
inline float activate(Activation activation, float z) {
  if (activation == Activation::relu) return z <= 0 ? 0.0f : z;
  if (activation == Activation::leaky_relu) return z <= 0 ? z * 0.01f + 0.0f : z;
  return z;
}

inline Matrix activate(Activation activation, Matrix z) {
  for (float& v : z.values) v = activate(activation, v);
  return z;
}

// Any activation in double precision, from the C library
inline double exact_activation(Activation activation, double z) {
  switch (activation) {
    case Activation::tanh: return std::tanh(z);
    case Activation::sigmoid: return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z));
    case Activation::gelu: return z * (0.5 * std::erfc(-z * std::sqrt(0.5)));
    case Activation::leaky_relu: return z > 0 ? z : z * 0.01;
    case Activation::relu: return z > 0 ? z : 0;
    case Activation::elu: return z > 0 ? z : std::expm1(z);
    case Activation::selu: return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * std::expm1(z));
    case Activation::silu: return z >= 0 ? z / (1 + std::exp(-z)) : z * std::exp(z) / (1 + std::exp(z));
    case Activation::mish: return z * std::tanh(z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z)));
    default: return z;
  }
}

// d/dz [z Phi(z)] = Phi(z) + z phi(z), in double precision
inline double exact_gelu_derivative(double z) {
  return 0.5 * std::erfc(-z * std::sqrt(0.5)) + z * std::exp(-0.5 * z * z) / std::sqrt(2 * 3.14159265358979323846);
}

// d/dz [z s(z)], s the logistic function
inline double exact_silu_derivative(double z) {
  const double s = exact_activation(Activation::sigmoid, z);
  return s + z * s * exact_activation(Activation::sigmoid, -z);
}

inline double exact_mish_derivative(double z) {
  const double soft = z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z));
  const double over = 1 / std::cosh(soft);
  return std::tanh(soft) + z * exact_activation(Activation::sigmoid, z) * over * over;
}

// g * act'(z), from the output y = act(z). GELU is not among these: its derivative needs z and an exponential.
inline float times_derivative(Activation activation, float g, float y) {
  switch (activation) {
    case Activation::relu: return y > 0 ? g + 0.0f : 0.0f;
    case Activation::leaky_relu: return (y > 0 ? g : g * 0.01f) + 0.0f;
    case Activation::tanh: return g * (1.0f - y * y) + 0.0f;
    case Activation::sigmoid: return g * (y * (1.0f - y)) + 0.0f;
    default: return g + 0.0f;
  }
}

// sum_n g[r][n] w[k][n], n in order from +0: what the derivative of the layer before is multiplied with
inline Matrix backward(const Matrix& g, const Matrix& w) {
  Matrix d(g.rows, w.rows);
  for (int r = 0; r < g.rows; r++) {
    for (int k = 0; k < w.rows; k++) {
      for (int n = 0; n < w.cols; n++) d[r][k] = std::fma(g[r][n], w[k][n], d[r][k]);
    }
  }
  return d;
}

inline Matrix backward(const Matrix& g, const Matrix& w, Activation previous_activation, const Matrix& previous) {
  Matrix d = backward(g, w);
  for (size_t i = 0; i < d.values.size(); i++) {
    d.values[i] = times_derivative(previous_activation, d.values[i], previous.values[i]);
  }
  return d;
}

struct Gradient {
  Matrix weights;
  std::vector<float> biases;
};

// dW = x^T g and the column sums of g, batch rows in order from +0
inline Gradient gradient(const Matrix& x, const Matrix& g) {
  Gradient d = {Matrix(x.cols, g.cols), std::vector<float>(static_cast<size_t>(g.cols))};
  for (int r = 0; r < x.rows; r++) {
    for (int n = 0; n < g.cols; n++) d.biases[static_cast<size_t>(n)] = d.biases[static_cast<size_t>(n)] + g[r][n];
    for (int k = 0; k < x.cols; k++) {
      for (int n = 0; n < g.cols; n++) d.weights[k][n] = std::fma(x[r][k], g[r][n], d.weights[k][n]);
    }
  }
  for (float& v : d.weights.values) v = v + 0.0f;
  for (float& v : d.biases) v = v + 0.0f;
  return d;
}

// State of an optimiser for a layer: slot s of each weight and of each bias
struct Memory {
  std::vector<Matrix> weights;
  std::vector<std::vector<float>> biases;

  Memory() = default;
  Memory(RuleKind kind, const Matrix& w, const std::vector<float>& b) {
    const size_t slots = kind == RuleKind::sgd ? 0 : kind == RuleKind::adam ? 2 : 1;
    weights.assign(slots, Matrix(w.rows, w.cols));
    biases.assign(slots, std::vector<float>(b.size()));
  }
};

// A remembered value below 2^-100 is cut to zero, and a gradient below 2^-50 where it is squared.
inline float cut_small(float v) { return std::fabs(v) < 0x1p-100f ? 0.0f : v; }

// The parameter after a step; updates its slots. `second` is read for adam only, `first` for all but sgd.
inline float apply_rule(const Rule& rule, float g, float p, float* first, float* second) {
  g = std::fma(rule.l2, p, g);
  if (p != 0) g = g + (p > 0 ? rule.l1 : -rule.l1);
  const float rate = rule.learning_rate;
  if (rule.kind == RuleKind::sgd) return std::fma(-rate, g, p);
  if (rule.kind == RuleKind::adam) {
    *first = cut_small(std::fma(rule.beta1, *first, rule.rest1 * g));
    const float s = std::fabs(g) < 0x1p-50f ? 0.0f : g;
    *second = cut_small(std::fma(rule.beta2, *second, rule.rest2 * (s * s)));
    const float root = std::fma(std::sqrt(*second), rule.root_scale, rule.epsilon);
    return std::fma(-rate, *first / root, rule.keep * p);
  }
  if (rule.kind == RuleKind::rms_prop) {
    const float s = std::fabs(g) < 0x1p-50f ? 0.0f : g;
    *first = cut_small(std::fma(rule.beta2, *first, rule.rest2 * (s * s)));
    return std::fma(-rate, g / (std::sqrt(*first) + rule.epsilon), p);
  }
  *first = cut_small(std::fma(rule.momentum, *first, g));
  const float direction = rule.kind == RuleKind::nesterov ? std::fma(rule.momentum, *first, g) : *first;
  return std::fma(-rate, direction, p);
}

inline void update(const Matrix& x, const Matrix& g, Matrix& w, std::vector<float>& b, const Rule& weights, const Rule& biases,
                   Memory& memory) {
  const Gradient d = gradient(x, g);
  const size_t slots = memory.weights.size();
  for (size_t i = 0; i < w.values.size(); i++) {
    float* const first = slots > 0 ? &memory.weights[0].values[i] : nullptr;
    float* const second = slots > 1 ? &memory.weights[1].values[i] : nullptr;
    w.values[i] = apply_rule(weights, d.weights.values[i], w.values[i], first, second);
  }
  for (size_t n = 0; n < b.size(); n++) {
    float* const first = slots > 0 ? &memory.biases[0][n] : nullptr;
    float* const second = slots > 1 ? &memory.biases[1][n] : nullptr;
    b[n] = apply_rule(biases, d.biases[n], b[n], first, second);
  }
}

// exp for x <= 0: x = n ln2 + r, a polynomial in r, times 2^n; exactly +0 below -64
inline float exp_nonpositive(float x) {
  if (x < -64.0f) return 0;
  const float n = static_cast<float>(std::nearbyint(static_cast<double>(x) * 1.44269504f));  // the product is exact
  float r = std::fma(n, -0.693145751953125f, x);
  r = std::fma(n, -1.4286068203094172e-6f, r);
  const float coefficients[] = {0.000198909908247f, 0.00139336499963f, 0.00833331092548f,
                                0.0416664649253f,   0.166666666816f,   0.500000001347f};
  float p = 0;
  for (const float c : coefficients) p = std::fma(p, r, c);
  return std::ldexp(std::fma(p, r * r, r) + 1.0f, static_cast<int>(n));
}

// x = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1), by its series
inline double log_positive(double x) {
  int e;
  double m = std::frexp(x, &e);
  if (m < 0.70710678118654757) {
    m = 2 * m;
    e--;
  }
  const double s = (m - 1) / (m + 1), t = s * s;
  double p = 1.0 / 21;
  for (int i = 19; i >= 3; i -= 2) p = p * t + 1.0 / i;
  return e * 0.6931471803691238 + (2 * s + (2 * s * (t * p) + e * 1.9082149292705877e-10));  // ln 2 in two parts
}

struct Classified {
  Matrix gradient;
  std::vector<double> losses;
  std::vector<int32_t> predicted;
  int correct = 0;
};

// The first largest logit is the class predicted. A row with a logit that is not finite has a loss that is not a number.
inline Classified softmax_cross_entropy(const Matrix& z, const std::vector<int32_t>& labels) {
  Classified result;
  result.gradient = Matrix(z.rows, z.cols);
  const float scale = 1.0f / static_cast<float>(z.rows);
  for (int r = 0; r < z.rows; r++) {
    const int label = labels[static_cast<size_t>(r)];
    int best = 0;
    bool finite = true;
    for (int c = 0; c < z.cols; c++) {
      if (z[r][c] > z[r][best]) best = c;
      finite = finite && std::isfinite(z[r][c]);
    }
    const float top = z[r][best];
    float lane[16] = {0};
    float* const p = result.gradient[r];
    for (int c = 0; c < z.cols; c++) {
      p[c] = exp_nonpositive(z[r][c] - top);
      lane[c % 16] = lane[c % 16] + p[c];
    }
    const float sum = tree(lane), inverse = 1.0f / sum;
    for (int c = 0; c < z.cols; c++) {
      p[c] = p[c] * inverse;
      if (c == label) p[c] = p[c] - 1.0f;
      p[c] = p[c] * scale;
    }
    const double loss = log_positive(sum) + (static_cast<double>(top) - static_cast<double>(z[r][label]));
    result.losses.push_back(finite ? loss : std::numeric_limits<double>::quiet_NaN());
    result.predicted.push_back(best);
    result.correct += best == label;
  }
  return result;
}

// Logits of independent yes-or-no outputs, targets from 0 to 1. A row is correct when exactly the outputs with a target above
// 1/2 have positive logits; the class predicted is that of the first output. A row with a logit that is not finite has a loss
// that is not a number.
inline Classified binary_cross_entropy(const Matrix& z, const Matrix& targets) {
  Classified result;
  result.gradient = Matrix(z.rows, z.cols);
  const float scale = 1.0f / (static_cast<float>(z.rows) * static_cast<float>(z.cols));
  for (int r = 0; r < z.rows; r++) {
    double sum = 0;
    bool finite = true, correct = true;
    for (int n = 0; n < z.cols; n++) {
      const float y = z[r][n], t = targets[r][n], e = exp_nonpositive(-std::fabs(y));
      const double above = y > 0 ? static_cast<double>(y) : 0.0;
      sum = sum + ((above - static_cast<double>(y) * static_cast<double>(t)) + log_positive(1.0 + static_cast<double>(e)));
      const float probability = (y >= 0 ? 1.0f : e) / (1.0f + e);
      result.gradient[r][n] = (probability - t) * scale + 0.0f;
      finite = finite && std::isfinite(y);
      correct = correct && (y > 0) == (t > 0.5f);
    }
    result.losses.push_back(finite ? sum / z.cols : std::numeric_limits<double>::quiet_NaN());
    result.predicted.push_back(z[r][0] > 0);
    result.correct += correct;
  }
  return result;
}

struct Fitted {
  Matrix gradient;  // with respect to the outputs: the derivative of the activation is not in it
  std::vector<double> losses;
};

inline Fitted mean_squared_error(const Matrix& y, const Matrix& targets) {
  Fitted result;
  result.gradient = Matrix(y.rows, y.cols);
  const float scale = 1.0f / (static_cast<float>(y.rows) * static_cast<float>(y.cols));
  for (int r = 0; r < y.rows; r++) {
    double sum = 0;
    for (int n = 0; n < y.cols; n++) {
      const double d = static_cast<double>(y[r][n]) - static_cast<double>(targets[r][n]);
      sum = sum + d * d;
      result.gradient[r][n] = (y[r][n] - targets[r][n]) * (2.0f * scale);
    }
    result.losses.push_back(sum / y.cols);
  }
  return result;
}

// C = alpha A B + beta C, A [M][K] and B [K][N] already as op() makes them. `in_lanes`: the sum is made in lanes and beta C
// added last, else the chain starts at beta C. beta = 0 does not read C.
inline void gemm(float alpha, const Matrix& a, const Matrix& b, float beta, Matrix& c, bool in_lanes) {
  for (int i = 0; i < a.rows; i++) {
    std::vector<float> scaled(a[i], a[i] + a.cols);
    for (float& v : scaled) v = alpha * v;
    for (int j = 0; j < b.cols; j++) {
      float sum = beta == 0 ? 0.0f : beta * c[i][j];
      if (in_lanes) {
        sum = lanes(scaled.data(), b.values.data() + j, a.cols, static_cast<size_t>(b.cols)) + sum;
      } else {
        for (int k = 0; k < a.cols; k++) sum = std::fma(scaled[static_cast<size_t>(k)], b[k][j], sum);
      }
      c[i][j] = sum + 0.0f;
    }
  }
}

// How images are resampled: src/backend/warp.ts. down and across: [radius + 1]; empty without displacement fields.
struct Warp {
  int height, width, shift;
  std::vector<int32_t> down, across;

  size_t at(int y, int x) const { return static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x); }
};

// Word `counter` of the stream of two keys
inline uint32_t counter_word(uint32_t key0, uint32_t key1, uint32_t counter) {
  uint32_t x = key0 + counter * 0x9e3779b9u;
  x = (x ^ (x >> 16)) * 0x21f0aaadu;
  x = x ^ (x >> 15);
  x = (x ^ key1) * 0xd35a2d97u;
  return x ^ (x >> 15);
}

// [height][width] displacements in 2^-16 pixels; a word is the noise of two rows, -2^15..2^15 - 1 each
inline std::vector<int32_t> warp_field(const Warp& w, uint32_t key0, uint32_t key1, int number) {
  const int stride = (w.width + 31) / 32 * 32, pairs = (w.height + 1) / 2, radius = static_cast<int>(w.down.size()) - 1;
  const auto noise = [&](int y, int x) {
    const uint32_t word = counter_word(key0, key1, static_cast<uint32_t>((number * pairs + y / 2) * stride + x));
    const int value = static_cast<int>(y % 2 ? word >> 16 : word & 0xffffu);
    return value < 32768 ? value : value - 65536;
  };
  const auto weight = [&](const std::vector<int32_t>& weights, int d) {
    return d < -radius || d > radius ? 0 : weights[static_cast<size_t>(d < 0 ? -d : d)];
  };
  std::vector<int64_t> smooth(w.at(w.height, 0));
  std::vector<int32_t> field(smooth.size());
  for (int y = 0; y < w.height; y++) {
    for (int x = 0; x < w.width; x++) {
      int64_t sum = 1 << 14;
      for (int k = 0; k < w.height; k++) sum += static_cast<int64_t>(weight(w.down, k - y)) * noise(k, x);
      smooth[w.at(y, x)] = sum >> 15;
    }
  }
  for (int y = 0; y < w.height; y++) {
    for (int x = 0; x < w.width; x++) {
      int64_t sum = int64_t{1} << (w.shift - 1);
      for (int k = 0; k < w.width; k++) sum += weight(w.across, k - x) * smooth[w.at(y, k)];
      field[w.at(y, x)] = static_cast<int32_t>(sum >> w.shift);
    }
  }
  return field;
}

inline uint8_t interpolate(const uint8_t (&p)[4], int32_t fx, int32_t fy) {
  const int32_t above = (p[0] * (16384 - fx) + p[1] * fx + 64) >> 7, below = (p[2] * (16384 - fx) + p[3] * fx + 64) >> 7;
  return static_cast<uint8_t>((above * (16384 - fy) + below * fy + (1 << 20)) >> 21);
}

inline float interpolate(const float (&p)[4], int32_t x, int32_t y) {
  const float fx = static_cast<float>(x) / 16384, fy = static_cast<float>(y) / 16384;
  const float above = p[0] * (1 - fx) + p[1] * fx, below = p[2] * (1 - fx) + p[3] * fx;
  return above * (1 - fy) + below * fy;
}

// values: [kWarpValues]; positions wrap at 2^32 and are clamped to the image with a border of one pixel
template <class T>
std::vector<T> warp(const Warp& w, const T* image, const int32_t* values) {
  const uint32_t* const v = reinterpret_cast<const uint32_t*>(values);
  std::vector<int32_t> fields[2];
  for (int f = 0; f < 2; f++) fields[f] = w.down.empty() ? std::vector<int32_t>(w.at(w.height, 0)) : warp_field(w, v[0], v[1], f);
  const auto position = [](uint32_t bits, int side) {
    const int64_t p = bits < 0x80000000u ? static_cast<int64_t>(bits) : static_cast<int64_t>(bits) - (int64_t{1} << 32);
    const int64_t end = static_cast<int64_t>(side) * 65536;
    return static_cast<int32_t>(p < -65536 ? -65536 : p > end ? end : p);
  };
  const auto pixel = [&](int y, int x) { return y < 0 || x < 0 || y >= w.height || x >= w.width ? T{0} : image[w.at(y, x)]; };
  std::vector<T> out;
  for (int y = 0; y < w.height; y++) {
    for (int x = 0; x < w.width; x++) {
      const uint32_t column = static_cast<uint32_t>(x), row = static_cast<uint32_t>(y);
      const int32_t h = position(v[2] + column * v[3] + row * v[4] + static_cast<uint32_t>(fields[0][w.at(y, x)]), w.width);
      const int32_t u = position(v[5] + column * v[6] + row * v[7] + static_cast<uint32_t>(fields[1][w.at(y, x)]), w.height);
      const int left = h >> 16, top = u >> 16;
      const T four[4] = {pixel(top, left), pixel(top, left + 1), pixel(top + 1, left), pixel(top + 1, left + 1)};
      out.push_back(interpolate(four, (h & 65535) / 4, (u & 65535) / 4));
    }
  }
  return out;
}

}  // namespace reference
}  // namespace mlp
