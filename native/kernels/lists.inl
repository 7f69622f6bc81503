// Batches as lists of their non-zero inputs. `struct Isa` says how bytes are compressed, 16 x 16 bytes transposed:
//   int compress(const uint8_t* bytes, int n, uint8_t base, uint8_t* ids, uint8_t* values)
//       n <= 64; ids are positions + base; returns how many
//   int compress_rows(const uint8_t* t, size_t stride, int first, int n, uint16_t* out)
//       rows first..first+n-1 (n <= 64) in which one of GROUP bytes t[i * stride + row] is not zero
//   void transpose16(const uint8_t* const from[16], uint8_t* to, size_t stride)
// Outputs may be written up to 64 elements past the last.

static bool list_bytes(const uint8_t* row, int cols, uint32_t limit, uint8_t* ids, uint8_t* values, uint32_t* block_start) {
  uint32_t n = 0;
  *block_start++ = 0;
  for (int k = 0; k < cols && n <= limit; k += kInputBlock) {
    const int end = cols - k < kInputBlock ? cols - k : kInputBlock;
    for (int i = 0; i < end; i += 64) {
      const int count = end - i < 64 ? end - i : 64;
      n += static_cast<uint32_t>(Isa::compress(row + k + i, count, static_cast<uint8_t>(i), ids + n, values + n));
    }
    *block_start++ = n;
  }
  return n <= limit;
}

static bool list_floats(const float* row, int cols, uint32_t limit, uint8_t* ids, float* values, uint32_t* block_start) {
  uint32_t n = 0;
  *block_start++ = 0;
  for (int k = 0; k < cols && n <= limit; k += kInputBlock) {
    for (int i = 0; i < kInputBlock && k + i < cols; i++) {
      ids[n] = static_cast<uint8_t>(i);
      values[n] = row[k + i];
      n += row[k + i] != 0.0f;
    }
    *block_start++ = n;
  }
  return n <= limit;
}

static void transpose_bytes(const uint8_t* from, size_t cols, const int32_t* indices, int rows, int k0, int k1, uint8_t* to,
                            size_t stride) {
  const int whole_rows = rows / 16 * 16, whole = k0 + (k1 - k0) / 16 * 16;
  for (int r = 0; r < whole_rows; r += 16) {
    const uint8_t* row[16];
    for (int i = 0; i < 16; i++) row[i] = from + static_cast<size_t>(indices[r + i]) * cols + k0;
    for (int k = k0; k < whole; k += 16) {
      Isa::transpose16(row, to + static_cast<size_t>(k) * stride + r, stride);
      for (int i = 0; i < 16; i++) row[i] += 16;
    }
  }
  for (int r = 0; r < rows; r++) {
    const uint8_t* row = from + static_cast<size_t>(indices[r]) * cols;
    for (int k = r < whole_rows ? whole : k0; k < k1; k++) to[static_cast<size_t>(k) * stride + r] = row[k];
  }
}

static void list_groups(const GroupBuild& b) {
  for (int k = b.k0; k < b.k1; k += Isa::GROUP) {
    const size_t group = static_cast<size_t>(k / Isa::GROUP);
    uint16_t* out = b.out + group * b.capacity;
    uint32_t n = 0;
    if (b.values.bytes) {
      const uint8_t* t = b.values.bytes + static_cast<size_t>(k) * b.value_stride;
      for (int r = 0; r < b.rows; r += 64) {
        n += static_cast<uint32_t>(Isa::template compress_rows<Isa::GROUP>(t, b.value_stride, r, b.rows - r < 64 ? b.rows - r : 64, out + n));
      }
    } else {
      const float* t = b.values.floats + static_cast<size_t>(k) * b.value_stride;
      for (int r = 0; r < b.rows; r++) {
        bool any = false;
        for (int i = 0; i < Isa::GROUP; i++) any |= t[i * b.value_stride + r] != 0.0f;
        out[n] = static_cast<uint16_t>(r);
        n += any;
      }
    }
    b.counts[group] = n;
  }
}

// i / divisor for the integers 0..255, rounded once: a quotient and one correction (checked against the table by the driver)
static void expand_bytes(const uint8_t* MLP_RESTRICT row, int cols, float divisor, float* MLP_RESTRICT to) {
  const float reciprocal = 1.0f / divisor;
  for (int k = 0; k < cols; k++) {
    const float x = static_cast<float>(row[k]), q = x * reciprocal;
    to[k] = fma1(fma1(-q, divisor, x), reciprocal, q);
  }
}

static const ListKernels lists = {list_bytes, list_floats, transpose_bytes, list_groups, expand_bytes};
