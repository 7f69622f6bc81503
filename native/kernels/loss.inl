// Losses of the numeric contract: exponentials in 16 lanes, their sum by the tree, logarithm and row loss in double.

constexpr int kLaneVectors = kLane / Isa::L;

// The steps of exp_nonpositive, in vectors
MLP_INLINE typename Isa::V exp_lanes(typename Isa::V x) {
  const typename Isa::V cut = Isa::set1(-64.0f), shift = Isa::set1(12582912.0f);
  const typename Isa::V clamped = Isa::where_less(x, cut, cut, x);
  const typename Isa::V shifted = Isa::fma(clamped, Isa::set1(1.44269504f), shift);
  const typename Isa::V n = Isa::sub(shifted, shift);
  typename Isa::V r = Isa::fma(n, Isa::set1(-0.693145751953125f), clamped);
  r = Isa::fma(n, Isa::set1(-1.4286068203094172e-6f), r);
  typename Isa::V p = Isa::set1(kExp[0]);
  MLP_UNROLL for (int i = 1; i < 6; i++) p = Isa::fma(p, r, Isa::set1(kExp[i]));
  p = Isa::add(Isa::fma(p, Isa::mul(r, r), r), Isa::set1(1.0f));
  return Isa::where_less(x, cut, Isa::zero(), Isa::add_exponent(p, shifted));
}

// One at lane 16, zeros around: loaded from 16 - c it is one at lane c, from 0 or 32 it is all zeros.
alignas(64) static constexpr float kOneHot[48] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
// Ones from lane 16 on: loaded from 16 - n, the lanes >= n.
alignas(64) static constexpr float kPast[32] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

// e[c] = exp(z[c] - top) for the padded row (padding: 0); returns their sum by lanes and tree, NaN if a logit is not
// finite. e may be null.
MLP_INLINE float exponentials(const float* z, int C, float top, float* e) {
  const typename Isa::V one = Isa::set1(1.0f), far = Isa::set1(-128.0f), top_v = Isa::set1(top);
  typename Isa::V sum[kLaneVectors];
  MLP_UNROLL for (int u = 0; u < kLaneVectors; u++) sum[u] = Isa::zero();
  for (int c = 0; c < C; c += kLane) {
    const float* past = kPast + (C - c < kLane ? kLane - (C - c) : 0);
    MLP_UNROLL for (int u = 0; u < kLaneVectors; u++) {
      const int at = u * Isa::L;
      const typename Isa::V inside = Isa::load(past + at), v = Isa::load(z + c + at);
      const typename Isa::V d = Isa::where_less(inside, one, Isa::sub(v, top_v), far);
      const typename Isa::V bad = Isa::where_less(inside, one, Isa::sub(v, v), Isa::zero());  // 0, or NaN
      const typename Isa::V x = Isa::add(exp_lanes(d), bad);
      if (e) Isa::store(e + c + at, x);
      sum[u] = Isa::add(sum[u], x);
    }
  }
  return Isa::tree(sum);
}

// gradient[c] = (e[c] / sum - q[c]) * scale, q[c] = keep onehot + rest; padding stays 0
MLP_INLINE void softmax_gradient(const float* e, int C, float inverse, int label, float keep, float rest, float scale, float* gradient) {
  const typename Isa::V inverse_v = Isa::set1(inverse), scale_v = Isa::set1(scale), keep_v = Isa::set1(keep), rest_v = Isa::set1(rest);
  const typename Isa::V one = Isa::set1(1.0f);
  for (int c = 0; c < C; c += kLane) {
    const bool here = label >= c && label < c + kLane;
    const float* hot = kOneHot + (here ? kLane - (label - c) : 2 * kLane);
    const float* past = kPast + (C - c < kLane ? kLane - (C - c) : 0);
    MLP_UNROLL for (int u = 0; u < kLaneVectors; u++) {
      const int at = u * Isa::L;
      const typename Isa::V p = Isa::mul(Isa::load(e + c + at), inverse_v);
      const typename Isa::V inside = Isa::where_less(Isa::load(past + at), one, rest_v, Isa::zero());
      const typename Isa::V q = Isa::fma(Isa::load(hot + at), keep_v, inside);
      Isa::store(gradient + c + at, Isa::mul(Isa::sub(p, q), scale_v));
    }
  }
}

// (1 - s) (lse - z[label]) + s (lse - mean z), lse = log_sum + top
MLP_INLINE double smoothed_loss(const float* z, int C, double plain, double log_sum, double top, double smoothing) {
  double sum = 0;
  for (int c = 0; c < C; c++) sum = sum + static_cast<double>(z[c]);
  const double uniform = log_sum + (top - sum / C);
  return (1.0 - smoothing) * plain + smoothing * uniform;
}

MLP_INLINE int first_arg_max(const float* z, int C) {
  int best = 0;
  float top = z[0];
  for (int c = 1; c < C; c++) {
    const bool more = z[c] > top;
    best = more ? c : best;
    top = more ? z[c] : top;
  }
  return best;
}

// Rows in blocks, stage by stage, so that the long latencies of one row (maximum, logarithm, division) overlap with others'.
static int softmax(const Softmax& s) {
  constexpr int kRows = 16;
  const double nan = __builtin_nan("");
  int correct = 0;
  for (int r0 = 0; r0 < s.rows; r0 += kRows) {
    const int rows = s.rows - r0 < kRows ? s.rows - r0 : kRows;
    float sums[kRows], tops[kRows];
    for (int i = 0; i < rows; i++) {
      const float* z = s.z + (r0 + i) * s.z_stride;
      const int best = first_arg_max(z, s.C);
      tops[i] = z[best];
      if (s.predicted) s.predicted[r0 + i] = best;
      if (s.labels) correct += best == s.labels[r0 + i];
    }
    if (!s.labels) continue;
    for (int i = 0; i < rows; i++) {
      const float* z = s.z + (r0 + i) * s.z_stride;
      sums[i] = exponentials(z, s.C, tops[i], s.gradient ? s.gradient + (r0 + i) * s.gradient_stride : nullptr);
    }
    for (int i = 0; i < rows && s.losses; i++) {
      const float* z = s.z + (r0 + i) * s.z_stride;
      const double label = z[s.labels[r0 + i]], top = tops[i], log_sum = log_positive(static_cast<double>(sums[i]));
      const double plain = log_sum + (top - label);
      const double loss = s.smoothing > 0 ? smoothed_loss(z, s.C, plain, log_sum, top, static_cast<double>(s.smoothing)) : plain;
      s.losses[r0 + i] = sums[i] == sums[i] ? loss : nan;
    }
    for (int i = 0; i < rows && s.gradient; i++) {
      float* gradient = s.gradient + (r0 + i) * s.gradient_stride;
      softmax_gradient(gradient, s.C, 1.0f / sums[i], s.labels[r0 + i], 1.0f - s.smoothing, s.smoothing / static_cast<float>(s.C), s.scale, gradient);
    }
  }
  return correct;
}

static void squared_error(const SquaredError& s) {
  const int padded = (s.N + kLane - 1) / kLane * kLane;
  const float twice = 2.0f * s.scale;
  for (int r = 0; r < s.rows; r++) {
    const float* y = s.y + r * s.y_stride;
    const float* t = s.targets + static_cast<size_t>(r) * s.N;
    double sum = 0;
    for (int n = 0; n < s.N; n++) {
      const double d = static_cast<double>(y[n]) - static_cast<double>(t[n]), a = d < 0 ? -d : d;
      sum = sum + (!s.huber ? d * d : a <= 1.0 ? 0.5 * (d * d) : a - 0.5);
    }
    s.losses[r] = sum / s.N;
    if (!s.gradient) continue;
    float* gradient = s.gradient + r * s.gradient_stride;
    if (s.huber) {
      for (int n = 0; n < s.N; n++) {
        const float d = y[n] - t[n], below = d < 1.0f ? d : 1.0f;
        gradient[n] = (below > -1.0f ? below : -1.0f) * s.scale;
      }
    } else {
      for (int n = 0; n < s.N; n++) gradient[n] = (y[n] - t[n]) * twice;
    }
    for (int n = s.N; n < padded; n++) gradient[n] = 0.0f;
    multiply_derivative(s.activation, gradient, y, s.pre ? s.pre + r * s.y_stride : nullptr, s.N);
  }
}

static int binary_loss(const BinaryLoss& s) {
  const double nan = __builtin_nan("");
  const int padded = (s.N + kLane - 1) / kLane * kLane;
  const float keep = 1.0f - s.smoothing, rest = 0.5f * s.smoothing;
  int correct = 0;
  for (int r = 0; r < s.rows; r++) {
    const float* z = s.z + r * s.z_stride;
    if (s.predicted) s.predicted[r] = z[0] > 0.0f;
    if (!s.labels && !s.targets) continue;
    const float label = s.labels ? static_cast<float>(s.labels[r]) : 0.0f;
    const float* t = s.labels ? &label : s.targets + static_cast<size_t>(r) * s.N;
    double sum = 0;
    bool finite = true, right = true;
    for (int n = 0; n < s.N; n++) {
      const float e = exp_nonpositive(z[n] > 0.0f ? -z[n] : z[n]);
      const double y = z[n], above = z[n] > 0.0f ? y : 0.0;
      const float target = t[n] * keep + rest;
      sum = sum + ((above - y * static_cast<double>(target)) + log_positive(1.0 + static_cast<double>(e)));
      finite = finite && finite1(z[n]);
      right = right && (z[n] > 0.0f) == (t[n] > 0.5f);
    }
    s.losses[r] = finite ? sum / s.N : nan;
    correct += right;
    if (!s.gradient) continue;
    float* gradient = s.gradient + r * s.gradient_stride;
    for (int n = 0; n < s.N; n++) gradient[n] = (sigmoid1(z[n]) - (t[n] * keep + rest)) * s.scale + 0.0f;
    for (int n = s.N; n < padded; n++) gradient[n] = 0.0f;
  }
  return correct;
}
