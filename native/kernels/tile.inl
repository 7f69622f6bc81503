// The register tile of all dense products: MR rows by NV vectors of
//   acc(i, j) = init(i, j) + sum_k a(i, k) b[k][j]     k ascending, one fma each
// and the loop that covers M rows with tiles of nearly equal height, so that no thin remainder tile is left.

template <int MR, int NV, bool ByK>
MLP_INLINE void tile_terms(int from, int to, const float* a, size_t as, const float* b, size_t bs, typename Isa::V (&acc)[MR][NV]) {
  for (int k = from; k < to; k++) {
    typename Isa::V bv[NV];
    MLP_UNROLL for (int j = 0; j < NV; j++) bv[j] = Isa::load(b + k * bs + j * Isa::L);
    MLP_UNROLL for (int i = 0; i < MR; i++) {
      const typename Isa::V av = Isa::set1(ByK ? a[k * as + i] : a[i * as + k]);
      MLP_UNROLL for (int j = 0; j < NV; j++) acc[i][j] = Isa::fma(av, bv[j], acc[i][j]);
    }
  }
}

constexpr int kBeforeEnd = 32;  // terms before the end at which the tile's end is fetched; L1 would lose it if earlier

template <int MR, int NV, bool ByK, class Init, class Done>
MLP_INLINE void tile(int K, const float* a, size_t as, const float* b, size_t bs, const Init& init, const Done& done, int row,
                     int col) {
  typename Isa::V acc[MR][NV];
  MLP_UNROLL for (int i = 0; i < MR; i++) init.template load<NV>(acc[i], row + i, col);
  const int fetched = Done::kReads && K > kBeforeEnd ? K - kBeforeEnd : 0;
  if constexpr (Done::kReads) {
    tile_terms<MR, NV, ByK>(0, fetched, a, as, b, bs, acc);
    MLP_UNROLL for (int i = 0; i < MR; i++) done.template fetch<NV>(row + i, col);
  }
  tile_terms<MR, NV, ByK>(fetched, K, a, as, b, bs, acc);
  MLP_UNROLL for (int i = 0; i < MR; i++) done.template store<NV>(acc[i], row + i, col);
}

template <int MR, bool ByK, class Init, class Done>
static void tile_columns(int K, const float* a, size_t as, const float* b, size_t bs, int width, const Init& init,
                         const Done& destination, int row) {
  const Done done = destination;  // its own copy: no store can change it, so that it is read once
  int col = 0;
  constexpr int full = Isa::NV * Isa::L;
  for (; col + full <= width; col += full) tile<MR, Isa::NV, ByK>(K, a, as, b + col, bs, init, done, row, col);
  constexpr int unit = kLane / Isa::L;  // vectors in 16 columns
  if constexpr (Isa::NV > unit) {
    for (; col < width; col += kLane) tile<MR, unit, ByK>(K, a, as, b + col, bs, init, done, row, col);
  }
}

template <bool ByK, class Init, class Done>
static void tiles(int M, int K, const float* a, size_t as, const float* b, size_t bs, int width, const Init& init,
                  const Done& done) {
  static_assert(Isa::MR <= 6, "the switch below has no taller tile");
  const int count = (M + Isa::MR - 1) / Isa::MR;
  for (int t = 0, row = 0; t < count; t++) {
    const int rows = (M - row + count - t - 1) / (count - t);
    const float* at = a + (ByK ? static_cast<size_t>(row) : row * as);
    switch (rows) {
      case 1: tile_columns<1, ByK>(K, at, as, b, bs, width, init, done, row); break;
      case 2: tile_columns<2, ByK>(K, at, as, b, bs, width, init, done, row); break;
      case 3: tile_columns<3, ByK>(K, at, as, b, bs, width, init, done, row); break;
      case 4: tile_columns<4, ByK>(K, at, as, b, bs, width, init, done, row); break;
      case 5: tile_columns<5, ByK>(K, at, as, b, bs, width, init, done, row); break;
      default: tile_columns<6, ByK>(K, at, as, b, bs, width, init, done, row); break;
    }
    row += rows;
  }
}

struct InitZero {
  template <int NV>
  MLP_INLINE_MEMBER void load(typename Isa::V (&acc)[NV], int, int) const {
    MLP_UNROLL for (int j = 0; j < NV; j++) acc[j] = Isa::zero();
  }
};

struct InitBias {
  const float* bias;
  template <int NV>
  MLP_INLINE_MEMBER void load(typename Isa::V (&acc)[NV], int, int col) const {
    MLP_UNROLL for (int j = 0; j < NV; j++) acc[j] = Isa::load(bias + col + j * Isa::L);
  }
};

struct InitScaled {
  const float* c;
  size_t stride;
  float beta;
  template <int NV>
  MLP_INLINE_MEMBER void load(typename Isa::V (&acc)[NV], int row, int col) const {
    const typename Isa::V scale = Isa::set1(beta);
    MLP_UNROLL for (int j = 0; j < NV; j++) acc[j] = Isa::mul(scale, Isa::load(c + row * stride + col + j * Isa::L));
  }
};

struct StoreGemm {
  static constexpr bool kReads = false;
  float* c;
  size_t stride;
  template <int NV>
  MLP_INLINE_MEMBER void store(const typename Isa::V (&acc)[NV], int row, int col) const {
    MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(c + row * stride + col + j * Isa::L, Isa::add(acc[j], Isa::zero()));
  }
};

// relu in registers; other activations on the row just stored, which is still in L1
struct StoreActivated {
  static constexpr bool kReads = false;
  const PanelForward& f;
  template <int NV>
  MLP_INLINE_MEMBER void store(const typename Isa::V (&acc)[NV], int row, int col) const {
    float* out = f.out + row * f.out_stride + col;
    if (f.activation == Activation::relu) {
      MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(out + j * Isa::L, Isa::relu(acc[j]));
      return;
    }
    MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(out + j * Isa::L, Isa::add(acc[j], Isa::zero()));
    if (f.pre) {
      float* pre = f.pre + row * f.out_stride + col;
      MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(pre + j * Isa::L, Isa::add(acc[j], Isa::zero()));
    }
    activate_run(f.activation, out, NV * Isa::L);
  }
};

// p <- rule(sum, p, slots): `R` is one of rules.inl
template <class R>
struct StoreRule {
  static constexpr bool kReads = true;
  float* w;
  size_t stride;
  Rule rule;
  Slots slots;

  template <int NV>
  MLP_INLINE_MEMBER void fetch(int row, int col) const {
    const size_t at = row * stride + col;
    for (int j = 0; j < NV * Isa::L; j += kLane) {
      MLP_PREFETCH(w + at + j);
      MLP_UNROLL for (int s = 0; s < R::SLOTS; s++) MLP_PREFETCH(slots.data + s * slots.stride + at + j);
    }
  }
  template <int NV>
  MLP_INLINE_MEMBER void store(const typename Isa::V (&acc)[NV], int row, int col) const {
    const size_t at = row * stride + col;
    MLP_UNROLL for (int j = 0; j < NV; j++) step<R>(rule, acc[j], w + at + j * Isa::L, slots.at(at + j * Isa::L));
  }
};

// the plain gradient, cut to `width` columns
struct StoreGradient {
  static constexpr bool kReads = false;
  float* store_;
  size_t stride;
  int width;
  template <int NV>
  MLP_INLINE_MEMBER void store(const typename Isa::V (&acc)[NV], int row, int col) const {
    float run[NV * Isa::L];
    MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(run + j * Isa::L, Isa::add(acc[j], Isa::zero()));
    float* to = store_ + row * stride + col;
    for (int j = 0; j < NV * Isa::L && col + j < width; j++) to[j] = run[j];
  }
};

struct StoreBackward {
  static constexpr bool kReads = false;
  const Backward& f;
  template <int NV>
  MLP_INLINE_MEMBER void store(const typename Isa::V (&acc)[NV], int row, int col) const {
    float* to = f.grad_in + row * f.grad_in_stride + col;
    const float* y = f.previous + row * f.previous_stride + col;
    if (f.activation == Activation::relu) {
      MLP_UNROLL for (int j = 0; j < NV; j++)
        Isa::store(to + j * Isa::L, Isa::where_positive(Isa::load(y + j * Isa::L), Isa::add(acc[j], Isa::zero())));
      return;
    }
    MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(to + j * Isa::L, acc[j]);
    const float* pre = f.previous_pre ? f.previous_pre + row * f.previous_stride + col : nullptr;
    derivative_run(f.activation, to, y, pre, NV * Isa::L);
  }
};
