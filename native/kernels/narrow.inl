// Layers of fewer than 16 outputs (class scores): dot products in the 16 lanes of the numeric contract.

struct Lanes {
  typename Isa::V v[kLane / Isa::L];
};

template <int R, int N>
MLP_INLINE void dots(const NarrowForward& f, int row, int n0) {
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
  for (int r = 0; r < R; r++) {
    float* out = f.out + (row + r) * f.out_stride;
    for (int n = 0; n < N; n++) out[n0 + n] = (Isa::tree(acc[r][n].v) + f.bias[n0 + n]) + 0.0f;
  }
}

template <int R>
MLP_INLINE void narrow_rows(const NarrowForward& f, int row) {
  int n = 0;
  for (; n + Isa::DOT_N <= f.N; n += Isa::DOT_N) dots<R, Isa::DOT_N>(f, row, n);
  for (; n < f.N; n++) dots<R, 1>(f, row, n);
}

static void narrow_forward(const NarrowForward& f) {
  int row = 0;
  for (; row + Isa::DOT_R <= f.rows; row += Isa::DOT_R) narrow_rows<Isa::DOT_R>(f, row);
  for (; row < f.rows; row++) narrow_rows<1>(f, row);
  for (int r = 0; r < f.rows; r++) {
    float* out = f.out + r * f.out_stride;
    for (int n = f.N; n < kLane; n++) out[n] = 0.0f;
    if (f.pre) {
      for (int n = 0; n < kLane; n++) f.pre[r * f.out_stride + n] = out[n];
    }
    activate(f.activation, out, f.N);
  }
}

static void narrow_update(const NarrowUpdate& u) {
  const int width = u.k1 - u.k0;
  if (u.store) {
    const StoreGradient done{u.store + u.k0, u.store_stride, width};
    tiles<true>(u.N, u.B, u.g, u.g_stride, u.x + u.k0, u.x_stride, width, InitZero{}, done);
  } else {
    const StoreRule done{u.wt + u.k0, u.wt_stride, u.rule};
    tiles<true>(u.N, u.B, u.g, u.g_stride, u.x + u.k0, u.x_stride, width, InitZero{}, done);
  }
}
