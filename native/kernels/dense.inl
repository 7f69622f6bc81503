// Dense kernels of a wide layer, and the products that have the same shape.

static void forward_dense(const PanelForward& f, const float* x, size_t x_stride) {
  tiles<false>(f.rows, f.K, x, x_stride, f.w, f.width, f.width, InitBias{f.bias}, StoreActivated{f});
}

struct DenseUpdate {
  const PanelUpdate& u;
  const float* x;
  size_t x_stride;

  template <class Done>
  MLP_INLINE_MEMBER void sums(const Done& done) const {
    tiles<true>(u.k1 - u.k0, u.B, x + u.k0, x_stride, u.g, u.g_stride, u.width, InitZero{}, done);
  }
  template <class R>
  MLP_INLINE_MEMBER void run() const {
    const size_t width = static_cast<size_t>(u.width), from = static_cast<size_t>(u.k0) * width;
    sums(StoreRule<R>{u.w + from, width, u.rule, u.slots.at(from)});
  }
};

static void update_dense(const PanelUpdate& u, const float* x, size_t x_stride) {
  const DenseUpdate update{u, x, x_stride};
  if (u.store) update.sums(StoreGradient{u.store + u.k0 * u.store_stride, u.store_stride, u.store_width});
  else for_rule(u.rule, update);
}

static void backward(const Backward& f) {
  tiles<false>(f.rows, f.N, f.g, f.g_stride, f.wt, f.wt_stride, f.width, InitZero{}, StoreBackward{f});
}

static void gemm(const GemmPanel& p) {
  const StoreGemm done{p.c, p.c_stride};
  if (p.beta == 0.0f) {
    if (p.a_by_k) tiles<true>(p.M, p.K, p.a, p.a_stride, p.b, p.b_stride, p.width, InitZero{}, done);
    else tiles<false>(p.M, p.K, p.a, p.a_stride, p.b, p.b_stride, p.width, InitZero{}, done);
  } else {
    const InitScaled init{p.c, p.c_stride, p.beta};
    if (p.a_by_k) tiles<true>(p.M, p.K, p.a, p.a_stride, p.b, p.b_stride, p.width, init, done);
    else tiles<false>(p.M, p.K, p.a, p.a_stride, p.b, p.b_stride, p.width, init, done);
  }
}

template <class R>
static void bias_sums(const BiasUpdate& u) {
  constexpr int n = kLane / Isa::L;
  for (int col = 0; col < u.width; col += kLane) {
    typename Isa::V sum[n];
    MLP_UNROLL for (int j = 0; j < n; j++) sum[j] = Isa::zero();
    for (int r = 0; r < u.B; r++) {
      MLP_UNROLL for (int j = 0; j < n; j++) sum[j] = Isa::add(sum[j], Isa::load(u.g + r * u.g_stride + col + j * Isa::L));
    }
    MLP_UNROLL for (int j = 0; j < n; j++) {
      const int at = col + j * Isa::L;
      if (u.store) Isa::store(u.store + at, Isa::add(sum[j], Isa::zero()));
      else step<R>(u.rule, sum[j], u.bias + at, u.slots.at(static_cast<size_t>(at)));
    }
  }
}

struct BiasStep {
  const BiasUpdate& u;
  template <class R>
  MLP_INLINE_MEMBER void run() const {
    bias_sums<R>(u);
  }
};

static void bias_update(const BiasUpdate& u) { for_rule(u.rule, BiasStep{u}); }
