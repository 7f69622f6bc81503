// No intrinsics: plain loops over eight floats, for processors without a file of their own and as a check on the others.
// The numeric contract needs a fused multiply-add; on x86-64 that means hardware with FMA (see cpu.cpp).
#include "kernels.h"
#include "target.h"

#if defined(__x86_64__)
MLP_REGION_BEGIN("fma")
#endif

namespace mlp {
namespace {

#include "bytes_scalar.inl"

struct Eight {
  float x[8];
};

struct Isa : BytesScalar {
  using V = Eight;
  static constexpr const char* NAME = "portable";
  static constexpr int L = 8;
  static constexpr int MR = 4, NV = 2;
  static constexpr int DOT_R = 2, DOT_N = 2;
  static constexpr int ROWS = 1;  // of a sparse forward pass
  static constexpr int GROUP = 1;

  MLP_INLINE V load(const float* p) {
    V v;
    __builtin_memcpy(v.x, p, sizeof v.x);
    return v;
  }
  MLP_INLINE void store(float* p, const V& v) { __builtin_memcpy(p, v.x, sizeof v.x); }
  MLP_INLINE V set1(float x) { return V{{x, x, x, x, x, x, x, x}}; }
  MLP_INLINE V zero() { return set1(0.0f); }
  MLP_INLINE V add(const V& a, const V& b) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = a.x[i] + b.x[i];
    return v;
  }
  MLP_INLINE V mul(const V& a, const V& b) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = a.x[i] * b.x[i];
    return v;
  }
  MLP_INLINE V fma(const V& a, const V& b, const V& c) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = __builtin_fmaf(a.x[i], b.x[i], c.x[i]);
    return v;
  }
  MLP_INLINE V sub(const V& a, const V& b) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = a.x[i] - b.x[i];
    return v;
  }
  MLP_INLINE V div(const V& a, const V& b) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = a.x[i] / b.x[i];
    return v;
  }
  MLP_INLINE V sqrt(const V& a) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = __builtin_sqrtf(a.x[i]);
    return v;
  }
  MLP_INLINE V abs(const V& a) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = __builtin_fabsf(a.x[i]);
    return v;
  }
  MLP_INLINE V where_less(const V& a, const V& b, const V& yes, const V& no) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = a.x[i] < b.x[i] ? yes.x[i] : no.x[i];
    return v;
  }
  MLP_INLINE V add_exponent(const V& p, const V& shifted) {
    uint32_t a[8], n[8];
    V v;
    __builtin_memcpy(a, p.x, sizeof a);
    __builtin_memcpy(n, shifted.x, sizeof n);
    MLP_UNROLL for (int i = 0; i < 8; i++) a[i] += (n[i] - kShiftBits) << 23;
    __builtin_memcpy(v.x, a, sizeof a);
    return v;
  }
  MLP_INLINE V relu(const V& z) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = z.x[i] <= 0.0f ? 0.0f : z.x[i];
    return v;
  }
  MLP_INLINE V where_positive(const V& y, const V& g) {
    V v;
    MLP_UNROLL for (int i = 0; i < 8; i++) v.x[i] = y.x[i] > 0.0f ? g.x[i] : 0.0f;
    return v;
  }
  typedef int32_t Pairs __attribute__((vector_size(32)));
  static constexpr int WARP_ROWS = 1;
  MLP_INLINE Pairs add_pairs(const Pairs& sum, const Pairs& a, const Pairs& b) {
    return sum + (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
  }
  MLP_INLINE float tree(const V (&v)[2]) {
    float lane[8];
    for (int i = 0; i < 8; i++) lane[i] = v[0].x[i] + v[1].x[i];
    for (int i = 0; i < 4; i++) lane[i] = lane[i] + lane[i + 4];
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
  }
  MLP_INLINE void trees(const V (&a)[2], const V (&b)[2], const V (&c)[2], const V (&d)[2], float* sums) {
    sums[0] = tree(a);
    sums[1] = tree(b);
    sums[2] = tree(c);
    sums[3] = tree(d);
  }
};

#include "table.inl"

}  // namespace

const Kernels* portable_kernels() { return &table; }

}  // namespace mlp

#if defined(__x86_64__)
MLP_REGION_END
#endif
