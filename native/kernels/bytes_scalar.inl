// Byte work of lists.inl without vectors. Written without branches on the data, which half of all inputs would mispredict.

struct BytesScalar {
  MLP_INLINE int compress(const uint8_t* bytes, int n, uint8_t base, uint8_t* ids, uint8_t* values) {
    int count = 0;
    for (int i = 0; i < n; i++) {
      ids[count] = static_cast<uint8_t>(base + i);
      values[count] = bytes[i];
      count += bytes[i] != 0;
    }
    return count;
  }

  template <int GROUP>
  MLP_INLINE int compress_rows(const uint8_t* t, size_t stride, int first, int n, uint16_t* out) {
    int count = 0;
    for (int r = first; r < first + n; r++) {
      uint8_t any = 0;
      for (int i = 0; i < GROUP; i++) any |= t[i * stride + r];
      out[count] = static_cast<uint16_t>(r);
      count += any != 0;
    }
    return count;
  }

  MLP_INLINE void transpose16(const uint8_t* const (&from)[16], uint8_t* to, size_t stride) {
    for (int i = 0; i < 16; i++) {
      for (int j = 0; j < 16; j++) to[i * stride + j] = from[j][i];
    }
  }
};
