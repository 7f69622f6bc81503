// Resampling of one image. All arithmetic on positions and bytes is exact integer arithmetic, so the compiler may vectorise the
// loops in any way; floats are interpolated with one rounding an operation. `struct Isa` supplies one operation on vectors of
// Isa::L integers, where those of a and b are pairs of 16-bit ones:
//   Pairs add_pairs(Pairs sum, Pairs a, Pairs b): sum + a.low * b.low + a.high * b.high, lane by lane

typedef int32_t Ints __attribute__((vector_size(4 * Isa::L)));
typedef uint8_t FewBytes __attribute__((vector_size(Isa::L)));

static_assert(kWarpColumns % (kLane * 2) == 0, "a chunk is whole vectors");

// Word `counter` of the stream of two keys; counterWord in src/core/random.ts
MLP_INLINE uint32_t counter_word(uint32_t key0, uint32_t key1, uint32_t counter) {
  uint32_t x = key0 + counter * 0x9e3779b9u;
  x = (x ^ x >> 16) * 0x21f0aaadu;
  x ^= x >> 15;
  x = (x ^ key1) * 0xd35a2d97u;
  return x ^ x >> 15;
}

MLP_INLINE int32_t to_int(uint32_t bits) {
  int32_t value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

MLP_INLINE void load_ints(Ints& v, const void* from) { __builtin_memcpy(&v, from, sizeof v); }
MLP_INLINE void store_ints(int32_t* to, const Ints& v) { __builtin_memcpy(to, &v, sizeof v); }

MLP_INLINE void add_pairs(Ints& sum, const Ints& a, const Ints& b) {
  sum = (Ints)Isa::add_pairs((typename Isa::Pairs)sum, (typename Isa::Pairs)a, (typename Isa::Pairs)b);
}

// out[r][c] = sum over j of the products of the pairs a[r][j] and b[j][c], for ROWS rows and kWarpColumns columns
template <int ROWS>
MLP_INLINE void pair_tile(const int16_t* a, size_t a_stride, const int32_t* b, size_t stride, int from, int to, int32_t* out) {
  constexpr int n = kWarpColumns / Isa::L;
  Ints sum[ROWS][n];
  MLP_UNROLL for (int r = 0; r < ROWS; r++) {
    MLP_UNROLL for (int i = 0; i < n; i++) sum[r][i] = Ints{};
  }
  for (int j = from; j < to; j++) {
    Ints columns[n];
    MLP_UNROLL for (int i = 0; i < n; i++) load_ints(columns[i], b + static_cast<size_t>(j) * stride + i * Isa::L);
    MLP_UNROLL for (int r = 0; r < ROWS; r++) {
      int32_t pair;
      __builtin_memcpy(&pair, a + static_cast<size_t>(r) * a_stride + 2 * j, sizeof pair);
      const Ints left = Ints{} + pair;
      MLP_UNROLL for (int i = 0; i < n; i++) add_pairs(sum[r][i], left, columns[i]);
    }
  }
  MLP_UNROLL for (int r = 0; r < ROWS; r++) {
    MLP_UNROLL for (int i = 0; i < n; i++) store_ints(out + static_cast<size_t>(r) * stride + i * Isa::L, sum[r][i]);
  }
}

// Pairs [from, to) that hold the inputs first - radius .. last + radius of `inputs`
struct PairRange {
  int from, to;

  MLP_INLINE_MEMBER PairRange(int first, int last, int radius, int inputs) {
    const int low = first - radius < 0 ? 0 : first - radius, high = last + radius < inputs - 1 ? last + radius : inputs - 1;
    from = low / 2;
    to = high / 2 + 1;
  }
};

// The sums of one smoothing, [height][stride]: `by_rows` down the columns, else across the rows
template <bool by_rows>
MLP_INLINE void smooth(const WarpPlan& p, const int16_t* a, size_t a_stride, const int32_t* b, int32_t* sums) {
  constexpr int rows = Isa::WARP_ROWS;
  const size_t stride = p.stride();
  for (int x = 0; x < p.width; x += kWarpColumns) {
    const int last = x + kWarpColumns < p.width ? x + kWarpColumns - 1 : p.width - 1;
    for (int y = 0; y < p.height;) {
      const int count = p.height - y < rows ? 1 : rows;
      const PairRange range = by_rows ? PairRange(y, y + count - 1, p.radius, p.height) : PairRange(x, last, p.radius, p.width);
      const int16_t* const left = a + static_cast<size_t>(y) * a_stride;
      int32_t* const out = sums + static_cast<size_t>(y) * stride + x;
      if (count == rows) pair_tile<rows>(left, a_stride, b + x, stride, range.from, range.to, out);
      else pair_tile<1>(left, a_stride, b + x, stride, range.from, range.to, out);
      y += count;
    }
  }
}

// field [height][stride], in 2^-16 pixels
static void make_field(const WarpPlan& p, uint32_t key0, uint32_t key1, int number, const WarpScratch& s, int32_t* MLP_RESTRICT field) {
  const size_t stride = p.stride(), pairs = static_cast<size_t>(p.pairs()), words = pairs * stride, all = static_cast<size_t>(p.height) * stride;
  const uint32_t first = static_cast<uint32_t>(static_cast<size_t>(number) * words);
  int32_t* const MLP_RESTRICT noise = s.noise;
  for (size_t i = 0; i < words; i++) noise[i] = to_int(counter_word(key0, key1, first + static_cast<uint32_t>(i)));
  smooth<true>(p, p.down, 2 * pairs, noise, field);
  int16_t* const MLP_RESTRICT smoothed = s.smooth;
  for (size_t i = 0; i < all; i++) smoothed[i] = static_cast<int16_t>((field[i] + (1 << 14)) >> 15);
  smooth<false>(p, smoothed, stride, p.across, field);
  const int shift = p.shift;
  const int32_t half = 1 << (shift - 1);
  for (size_t i = 0; i < all; i++) field[i] = (field[i] + half) >> shift;
}

MLP_INLINE int32_t clamp(int32_t x, int32_t low, int32_t high) {
  const int32_t raised = x < low ? low : x;
  return raised > high ? high : raised;
}

constexpr int32_t kWarpOne = 1 << 14;

// The weights of the two neighbours of a position, a pair
MLP_INLINE int32_t weights_at(int32_t position) {
  const int32_t fraction = (position & 0xffff) >> 2;
  return (kWarpOne - fraction) | fraction << 16;
}

// Where each pixel of row y comes from: the position of its upper left neighbour in the padded image, and the weights of the
// neighbours
template <bool has_fields>
MLP_INLINE void locate(const WarpPlan& p, const int32_t* warp, int y, const WarpScratch& s) {
  const uint32_t row = static_cast<uint32_t>(y), ux = static_cast<uint32_t>(warp[3]), vx = static_cast<uint32_t>(warp[6]);
  const uint32_t u0 = static_cast<uint32_t>(warp[2]) + row * static_cast<uint32_t>(warp[4]);
  const uint32_t v0 = static_cast<uint32_t>(warp[5]) + row * static_cast<uint32_t>(warp[7]);
  const int32_t right = p.width << 16, bottom = p.height << 16, padded = p.padded_width();
  const int stride = static_cast<int>(p.stride());
  const size_t from = has_fields ? static_cast<size_t>(y) * p.stride() : 0;
  const int32_t* const MLP_RESTRICT dx = s.fields[0] + from;
  const int32_t* const MLP_RESTRICT dy = s.fields[1] + from;
  int32_t* const MLP_RESTRICT at = s.at;
  int32_t* const MLP_RESTRICT wx = s.wx;
  int32_t* const MLP_RESTRICT wy = s.wy;
  for (int x = 0; x < stride; x++) {
    const uint32_t column = static_cast<uint32_t>(x);
    const uint32_t moved_u = has_fields ? static_cast<uint32_t>(dx[x]) : 0, moved_v = has_fields ? static_cast<uint32_t>(dy[x]) : 0;
    const int32_t u = clamp(to_int(u0 + column * ux + moved_u), -65536, right);
    const int32_t v = clamp(to_int(v0 + column * vx + moved_v), -65536, bottom);
    at[x] = ((v >> 16) + 1) * padded + (u >> 16) + 1;
    wx[x] = weights_at(u);
    wy[x] = weights_at(v);
  }
}

static void locate_row(const WarpPlan& p, const int32_t* warp, int y, const WarpScratch& s) {
  if (p.radius >= 0) locate<true>(p, warp, y, s);
  else locate<false>(p, warp, y, s);
}

// image [height][width] into the middle of `padded`. Whole chunks are copied: what they hold past the end of a row is made zero,
// and lies in the border or where the next row goes. `copy` has room for a chunk past the image.
static void pad_bytes(const WarpPlan& p, const uint8_t* image, uint8_t* copy, uint8_t* padded) {
  typedef uint8_t Chunk __attribute__((vector_size(kWarpColumns)));
  const size_t columns = static_cast<size_t>(p.width), width = static_cast<size_t>(p.padded_width());
  const size_t whole = columns / kWarpColumns * kWarpColumns;
  uint8_t mask[kWarpColumns];
  for (size_t i = 0; i < kWarpColumns; i++) mask[i] = whole + i < columns ? 255 : 0;
  Chunk keep;
  __builtin_memcpy(&keep, mask, sizeof keep);
  __builtin_memcpy(copy, image, columns * static_cast<size_t>(p.height));
  for (size_t y = 0; y < static_cast<size_t>(p.height); y++) {
    const uint8_t* const from = copy + y * columns;
    uint8_t* const to = padded + (y + 1) * width + 1;
    Chunk chunk;
    for (size_t x = 0; x < whole; x += kWarpColumns) {
      __builtin_memcpy(&chunk, from + x, sizeof chunk);
      __builtin_memcpy(to + x, &chunk, sizeof chunk);
    }
    __builtin_memcpy(&chunk, from + whole, sizeof chunk);
    chunk &= keep;
    __builtin_memcpy(to + whole, &chunk, sizeof chunk);
  }
}

// The four neighbours of each position of the padded image, a byte each: here, below, to the right, below that
static void make_quads(const WarpPlan& p, const WarpScratch& s) {
  const size_t width = static_cast<size_t>(p.padded_width());
  const uint8_t* const MLP_RESTRICT above = s.padded_bytes;
  const uint8_t* const MLP_RESTRICT below = s.padded_bytes + width;
  uint32_t* const MLP_RESTRICT quads = s.quads;
  const size_t last = (static_cast<size_t>(p.height) + 2) * width - 1;  // positions that have all neighbours
  for (size_t i = 0; i < last; i++) {
    quads[i] = static_cast<uint32_t>(above[i]) | static_cast<uint32_t>(below[i]) << 8 | static_cast<uint32_t>(above[i + 1]) << 16 |
               static_cast<uint32_t>(below[i + 1]) << 24;
  }
}

// A row from the four neighbours of each pixel
MLP_INLINE void interpolate(const WarpScratch& s, int stride, uint8_t* row) {
  for (int x = 0; x < stride; x += Isa::L) {
    Ints four, wx, wy;
    load_ints(four, s.four + x);
    load_ints(wx, s.wx + x);
    load_ints(wy, s.wy + x);
    Ints above = Ints{} + 64, below = above, sum = Ints{} + (1 << 20);
    add_pairs(above, four & 0x00ff00ff, wx);
    add_pairs(below, four >> 8 & 0x00ff00ff, wx);
    add_pairs(sum, above >> 7 | below >> 7 << 16, wy);
    const FewBytes bytes = __builtin_convertvector(sum >> 21, FewBytes);
    __builtin_memcpy(row + x, &bytes, sizeof bytes);
  }
}

// Rows are written as whole chunks into `copy`, each over the end of the one before.
static void resample_bytes(const WarpPlan& p, const uint8_t* image, const int32_t* warp, const WarpScratch& s, uint8_t* out) {
  const int stride = static_cast<int>(p.stride());
  const size_t columns = static_cast<size_t>(p.width);
  pad_bytes(p, image, s.copy, s.padded_bytes);
  make_quads(p, s);
  for (int y = 0; y < p.height; y++) {
    locate_row(p, warp, y, s);
    const uint32_t* const MLP_RESTRICT quads = s.quads;
    const int32_t* const MLP_RESTRICT at = s.at;
    int32_t* const MLP_RESTRICT four = s.four;
    for (int x = 0; x < stride; x++) four[x] = to_int(quads[at[x]]);
    interpolate(s, stride, s.copy + static_cast<size_t>(y) * columns);
  }
  __builtin_memcpy(out, s.copy, columns * static_cast<size_t>(p.height));
}

static void resample_floats(const WarpPlan& p, const float* image, const int32_t* warp, const WarpScratch& s, float* out) {
  const size_t width = static_cast<size_t>(p.padded_width()), columns = static_cast<size_t>(p.width);
  for (int y = 0; y < p.height; y++) {
    __builtin_memcpy(s.padded_floats + static_cast<size_t>(y + 1) * width + 1, image + static_cast<size_t>(y) * columns, columns * sizeof(float));
  }
  for (int y = 0; y < p.height; y++) {
    locate_row(p, warp, y, s);
    float* const to = out + static_cast<size_t>(y) * columns;
    for (int x = 0; x < p.width; x++) {
      const float* const near = s.padded_floats + s.at[x];
      const float fx = static_cast<float>(s.wx[x] >> 16) * 0x1p-14f, fy = static_cast<float>(s.wy[x] >> 16) * 0x1p-14f;
      const float above = near[0] * (1.0f - fx) + near[1] * fx;
      const float below = near[width] * (1.0f - fx) + near[width + 1] * fx;
      to[x] = above * (1.0f - fy) + below * fy;
    }
  }
}

static void warp_image(const WarpPlan& p, const WarpImage& image, const int32_t* warp, const WarpScratch& s) {
  if (p.radius >= 0) {
    for (int f = 0; f < 2; f++) make_field(p, static_cast<uint32_t>(warp[0]), static_cast<uint32_t>(warp[1]), f, s, s.fields[f]);
  }
  if (image.bytes) resample_bytes(p, image.bytes, warp, s, image.out_bytes);
  else resample_floats(p, image.floats, warp, s, image.out_floats);
}
