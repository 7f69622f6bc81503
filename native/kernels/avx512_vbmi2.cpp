// The lists of avx512.cpp with AVX-512 VBMI2, which compresses 64 bytes at once, and its resampling with VNNI, which adds products
// of pairs at once. Both have the results of avx512.cpp.
#include "kernels.h"
#include "target.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
MLP_REGION_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vnni,popcnt,fma,prefer-vector-width=512")
#else
MLP_REGION_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vnni,popcnt,fma")
#endif

namespace mlp {
namespace {

#include "bytes_x86.inl"

struct Isa : BytesX86 {
  static constexpr int GROUP = 2;  // that of avx512.cpp
  static constexpr int L = 16;

  using Pairs = __m512i;
  static constexpr int WARP_ROWS = 4;  // 8 accumulators, 2 columns vectors
  MLP_INLINE Pairs add_pairs(Pairs sum, Pairs a, Pairs b) { return _mm512_dpwssd_epi32(sum, a, b); }

  MLP_INLINE __mmask64 first(int n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }

  MLP_INLINE __m512i positions() {
    alignas(64) static constexpr uint8_t kPositions[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    return _mm512_load_si512(kPositions);
  }

  MLP_INLINE int compress(const uint8_t* bytes, int n, uint8_t base, uint8_t* ids, uint8_t* values) {
    const __m512i v = _mm512_maskz_loadu_epi8(first(n), bytes);
    const __mmask64 mask = _mm512_test_epi8_mask(v, v);
    const __m512i at = _mm512_add_epi8(positions(), _mm512_set1_epi8(static_cast<char>(base)));
    _mm512_storeu_si512(ids, _mm512_maskz_compress_epi8(mask, at));
    _mm512_storeu_si512(values, _mm512_maskz_compress_epi8(mask, v));
    return static_cast<int>(_mm_popcnt_u64(mask));
  }

  template <int N>
  MLP_INLINE int compress_rows(const uint8_t* t, size_t stride, int from, int n, uint16_t* out) {
    __m512i v = _mm512_maskz_loadu_epi8(first(n), t + from);
    for (int i = 1; i < N; i++) v = _mm512_or_si512(v, _mm512_maskz_loadu_epi8(first(n), t + i * stride + from));
    const __mmask64 mask = _mm512_test_epi8_mask(v, v);
    const __m512i rows = _mm512_maskz_compress_epi8(mask, positions());
    const __m512i base = _mm512_set1_epi16(static_cast<short>(from));
    _mm512_storeu_si512(out, _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(rows)), base));
    _mm512_storeu_si512(out + 32, _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(rows, 1)), base));
    return static_cast<int>(_mm_popcnt_u64(mask));
  }
};

#include "elementary.inl"
#include "lists.inl"
#include "warp.inl"

}  // namespace

const FasterKernels* avx512_vbmi2_kernels() {
  static const FasterKernels faster = {&lists, warp_image};
  return &faster;
}

}  // namespace mlp

MLP_REGION_END
#else
namespace mlp {
const FasterKernels* avx512_vbmi2_kernels() { return nullptr; }
}  // namespace mlp
#endif
