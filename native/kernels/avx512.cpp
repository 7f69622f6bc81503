// AVX-512 F, BW, DQ, VL: 32 registers of 16 floats.
#include "kernels.h"
#include "target.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
MLP_REGION_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
#else
MLP_REGION_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,fma")
#endif

namespace mlp {
namespace {

#include "bytes_x86.inl"
#include "trees_x86.inl"

struct Isa : BytesX86 {
  using V = __m512;
  static constexpr const char* NAME = "avx512";
  static constexpr int L = 16;
  static constexpr int MR = 6, NV = 4;        // 24 accumulators, 4 columns vectors, operands broadcast from memory
  static constexpr int DOT_R = 4, DOT_N = 5;  // 20 accumulators
  static constexpr int ROWS = 2;  // of a sparse forward pass side by side: 8 accumulators
  static constexpr int GROUP = 2;             // 8 accumulators over a panel of 64 columns

  MLP_INLINE V load(const float* p) { return _mm512_loadu_ps(p); }
  MLP_INLINE void store(float* p, V v) { _mm512_storeu_ps(p, v); }
  MLP_INLINE V set1(float x) { return _mm512_set1_ps(x); }
  MLP_INLINE V zero() { return _mm512_setzero_ps(); }
  MLP_INLINE V add(V a, V b) { return _mm512_add_ps(a, b); }
  MLP_INLINE V mul(V a, V b) { return _mm512_mul_ps(a, b); }
  MLP_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
  MLP_INLINE V sub(V a, V b) { return _mm512_sub_ps(a, b); }
  MLP_INLINE V div(V a, V b) { return _mm512_div_ps(a, b); }
  MLP_INLINE V sqrt(V a) { return _mm512_sqrt_ps(a); }
  MLP_INLINE V abs(V a) { return _mm512_abs_ps(a); }
  MLP_INLINE V where_less(V a, V b, V yes, V no) { return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), yes); }
  MLP_INLINE V add_exponent(V p, V shifted) {
    const __m512i n = _mm512_slli_epi32(_mm512_sub_epi32(_mm512_castps_si512(shifted), _mm512_set1_epi32(kShiftBits)), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), n));
  }
  MLP_INLINE V relu(V z) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(z, zero(), _CMP_NLE_UQ), z); }
  MLP_INLINE V where_positive(V y, V g) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(y, zero(), _CMP_GT_OQ), g); }
  using Pairs = __m512i;
  static constexpr int WARP_ROWS = 4;  // 8 accumulators, 2 columns vectors
  MLP_INLINE Pairs add_pairs(Pairs sum, Pairs a, Pairs b) { return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
  MLP_INLINE float tree(const V (&v)[1]) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v[0]), _mm512_extractf32x8_ps(v[0], 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  MLP_INLINE __m256 halves(V v) { return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)); }
  MLP_INLINE void trees(const V (&a)[1], const V (&b)[1], const V (&c)[1], const V (&d)[1], float* sums) {
    _mm_storeu_ps(sums, four_trees(halves(a[0]), halves(b[0]), halves(c[0]), halves(d[0])));
  }
};

#include "table.inl"

}  // namespace

const Kernels* avx512_kernels() { return &table; }

}  // namespace mlp

MLP_REGION_END
#else
namespace mlp {
const Kernels* avx512_kernels() { return nullptr; }
}  // namespace mlp
#endif
