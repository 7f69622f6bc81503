// Losses of the numeric contract: exponentials in 16 lanes, their sum by the tree, logarithm and row loss in double.

MLP_INLINE float tree16(float* lane) {
  for (int i = 0; i < 8; i++) lane[i] = lane[i] + lane[i + 8];
  for (int i = 0; i < 4; i++) lane[i] = lane[i] + lane[i + 4];
  return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

static int softmax(const Softmax& s) {
  const int padded = (s.C + kLane - 1) / kLane * kLane;
  const double nan = __builtin_nan("");
  int correct = 0;
  for (int r = 0; r < s.rows; r++) {
    const float* z = s.z + r * s.z_stride;
    int best = 0;
    bool all_finite = true;
    for (int c = 0; c < s.C; c++) {
      if (z[c] > z[best]) best = c;
      all_finite = all_finite && finite1(z[c]);
    }
    if (s.predicted) s.predicted[r] = best;
    if (!s.labels) continue;
    const int label = s.labels[r];
    const float top = z[best];
    correct += best == label;
    float sums[kLane] = {0};
    float* gradient = s.gradient ? s.gradient + r * s.gradient_stride : nullptr;
    for (int c0 = 0; c0 < padded; c0 += kLane) {
      float d[kLane], e[kLane];
      const int n = s.C - c0 < kLane ? s.C - c0 : kLane;
      for (int i = 0; i < kLane; i++) d[i] = -128.0f;
      for (int i = 0; i < n; i++) d[i] = z[c0 + i] - top;
      for (int i = 0; i < kLane; i++) e[i] = exp_nonpositive(d[i]);
      for (int i = 0; i < kLane; i++) sums[i] = sums[i] + e[i];
      if (gradient) __builtin_memcpy(gradient + c0, e, sizeof e);
    }
    const float sum = tree16(sums);
    if (s.losses) {
      const double loss = log_positive(static_cast<double>(sum)) + (static_cast<double>(top) - static_cast<double>(z[label]));
      s.losses[r] = all_finite ? loss : nan;
    }
    if (!gradient) continue;
    const float inverse = 1.0f / sum;
    for (int c0 = 0; c0 < padded; c0 += kLane) {
      float p[kLane];
      for (int i = 0; i < kLane; i++) p[i] = gradient[c0 + i] * inverse;
      if (label >= c0 && label < c0 + kLane) p[label - c0] = p[label - c0] - 1.0f;
      for (int i = 0; i < kLane; i++) gradient[c0 + i] = p[i] * s.scale;
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
      const double d = static_cast<double>(y[n]) - static_cast<double>(t[n]);
      sum = sum + d * d;
    }
    s.losses[r] = sum / s.N;
    if (!s.gradient) continue;
    float* gradient = s.gradient + r * s.gradient_stride;
    for (int n = 0; n < s.N; n++) gradient[n] = (y[n] - t[n]) * twice;
    for (int n = s.N; n < padded; n++) gradient[n] = 0.0f;
    multiply_derivative(s.activation, gradient, y, s.pre ? s.pre + r * s.y_stride : nullptr, s.N);
  }
}
