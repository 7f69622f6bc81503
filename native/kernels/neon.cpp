// NEON on arm64: 32 registers of 4 floats. Part of the ABI, so no region is opened.
#include "kernels.h"
#include "target.h"

#if defined(__aarch64__)
#include <arm_neon.h>

namespace mlp {
namespace {

#include "bytes_scalar.inl"

struct Isa : BytesScalar {
  using V = float32x4_t;
  static constexpr const char* NAME = "neon";
  static constexpr int L = 4;
  static constexpr int MR = 6, NV = 4;        // 24 accumulators
  static constexpr int DOT_R = 2, DOT_N = 3;  // 24 accumulators: one lane set is four registers
  static constexpr int ROWS = 1;  // of a sparse forward pass: 16 accumulators
  static constexpr int GROUP = 1;             // 16 accumulators over a panel of 64 columns

  MLP_INLINE V load(const float* p) { return vld1q_f32(p); }
  MLP_INLINE void store(float* p, V v) { vst1q_f32(p, v); }
  MLP_INLINE V set1(float x) { return vdupq_n_f32(x); }
  MLP_INLINE V zero() { return vdupq_n_f32(0.0f); }
  MLP_INLINE V add(V a, V b) { return vaddq_f32(a, b); }
  MLP_INLINE V mul(V a, V b) { return vmulq_f32(a, b); }
  MLP_INLINE V fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
  MLP_INLINE V sub(V a, V b) { return vsubq_f32(a, b); }
  MLP_INLINE V div(V a, V b) { return vdivq_f32(a, b); }
  MLP_INLINE V sqrt(V a) { return vsqrtq_f32(a); }
  MLP_INLINE V abs(V a) { return vabsq_f32(a); }
  MLP_INLINE V where_less(V a, V b, V yes, V no) { return vbslq_f32(vcltq_f32(a, b), yes, no); }
  MLP_INLINE V add_exponent(V p, V shifted) {
    const int32x4_t n = vshlq_n_s32(vsubq_s32(vreinterpretq_s32_f32(shifted), vdupq_n_s32(kShiftBits)), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), n));
  }
  MLP_INLINE V relu(V z) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(z), vcleq_f32(z, zero())));
  }
  MLP_INLINE V where_positive(V y, V g) {
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(g), vcgtq_f32(y, zero())));
  }
  using Pairs = int32x4_t;
  static constexpr int WARP_ROWS = 2;  // 16 accumulators, 8 columns vectors
  MLP_INLINE Pairs add_pairs(Pairs sum, Pairs a, Pairs b) {
    const int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
    return vaddq_s32(sum, vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y)));
  }
  MLP_INLINE float tree(const V (&v)[4]) {
    const V four = vaddq_f32(vaddq_f32(v[0], v[2]), vaddq_f32(v[1], v[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }
  MLP_INLINE V fours(const V (&v)[4]) { return vaddq_f32(vaddq_f32(v[0], v[2]), vaddq_f32(v[1], v[3])); }
  MLP_INLINE V twos(V a, V b) {
    return vaddq_f32(vcombine_f32(vget_low_f32(a), vget_low_f32(b)), vcombine_f32(vget_high_f32(a), vget_high_f32(b)));
  }
  MLP_INLINE void trees(const V (&a)[4], const V (&b)[4], const V (&c)[4], const V (&d)[4], float* sums) {
    store(sums, vpaddq_f32(twos(fours(a), fours(b)), twos(fours(c), fours(d))));
  }
};

#include "table.inl"

}  // namespace

const Kernels* neon_kernels() { return &table; }

}  // namespace mlp
#else
namespace mlp {
const Kernels* neon_kernels() { return nullptr; }
}  // namespace mlp
#endif
