// The first layer when most inputs are zero: only the non-zero ones are multiplied, in the order of the dense chain, so
// that no bit changes. Weights are visited in blocks of kInputBlock inputs that stay in L1 or close to it for all rows of the task; a
// chain is continued from the float stored by the block before.

struct ByteValue {
  const uint8_t* bytes;
  const float* table;
  MLP_INLINE_MEMBER typename Isa::V operator()(size_t at) const { return Isa::set1(table[bytes[at]]); }
};

struct FloatValue {
  const float* floats;
  MLP_INLINE_MEMBER typename Isa::V operator()(size_t at) const { return Isa::set1(floats[at]); }
};

// P panels of 64 columns (or one narrower panel, NV vectors) for one row and one block
template <int NV, int P, class Value>
MLP_INLINE void sparse_row(const uint8_t* ids, size_t begin, size_t end, const Value& value, const float* const (&w)[P],
                           typename Isa::V (&acc)[P][NV]) {
  for (size_t e = begin; e != end; e++) {
    const typename Isa::V x = value(e);
    const size_t at = static_cast<size_t>(ids[e]) * (NV * Isa::L);
    MLP_UNROLL for (int p = 0; p < P; p++) {
      MLP_UNROLL for (int j = 0; j < NV; j++) acc[p][j] = Isa::fma(x, Isa::load(w[p] + at + j * Isa::L), acc[p][j]);
    }
  }
}

template <int NV, int P>
static void sparse_panels(const PanelForward* const (&f)[P], const RowLists& lists, int row0) {
  for (int block = 0; block < lists.blocks; block++) {
    const bool last = block + 1 == lists.blocks;
    const float* w[P];
    MLP_UNROLL for (int p = 0; p < P; p++) w[p] = f[p]->w + static_cast<size_t>(block) * kInputBlock * NV * Isa::L;
    for (int r = 0; r < f[0]->rows; r++) {
      const size_t row = static_cast<size_t>(row0 + r);
      const uint32_t* start = lists.block_start + row * (lists.blocks + 1) + block;
      const size_t at = row * lists.stride;
      typename Isa::V acc[P][NV];
      MLP_UNROLL for (int p = 0; p < P; p++) {
        const float* from = block == 0 ? f[p]->bias : f[p]->out + r * f[p]->out_stride;
        MLP_UNROLL for (int j = 0; j < NV; j++) acc[p][j] = Isa::load(from + j * Isa::L);
      }
      if (lists.values.bytes) {
        sparse_row<NV, P>(lists.ids + at, start[0], start[1], ByteValue{lists.values.bytes + at, lists.values.table}, w, acc);
      } else {
        sparse_row<NV, P>(lists.ids + at, start[0], start[1], FloatValue{lists.values.floats + at}, w, acc);
      }
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

// One group of Isa::GROUP inputs, NV vectors of columns. `value[i]` reads input i of the group.
template <int NV, class Value>
MLP_INLINE void sparse_group(const PanelUpdate& u, const uint16_t* rows, uint32_t count, const Value (&value)[Isa::GROUP], int k) {
  typename Isa::V acc[Isa::GROUP][NV];
  MLP_UNROLL for (int i = 0; i < Isa::GROUP; i++) MLP_UNROLL for (int j = 0; j < NV; j++) acc[i][j] = Isa::zero();
  for (uint32_t e = 0; e < count; e++) {
    const size_t row = rows[e];
    const float* g = u.g + row * u.g_stride;
    typename Isa::V gv[NV];
    MLP_UNROLL for (int j = 0; j < NV; j++) gv[j] = Isa::load(g + j * Isa::L);
    MLP_UNROLL for (int i = 0; i < Isa::GROUP; i++) {
      const typename Isa::V x = value[i](row);
      MLP_UNROLL for (int j = 0; j < NV; j++) acc[i][j] = Isa::fma(x, gv[j], acc[i][j]);
    }
  }
  for (int i = 0; i < Isa::GROUP && k + i < u.k1; i++) {
    if (u.store) StoreGradient{u.store, u.store_stride, u.store_width}.template store<NV>(acc[i], k + i, 0);
    else StoreRule{u.w, static_cast<size_t>(u.width), u.rule}.template store<NV>(acc[i], k + i, 0);
  }
}

template <int NV>
static void sparse_groups(const PanelUpdate& u, const GroupLists& lists) {
  for (int k = u.k0; k < u.k1; k += Isa::GROUP) {
    const size_t group = static_cast<size_t>(k / Isa::GROUP);
    const uint16_t* rows = lists.rows + group * lists.capacity;
    if (lists.values.bytes) {
      ByteValue value[Isa::GROUP];
      for (int i = 0; i < Isa::GROUP; i++) value[i] = {lists.values.bytes + (k + i) * lists.value_stride, lists.values.table};
      sparse_group<NV>(u, rows, lists.counts[group], value, k);
    } else {
      FloatValue value[Isa::GROUP];
      for (int i = 0; i < Isa::GROUP; i++) value[i] = {lists.values.floats + (k + i) * lists.value_stride};
      sparse_group<NV>(u, rows, lists.counts[group], value, k);
    }
  }
}

// k0 is a multiple of Isa::GROUP
static void update_sparse(const PanelUpdate& u, const GroupLists& lists) {
  constexpr int full = kPanel / Isa::L, unit = kLane / Isa::L;
  switch (u.width / kLane) {
    case 1: sparse_groups<unit>(u, lists); break;
    case 2: sparse_groups<2 * unit>(u, lists); break;
    case 3: sparse_groups<3 * unit>(u, lists); break;
    default: sparse_groups<full>(u, lists); break;
  }
}
