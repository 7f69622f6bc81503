// A step of each optimiser for a vector of parameters. `sum` is their plain gradient, `slots` the optimiser's state; the
// rest of the kernels does not depend on the kind. Semantics are PyTorch's (torch.optim).

// The slots of a gradient that has become zero keep decaying: below this they are set to zero, before they become
// denormal, which is slow on some processors.
constexpr float kSmallestMemory = 7.888609052210118e-31f;  // 2^-100

// Its root: a smaller gradient counts as zero where it is squared.
constexpr float kSmallestSquared = 8.881784197001252e-16f;  // 2^-50

MLP_INLINE typename Isa::V cut_below(float limit, typename Isa::V v) {
  return Isa::where_less(Isa::abs(v), Isa::set1(limit), Isa::zero(), v);
}
MLP_INLINE typename Isa::V cut_small(typename Isa::V v) { return cut_below(kSmallestMemory, v); }

// g + l2 p + l1 sign(p). The sum of an underflowed chain may be -0: it is +0 from here on.
MLP_INLINE typename Isa::V with_terms(const Rule& rule, typename Isa::V sum, typename Isa::V p) {
  const typename Isa::V g = Isa::fma(Isa::set1(rule.l2), p, Isa::add(sum, Isa::zero()));
  uint32_t l1_bits;  // an integer is compared where multiply-adds do not wait for it
  __builtin_memcpy(&l1_bits, &rule.l1, sizeof l1_bits);
  if (l1_bits == 0) return g;
  const typename Isa::V zero = Isa::zero(), l1 = Isa::set1(rule.l1), above = Isa::where_positive(p, l1);
  return Isa::add(g, Isa::where_less(p, zero, Isa::sub(zero, l1), above));
}

// p - learning_rate g
struct Sgd {
  static constexpr int SLOTS = 0;
  MLP_INLINE typename Isa::V apply(const Rule& rule, typename Isa::V sum, typename Isa::V p, typename Isa::V*) {
    return Isa::fma(Isa::set1(-rule.learning_rate), with_terms(rule, sum, p), p);
  }
};

// b = momentum b + g; p - learning_rate b
struct Momentum {
  static constexpr int SLOTS = 1;
  MLP_INLINE typename Isa::V apply(const Rule& rule, typename Isa::V sum, typename Isa::V p, typename Isa::V* slots) {
    slots[0] = cut_small(Isa::fma(Isa::set1(rule.momentum), slots[0], with_terms(rule, sum, p)));
    return Isa::fma(Isa::set1(-rule.learning_rate), slots[0], p);
  }
};

// b = momentum b + g; p - learning_rate (g + momentum b)
struct Nesterov {
  static constexpr int SLOTS = 1;
  MLP_INLINE typename Isa::V apply(const Rule& rule, typename Isa::V sum, typename Isa::V p, typename Isa::V* slots) {
    const typename Isa::V momentum = Isa::set1(rule.momentum), g = with_terms(rule, sum, p);
    slots[0] = cut_small(Isa::fma(momentum, slots[0], g));
    return Isa::fma(Isa::set1(-rule.learning_rate), Isa::fma(momentum, slots[0], g), p);
  }
};

// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// keep p - learning_rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
struct Adam {
  static constexpr int SLOTS = 2;
  MLP_INLINE typename Isa::V apply(const Rule& rule, typename Isa::V sum, typename Isa::V p, typename Isa::V* slots) {
    const typename Isa::V g = with_terms(rule, sum, p);
    slots[0] = cut_small(Isa::fma(Isa::set1(rule.beta1), slots[0], Isa::mul(Isa::set1(rule.rest1), g)));
    const typename Isa::V s = cut_below(kSmallestSquared, g);
    slots[1] = cut_small(Isa::fma(Isa::set1(rule.beta2), slots[1], Isa::mul(Isa::set1(rule.rest2), Isa::mul(s, s))));
    const typename Isa::V root = Isa::fma(Isa::sqrt(slots[1]), Isa::set1(rule.root_scale), Isa::set1(rule.epsilon));
    const typename Isa::V kept = Isa::mul(Isa::set1(rule.keep), p);
    return Isa::fma(Isa::set1(-rule.learning_rate), Isa::div(slots[0], root), kept);
  }
};

// v = beta2 v + (1 - beta2) g^2; p - learning_rate g / (sqrt(v) + epsilon)
struct RmsProp {
  static constexpr int SLOTS = 1;
  MLP_INLINE typename Isa::V apply(const Rule& rule, typename Isa::V sum, typename Isa::V p, typename Isa::V* slots) {
    const typename Isa::V g = with_terms(rule, sum, p), s = cut_below(kSmallestSquared, g);
    slots[0] = cut_small(Isa::fma(Isa::set1(rule.beta2), slots[0], Isa::mul(Isa::set1(rule.rest2), Isa::mul(s, s))));
    const typename Isa::V root = Isa::add(Isa::sqrt(slots[0]), Isa::set1(rule.epsilon));
    return Isa::fma(Isa::set1(-rule.learning_rate), Isa::div(g, root), p);
  }
};

// p[0..L) and its slots, in place
template <class R>
MLP_INLINE void step(const Rule& rule, typename Isa::V sum, float* p, const Slots& slots) {
  typename Isa::V kept[R::SLOTS + 1];
  MLP_UNROLL for (int s = 0; s < R::SLOTS; s++) kept[s] = Isa::load(slots.data + s * slots.stride);
  Isa::store(p, R::apply(rule, sum, Isa::load(p), kept));
  MLP_UNROLL for (int s = 0; s < R::SLOTS; s++) Isa::store(slots.data + s * slots.stride, kept[s]);
}

// Runs `call.run<R>()` for the rule's struct R.
template <class Call>
MLP_INLINE void for_rule(const Rule& rule, const Call& call) {
  switch (rule.kind) {
    case RuleKind::sgd: return call.template run<Sgd>();
    case RuleKind::momentum: return call.template run<Momentum>();
    case RuleKind::nesterov: return call.template run<Nesterov>();
    case RuleKind::adam: return call.template run<Adam>();
    case RuleKind::rms_prop: return call.template run<RmsProp>();
  }
}
