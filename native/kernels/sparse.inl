// The first layer when most inputs are zero: only the non-zero ones are multiplied, in the order of the dense chain, so
// that no bit changes. Weights are visited in blocks of kInputBlock inputs that stay in L1 for all rows of the task; a
// chain is continued from the float stored by the block before.

// P panels of 64 columns (or one narrower panel, NV vectors) for one row and one block
template <int NV, int P>
MLP_INLINE void sparse_row(const Entry* e, const Entry* end, const float* const (&w)[P], typename Isa::V (&acc)[P][NV]) {
  for (; e != end; e++) {
    const typename Isa::V x = Isa::set1(e->value);
    const size_t at = static_cast<size_t>(e->k) * (NV * Isa::L);
    MLP_UNROLL for (int p = 0; p < P; p++) {
      MLP_UNROLL for (int j = 0; j < NV; j++) acc[p][j] = Isa::fma(x, Isa::load(w[p] + at + j * Isa::L), acc[p][j]);
    }
  }
}

template <int NV, int P>
static void sparse_panels(const PanelForward* const (&f)[P], const RowLists& lists, int row0) {
  const float* w[P];
  MLP_UNROLL for (int p = 0; p < P; p++) w[p] = f[p]->w;
  for (int block = 0; block < lists.blocks; block++) {
    const bool last = block + 1 == lists.blocks;
    for (int r = 0; r < f[0]->rows; r++) {
      const size_t row = static_cast<size_t>(row0 + r);
      const Entry* entries = lists.entries + row * lists.entry_stride;
      const uint32_t* start = lists.block_start + row * (lists.blocks + 1) + block;
      typename Isa::V acc[P][NV];
      MLP_UNROLL for (int p = 0; p < P; p++) {
        const float* from = block == 0 ? f[p]->bias : f[p]->out + r * f[p]->out_stride;
        MLP_UNROLL for (int j = 0; j < NV; j++) acc[p][j] = Isa::load(from + j * Isa::L);
      }
      sparse_row<NV, P>(entries + start[0], entries + start[1], w, acc);
      MLP_UNROLL for (int p = 0; p < P; p++) {
        float* out = f[p]->out + r * f[p]->out_stride;
        if (last) StoreActivated{*f[p]}.template store<NV>(acc[p], r, 0);
        else {
          MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(out + j * Isa::L, acc[p][j]);
        }
      }
    }
  }
}

static void forward_sparse(const PanelForward& f, const PanelForward* second, const RowLists& lists, int row0) {
  constexpr int full = kPanel / Isa::L, unit = kLane / Isa::L;
  if (second) {
    const PanelForward* const both[2] = {&f, second};
    sparse_panels<full, 2>(both, lists, row0);
    return;
  }
  const PanelForward* const one[1] = {&f};
  switch (f.width / kLane) {
    case 1: sparse_panels<unit, 1>(one, lists, row0); break;
    case 2: sparse_panels<2 * unit, 1>(one, lists, row0); break;
    case 3: sparse_panels<3 * unit, 1>(one, lists, row0); break;
    default: sparse_panels<full, 1>(one, lists, row0); break;
  }
}

// One group of Isa::GROUP inputs, NV vectors of columns
template <int NV>
MLP_INLINE void sparse_group(const PanelUpdate& u, const GroupLists& lists, int group, int col) {
  typename Isa::V acc[Isa::GROUP][NV];
  MLP_UNROLL for (int i = 0; i < Isa::GROUP; i++) MLP_UNROLL for (int j = 0; j < NV; j++) acc[i][j] = Isa::zero();
  const uint32_t* rows = lists.rows + group * lists.capacity;
  const float* values = lists.values + group * lists.capacity * Isa::GROUP;
  for (uint32_t e = 0, n = lists.counts[group]; e < n; e++) {
    const float* g = u.g + rows[e] * u.g_stride + col;
    typename Isa::V gv[NV];
    MLP_UNROLL for (int j = 0; j < NV; j++) gv[j] = Isa::load(g + j * Isa::L);
    MLP_UNROLL for (int i = 0; i < Isa::GROUP; i++) {
      const typename Isa::V x = Isa::set1(values[e * Isa::GROUP + i]);
      MLP_UNROLL for (int j = 0; j < NV; j++) acc[i][j] = Isa::fma(x, gv[j], acc[i][j]);
    }
  }
  for (int i = 0; i < Isa::GROUP; i++) {
    const int k = group * Isa::GROUP + i;
    if (k >= u.k1) break;
    if (u.store) StoreGradient{u.store, u.store_stride, u.store_width}.template store<NV>(acc[i], k, col);
    else StoreRule{u.w, static_cast<size_t>(u.width), u.rule}.template store<NV>(acc[i], k, col);
  }
}

// k0 is a multiple of Isa::GROUP
static void update_sparse(const PanelUpdate& u, const GroupLists& lists) {
  constexpr int full = kPanel / Isa::L, unit = kLane / Isa::L;
  for (int group = u.k0 / Isa::GROUP; group * Isa::GROUP < u.k1; group++) {
    switch (u.width / kLane) {
      case 1: sparse_group<unit>(u, lists, group, 0); break;
      case 2: sparse_group<2 * unit>(u, lists, group, 0); break;
      case 3: sparse_group<3 * unit>(u, lists, group, 0); break;
      default: sparse_group<full>(u, lists, group, 0); break;
    }
  }
}
