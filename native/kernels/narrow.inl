// Layers of fewer than 16 outputs (class scores): dot products in the 16 lanes of the numeric contract.

struct Lanes {
  typename Isa::V v[kLane / Isa::L];
};

// sums[r][n0 + n] of R rows and N outputs
template <int R, int N>
MLP_INLINE void dots(const NarrowForward& f, int row, int n0, float (&sums)[R][kLane]) {
  constexpr int U = kLane / Isa::L;
  Lanes acc[R][N];
  MLP_UNROLL for (int r = 0; r < R; r++) MLP_UNROLL for (int n = 0; n < N; n++)
    MLP_UNROLL for (int u = 0; u < U; u++) acc[r][n].v[u] = Isa::zero();
  const float* x = f.x + row * f.x_stride;
  const float* w = f.wt + n0 * f.wt_stride;
  const int whole = f.K / kLane * kLane;
  for (int k = 0; k < whole; k += kLane) {
    MLP_UNROLL for (int u = 0; u < U; u++) {
      typename Isa::V xv[R];
      MLP_UNROLL for (int r = 0; r < R; r++) xv[r] = Isa::load(x + r * f.x_stride + k + u * Isa::L);
      MLP_UNROLL for (int n = 0; n < N; n++) {
        const typename Isa::V wv = Isa::load(w + n * f.wt_stride + k + u * Isa::L);
        MLP_UNROLL for (int r = 0; r < R; r++) acc[r][n].v[u] = Isa::fma(xv[r], wv, acc[r][n].v[u]);
      }
    }
  }
  if (whole < f.K) {  // the tail: inputs past K are padding, which is not read
    for (int r = 0; r < R; r++) {
      float last[kLane] = {0};
      for (int k = whole; k < f.K; k++) last[k - whole] = x[r * f.x_stride + k];
      MLP_UNROLL for (int u = 0; u < U; u++) {
        const typename Isa::V xv = Isa::load(last + u * Isa::L);
        for (int n = 0; n < N; n++)
          acc[r][n].v[u] = Isa::fma(xv, Isa::load(w + n * f.wt_stride + whole + u * Isa::L), acc[r][n].v[u]);
      }
    }
  }
  constexpr int fours = N / 4 * 4;
  MLP_UNROLL for (int r = 0; r < R; r++) {
    float* const to = sums[r] + n0;
    if constexpr (fours > 0) Isa::trees(acc[r][0].v, acc[r][1].v, acc[r][2].v, acc[r][3].v, to);
    if constexpr (R < 4) {
      MLP_UNROLL for (int n = fours; n < N; n++) to[n] = Isa::tree(acc[r][n].v);
    }
  }
  if constexpr (R == 4) {
    MLP_UNROLL for (int n = fours; n < N; n++) {
      float column[4];
      Isa::trees(acc[0][n].v, acc[1][n].v, acc[2][n].v, acc[3][n].v, column);
      MLP_UNROLL for (int r = 0; r < R; r++) sums[r][n0 + n] = column[r];
    }
  }
}

// The last f.N - n0 outputs, at most N, together: the rows are read once.
template <int R, int N>
MLP_INLINE void remaining_dots(const NarrowForward& f, int row, int n0, float (&sums)[R][kLane]) {
  if (f.N - n0 == N) return dots<R, N>(f, row, n0, sums);
  if constexpr (N > 1) remaining_dots<R, N - 1>(f, row, n0, sums);
}

template <int R>
MLP_INLINE void narrow_rows(const NarrowForward& f, int row) {
  float sums[R][kLane] = {};
  int n = 0;
  for (; n + Isa::DOT_N <= f.N; n += Isa::DOT_N) dots<R, Isa::DOT_N>(f, row, n, sums);
  remaining_dots<R, Isa::DOT_N - 1>(f, row, n, sums);
  for (int r = 0; r < R; r++) {
    const size_t at = (row + r) * f.out_stride;
    MLP_UNROLL for (int u = 0; u < kLane; u += Isa::L) {  // biases are padded with zeros: so are the outputs
      const typename Isa::V z = Isa::add(Isa::add(Isa::load(sums[r] + u), Isa::load(f.bias + u)), Isa::zero());
      Isa::store(f.out + at + u, z);
      if (f.pre) Isa::store(f.pre + at + u, z);
    }
    if (f.activation != Activation::identity) activate(f.activation, f.out + at, f.N);
  }
}

static void narrow_forward(const NarrowForward& f) {
  int row = 0;
  for (; row + Isa::DOT_R <= f.rows; row += Isa::DOT_R) narrow_rows<Isa::DOT_R>(f, row);
  for (; row < f.rows; row++) narrow_rows<1>(f, row);
}

struct NarrowSums {
  const NarrowUpdate& u;

  template <class Done>
  MLP_INLINE_MEMBER void sums(const Done& done) const {
    tiles<true>(u.N, u.B, u.g, u.g_stride, u.x + u.k0, u.x_stride, u.k1 - u.k0, InitZero{}, done);
  }
  template <class R>
  MLP_INLINE_MEMBER void run() const {
    sums(StoreRule<R>{u.wt + u.k0, u.wt_stride, u.rule, u.slots.at(static_cast<size_t>(u.k0))});
  }
};

static void narrow_update(const NarrowUpdate& u) {
  const NarrowSums update{u};
  if (u.store) update.sums(StoreGradient{u.store + u.k0, u.store_stride, u.k1 - u.k0});
  else for_rule(u.rule, update);
}
