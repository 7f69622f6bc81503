// Element by element over parameters: what a step does that cannot be done while a gradient is being summed.

// Sum of squares in double: element i in lane i mod 16, the lanes in the order of a tree. n is a multiple of 16.
static double square_sum(const float* x, size_t n) {
  double lanes[kLane] = {};
  for (size_t i = 0; i < n; i += kLane) {
    for (int j = 0; j < kLane; j++) {
      const double v = static_cast<double>(x[i + static_cast<size_t>(j)]);
      lanes[j] = lanes[j] + v * v;
    }
  }
  for (int width = kLane / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] = lanes[j] + lanes[j + width];
  }
  return lanes[0];
}

struct ApplyCall {
  const Apply& a;

  template <class R>
  MLP_INLINE_MEMBER void run() const {
    const Apply own = a;  // no store can change it
    const typename Isa::V scale = Isa::set1(own.scale);
    for (size_t i = 0; i < own.n; i += static_cast<size_t>(Isa::L)) {
      step<R>(own.rule, Isa::mul(Isa::load(own.g + i), scale), own.p + i, own.slots.at(i));
    }
  }
};

static void apply(const Apply& a) { for_rule(a.rule, ApplyCall{a}); }

// average += share (p - average)
static void average(const float* p, size_t n, float share, float* average) {
  const typename Isa::V by = Isa::set1(share);
  for (size_t i = 0; i < n; i += static_cast<size_t>(Isa::L)) {
    const typename Isa::V a = Isa::load(average + i);
    Isa::store(average + i, Isa::fma(by, Isa::sub(Isa::load(p + i), a), a));
  }
}

// Columns of w [K][width] longer than `limit` are scaled to it; their squares are summed in double, k ascending.
static void limit_columns(float* w, int K, int width, double limit) {
  double sums[kPanel];
  float factors[kPanel];
  for (int j = 0; j < width; j++) sums[j] = 0;
  for (int k = 0; k < K; k++) {
    const float* row = w + static_cast<size_t>(k) * static_cast<size_t>(width);
    for (int j = 0; j < width; j++) sums[j] = sums[j] + static_cast<double>(row[j]) * static_cast<double>(row[j]);
  }
  bool any = false;
  for (int j = 0; j < width; j++) {
    const double norm = __builtin_sqrt(sums[j]);
    factors[j] = norm > limit ? static_cast<float>(limit / norm) : 1.0f;
    any = any || norm > limit;
  }
  if (!any) return;
  for (int k = 0; k < K; k++) {
    float* row = w + static_cast<size_t>(k) * static_cast<size_t>(width);
    for (int j = 0; j < width; j++) row[j] = row[j] * factors[j];
  }
}
