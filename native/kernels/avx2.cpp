// AVX2 and FMA: 16 registers of 8 floats.
#include "kernels.h"
#include "target.h"

#if defined(__x86_64__)
#include <immintrin.h>

MLP_REGION_BEGIN("avx2,fma")

namespace mlp {
namespace {

#include "bytes_x86.inl"
#include "trees_x86.inl"

struct Isa : BytesX86 {
  using V = __m256;
  static constexpr const char* NAME = "avx2";
  static constexpr int L = 8;
  static constexpr int MR = 6, NV = 2;        // 12 accumulators
  static constexpr int DOT_R = 2, DOT_N = 3;  // 12 accumulators: one lane set is two registers
  static constexpr int ROWS = 1;  // of a sparse forward pass: 8 accumulators
  static constexpr int GROUP = 1;             // 8 accumulators over a panel of 64 columns

  MLP_INLINE V load(const float* p) { return _mm256_loadu_ps(p); }
  MLP_INLINE void store(float* p, V v) { _mm256_storeu_ps(p, v); }
  MLP_INLINE V set1(float x) { return _mm256_set1_ps(x); }
  MLP_INLINE V zero() { return _mm256_setzero_ps(); }
  MLP_INLINE V add(V a, V b) { return _mm256_add_ps(a, b); }
  MLP_INLINE V mul(V a, V b) { return _mm256_mul_ps(a, b); }
  MLP_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
  MLP_INLINE V sub(V a, V b) { return _mm256_sub_ps(a, b); }
  MLP_INLINE V div(V a, V b) { return _mm256_div_ps(a, b); }
  MLP_INLINE V sqrt(V a) { return _mm256_sqrt_ps(a); }
  MLP_INLINE V abs(V a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  MLP_INLINE V where_less(V a, V b, V yes, V no) { return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ)); }
  MLP_INLINE V add_exponent(V p, V shifted) {
    const __m256i n = _mm256_slli_epi32(_mm256_sub_epi32(_mm256_castps_si256(shifted), _mm256_set1_epi32(kShiftBits)), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), n));
  }
  MLP_INLINE V relu(V z) { return _mm256_and_ps(_mm256_cmp_ps(z, zero(), _CMP_NLE_UQ), z); }
  MLP_INLINE V where_positive(V y, V g) { return _mm256_and_ps(_mm256_cmp_ps(y, zero(), _CMP_GT_OQ), g); }
  using Pairs = __m256i;
  static constexpr int WARP_ROWS = 2;  // 8 accumulators, 4 columns vectors
  MLP_INLINE Pairs add_pairs(Pairs sum, Pairs a, Pairs b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
  MLP_INLINE float tree(const V (&v)[2]) {
    const __m256 eight = _mm256_add_ps(v[0], v[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  MLP_INLINE void trees(const V (&a)[2], const V (&b)[2], const V (&c)[2], const V (&d)[2], float* sums) {
    _mm_storeu_ps(sums, four_trees(add(a[0], a[1]), add(b[0], b[1]), add(c[0], c[1]), add(d[0], d[1])));
  }
};

#include "table.inl"

}  // namespace

const Kernels* avx2_kernels() { return &table; }

}  // namespace mlp

MLP_REGION_END
#else
namespace mlp {
const Kernels* avx2_kernels() { return nullptr; }
}  // namespace mlp
#endif
