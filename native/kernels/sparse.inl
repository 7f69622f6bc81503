// The first layer when most inputs are zero: only the non-zero ones are multiplied, in the order of the dense chain, so
// that no bit changes. Weights are visited in blocks of kInputBlock inputs that stay in L1 or close to it for all rows of the task; a
// chain is continued from the float stored by the block before.

struct ByteValue {
  const uint8_t* bytes;
  const float* table;
  MLP_INLINE_MEMBER ByteValue from(size_t at) const { return {bytes + at, table}; }
  MLP_INLINE_MEMBER typename Isa::V operator()(size_t at) const { return Isa::set1(table[bytes[at]]); }
};

struct FloatValue {
  const float* floats;
  MLP_INLINE_MEMBER FloatValue from(size_t at) const { return {floats + at}; }
  MLP_INLINE_MEMBER typename Isa::V operator()(size_t at) const { return Isa::set1(floats[at]); }
};

// One row's non-zero inputs of a block, and its running sums
template <int NV, class Value>
struct SparseRow {
  const uint8_t* ids;
  Value value;
  size_t count;
  typename Isa::V acc[NV];

  MLP_INLINE_MEMBER const float* weights(const float* w, size_t e) const { return w + static_cast<size_t>(ids[e]) * (NV * Isa::L); }
  MLP_INLINE_MEMBER void add(const typename Isa::V x, const float* w) {
    MLP_UNROLL for (int j = 0; j < NV; j++) acc[j] = Isa::fma(x, Isa::load(w + j * Isa::L), acc[j]);
  }
  MLP_INLINE_MEMBER void add_from(size_t e, const float* w) {
    for (; e != count; e++) add(value(e), weights(w, e));
  }
};

template <int NV, class Value>
MLP_INLINE void add_rows(SparseRow<NV, Value> (&rows)[1], const float* w) {
  rows[0].add_from(0, w);
}

// Two rows side by side: the multiply-adds of one wait for each other.
template <int NV, class Value>
MLP_INLINE void add_rows(SparseRow<NV, Value> (&rows)[2], const float* w) {
  const size_t both = rows[0].count < rows[1].count ? rows[0].count : rows[1].count;
  for (size_t e = 0; e != both; e++) {
    const typename Isa::V x = rows[0].value(e), y = rows[1].value(e);
    const float *const wx = rows[0].weights(w, e), *const wy = rows[1].weights(w, e);
    rows[0].add(x, wx);
    rows[1].add(y, wy);
  }
  rows[0].add_from(both, w);
  rows[1].add_from(both, w);
}

template <int R, int NV, class Value>
MLP_INLINE void sparse_rows(const PanelForward& f, const RowLists& lists, const Value& values, int row0, int r, int block) {
  const float* const w = f.w + static_cast<size_t>(block) * kInputBlock * NV * Isa::L;
  SparseRow<NV, Value> rows[R];
  MLP_UNROLL for (int i = 0; i < R; i++) {
    const size_t row = static_cast<size_t>(row0 + r + i);
    const uint32_t* const start = lists.block_start + row * (lists.blocks + 1) + block;
    const size_t at = row * lists.stride + start[0];
    rows[i].ids = lists.ids + at;
    rows[i].value = values.from(at);
    rows[i].count = start[1] - start[0];
    const float* const from = block == 0 ? f.bias : f.out + (r + i) * f.out_stride;
    MLP_UNROLL for (int j = 0; j < NV; j++) rows[i].acc[j] = Isa::load(from + j * Isa::L);
  }
  add_rows(rows, w);
  MLP_UNROLL for (int i = 0; i < R; i++) {
    if (block + 1 == lists.blocks) StoreActivated{f}.template store<NV>(rows[i].acc, r + i, 0);
    else {
      float* const out = f.out + (r + i) * f.out_stride;
      MLP_UNROLL for (int j = 0; j < NV; j++) Isa::store(out + j * Isa::L, rows[i].acc[j]);
    }
  }
}

template <int NV, class Value>
static void sparse_panel(const PanelForward& f, const RowLists& lists, const Value& values, int row0) {
  for (int block = 0; block < lists.blocks; block++) {
    int r = 0;
    for (; r + Isa::ROWS <= f.rows; r += Isa::ROWS) sparse_rows<Isa::ROWS, NV>(f, lists, values, row0, r, block);
    for (; r < f.rows; r++) sparse_rows<1, NV>(f, lists, values, row0, r, block);
  }
}

template <int NV>
static void sparse_panel(const PanelForward& f, const RowLists& lists, int row0) {
  if (lists.values.bytes) sparse_panel<NV>(f, lists, ByteValue{lists.values.bytes, lists.values.table}, row0);
  else sparse_panel<NV>(f, lists, FloatValue{lists.values.floats}, row0);
}

static void forward_sparse(const PanelForward& f, const RowLists& lists, int row0) {
  constexpr int full = kPanel / Isa::L, unit = kLane / Isa::L;
  switch (f.width / kLane) {
    case 1: sparse_panel<unit>(f, lists, row0); break;
    case 2: sparse_panel<2 * unit>(f, lists, row0); break;
    case 3: sparse_panel<3 * unit>(f, lists, row0); break;
    default: sparse_panel<full>(f, lists, row0); break;
  }
}

// One group of Isa::GROUP inputs, NV vectors of columns. `value[i]` reads input i of the group.
template <int NV, class Done, class Value>
MLP_INLINE void sparse_group(const PanelUpdate& u, const Done& done, const uint16_t* rows, uint32_t count, const Value (&value)[Isa::GROUP], int k) {
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
  for (int i = 0; i < Isa::GROUP && k + i < u.k1; i++) done.template store<NV>(acc[i], k + i, 0);
}

template <int NV, class Done>
static void sparse_groups(const PanelUpdate& u, const GroupLists& lists, const Done& destination) {
  const Done done = destination;  // its own copy: no store can change it
  for (int k = u.k0; k < u.k1; k += Isa::GROUP) {
    const size_t group = static_cast<size_t>(k / Isa::GROUP);
    const uint16_t* rows = lists.rows + group * lists.capacity;
    if (lists.values.bytes) {
      ByteValue value[Isa::GROUP];
      for (int i = 0; i < Isa::GROUP; i++) value[i] = {lists.values.bytes + (k + i) * lists.value_stride, lists.values.table};
      sparse_group<NV>(u, done, rows, lists.counts[group], value, k);
    } else {
      FloatValue value[Isa::GROUP];
      for (int i = 0; i < Isa::GROUP; i++) value[i] = {lists.values.floats + (k + i) * lists.value_stride};
      sparse_group<NV>(u, done, rows, lists.counts[group], value, k);
    }
  }
}

struct SparseUpdate {
  const PanelUpdate& u;
  const GroupLists& lists;

  template <class Done>
  MLP_INLINE_MEMBER void sums(const Done& done) const {
    constexpr int full = kPanel / Isa::L, unit = kLane / Isa::L;
    switch (u.width / kLane) {
      case 1: sparse_groups<unit>(u, lists, done); break;
      case 2: sparse_groups<2 * unit>(u, lists, done); break;
      case 3: sparse_groups<3 * unit>(u, lists, done); break;
      default: sparse_groups<full>(u, lists, done); break;
    }
  }
  template <class R>
  MLP_INLINE_MEMBER void run() const {
    sums(StoreRule<R>{u.w, static_cast<size_t>(u.width), u.rule, u.slots});
  }
};

// k0 is a multiple of Isa::GROUP
static void update_sparse(const PanelUpdate& u, const GroupLists& lists) {
  const SparseUpdate update{u, lists};
  if (u.store) update.sums(StoreGradient{u.store, u.store_stride, u.store_width});
  else for_rule(u.rule, update);
}
