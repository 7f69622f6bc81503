// Byte work of lists.inl with 16-byte vectors: eight bytes are compressed by one shuffle whose control comes from a table.

struct ShuffleTable {
  uint8_t control[256][8];
};

constexpr ShuffleTable make_shuffle_table() {
  ShuffleTable t = {};
  for (int mask = 0; mask < 256; mask++) {
    int n = 0;
    for (int bit = 0; bit < 8; bit++) {
      if (mask >> bit & 1) t.control[mask][n++] = static_cast<uint8_t>(bit);
    }
  }
  return t;
}

static constexpr ShuffleTable kShuffle = make_shuffle_table();

struct BytesX86 {
  MLP_INLINE __m128i control(int mask) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kShuffle.control[mask])); }

  MLP_INLINE int compress(const uint8_t* bytes, int n, uint8_t base, uint8_t* ids, uint8_t* values) {
    int count = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m128i v = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes + i));
      const int mask = ~_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())) & 0xff;
      const __m128i c = control(mask);
      _mm_storel_epi64(reinterpret_cast<__m128i*>(ids + count), _mm_add_epi8(c, _mm_set1_epi8(static_cast<char>(base + i))));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(values + count), _mm_shuffle_epi8(v, c));
      count += __builtin_popcount(static_cast<unsigned>(mask));
    }
    for (; i < n; i++) {
      ids[count] = static_cast<uint8_t>(base + i);
      values[count] = bytes[i];
      count += bytes[i] != 0;
    }
    return count;
  }

  template <int GROUP>
  MLP_INLINE int compress_rows(const uint8_t* t, size_t stride, int first, int n, uint16_t* out) {
    int count = 0;
    for (int r = 0; r < n; r += 8) {
      __m128i v = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(t + first + r));
      for (int i = 1; i < GROUP; i++) {
        v = _mm_or_si128(v, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(t + i * stride + first + r)));
      }
      int mask = ~_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())) & 0xff;
      if (n - r < 8) mask &= (1 << (n - r)) - 1;
      const __m128i wide = _mm_unpacklo_epi8(control(mask), _mm_setzero_si128());
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + count), _mm_add_epi16(wide, _mm_set1_epi16(static_cast<short>(first + r))));
      count += __builtin_popcount(static_cast<unsigned>(mask));
    }
    return count;
  }

  // Four rounds of interleaving row i with row i + 8
  MLP_INLINE void transpose16(const uint8_t* const (&from)[16], uint8_t* to, size_t stride) {
    __m128i a[16], b[16];
    MLP_UNROLL for (int i = 0; i < 16; i++) a[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[i]));
    MLP_UNROLL for (int round = 0; round < 2; round++) {
      MLP_UNROLL for (int i = 0; i < 8; i++) {
        b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
        b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
      }
      MLP_UNROLL for (int i = 0; i < 8; i++) {
        a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]);
        a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
      }
    }
    MLP_UNROLL for (int i = 0; i < 16; i++) _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * stride), a[i]);
  }
};
