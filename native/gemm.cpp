#include "gemm.h"

#include <string.h>

#include "pool.h"

namespace mlp {
namespace {

constexpr int kRowBlock = 192;                     // rows of a task: a multiple of the tile height
constexpr size_t kUnpackedFloats = 128 * 1024;     // B up to this size (half of a usual L2) is read where it lies

int smaller(int a, int b) { return a < b ? a : b; }
int ceil_div(int a, int b) { return (a + b - 1) / b; }

// alpha op(A) needs a copy only when alpha is not 1
struct ScaledA {
  Buffer<float> copy;
  const float* a;
  size_t stride;

  ScaledA(const GemmArguments& g) : a(g.a), stride(g.lda) {
    if (g.alpha == 1.0f) return;
    const int rows = g.trans_a ? g.K : g.M;
    const size_t cols = static_cast<size_t>(g.trans_a ? g.M : g.K);
    copy = Buffer<float>(static_cast<size_t>(rows) * cols);
    for (int r = 0; r < rows; r++) {
      for (size_t c = 0; c < cols; c++) copy.data()[static_cast<size_t>(r) * cols + c] = g.alpha * g.a[static_cast<size_t>(r) * g.lda + c];
    }
    a = copy.data();
    stride = cols;
  }
};

float b_at(const GemmArguments& g, int k, int n) {
  return g.trans_b ? g.b[static_cast<size_t>(n) * g.ldb + static_cast<size_t>(k)] : g.b[static_cast<size_t>(k) * g.ldb + static_cast<size_t>(n)];
}

// Only beta C is left: K = 0 or alpha = 0
void scale_c(const GemmArguments& g) {
  for (int i = 0; i < g.M; i++) {
    float* c = g.c + static_cast<size_t>(i) * g.ldc;
    for (int j = 0; j < g.N; j++) c[j] = g.beta == 0.0f ? 0.0f : g.beta * c[j] + 0.0f;
  }
}

void narrow_gemm(const Engine& e, const GemmArguments& g) {
  const ScaledA a(g);
  const size_t stride = static_cast<size_t>(round16(g.K));
  Buffer<float> bt(stride * static_cast<size_t>(g.N));
  for (int n = 0; n < g.N; n++) {
    for (int k = 0; k < g.K; k++) bt.data()[static_cast<size_t>(n) * stride + static_cast<size_t>(k)] = b_at(g, k, n);
  }
  constexpr int rows = 32;
  parallel(e.threads, ceil_div(g.M, rows), [&](int task, int) {
    const float zero[kLane] = {0};
    float sums[rows * kLane];
    const int row = task * rows, count = smaller(rows, g.M - row);
    e.kernels->narrow_forward({a.a + static_cast<size_t>(row) * a.stride, a.stride, bt.data(), stride, zero, sums, nullptr, kLane,
                               count, g.K, g.N, Activation::identity});
    for (int i = 0; i < count; i++) {
      float* c = g.c + static_cast<size_t>(row + i) * g.ldc;
      for (int n = 0; n < g.N; n++) c[n] = g.beta == 0.0f ? sums[i * kLane + n] : (sums[i * kLane + n] + g.beta * c[n]) + 0.0f;
    }
  });
}

// B in column panels of 64, [K][64] each, padded with zeros
Buffer<float> pack_b(const Engine& e, const GemmArguments& g) {
  const int panels = ceil_div(g.N, kPanel);
  Buffer<float> packed(static_cast<size_t>(panels) * kPanel * static_cast<size_t>(g.K));
  parallel(e.threads, panels, [&](int p, int) {
    const int width = smaller(kPanel, g.N - p * kPanel);
    float* to = packed.data() + static_cast<size_t>(p) * kPanel * static_cast<size_t>(g.K);
    for (int k = 0; k < g.K; k++) {
      for (int j = 0; j < width; j++) to[static_cast<size_t>(k) * kPanel + static_cast<size_t>(j)] = b_at(g, k, p * kPanel + j);
    }
  });
  return packed;
}

// A panel whose width is not a multiple of 16 goes through a copy of C that is
void edge_panel(const Engine& e, GemmPanel p, int width) {
  Buffer<float> copy(static_cast<size_t>(p.M) * kPanel);
  float* const c = p.c;
  if (p.beta != 0.0f) {
    for (int i = 0; i < p.M; i++) memcpy(copy.data() + i * kPanel, c + static_cast<size_t>(i) * p.c_stride, static_cast<size_t>(width) * sizeof(float));
  }
  const size_t stride = p.c_stride;
  p.c = copy.data();
  p.c_stride = kPanel;
  e.kernels->gemm(p);
  for (int i = 0; i < p.M; i++) memcpy(c + static_cast<size_t>(i) * stride, copy.data() + i * kPanel, static_cast<size_t>(width) * sizeof(float));
}

void wide_gemm(const Engine& e, const GemmArguments& g) {
  const ScaledA a(g);
  const bool in_place = !g.trans_b && g.N % kLane == 0 && static_cast<size_t>(g.K) * static_cast<size_t>(g.N) <= kUnpackedFloats;
  const Buffer<float> packed = in_place ? Buffer<float>() : pack_b(e, g);
  const int panels = ceil_div(g.N, kPanel), blocks = ceil_div(g.M, kRowBlock);
  parallel(e.threads, panels * blocks, [&](int task, int) {
    const int panel = task / blocks, row = task % blocks * kRowBlock;
    const int width = smaller(kPanel, g.N - panel * kPanel);
    const GemmPanel p = {a.a + (g.trans_a ? static_cast<size_t>(row) : static_cast<size_t>(row) * a.stride),
                         a.stride,
                         g.trans_a,
                         in_place ? g.b + panel * kPanel : packed.data() + static_cast<size_t>(panel) * kPanel * static_cast<size_t>(g.K),
                         in_place ? g.ldb : static_cast<size_t>(kPanel),
                         g.c + static_cast<size_t>(row) * g.ldc + panel * kPanel,
                         g.ldc,
                         smaller(kRowBlock, g.M - row),
                         g.K,
                         round16(width),
                         g.beta};
    if (width % kLane) edge_panel(e, p, width);
    else e.kernels->gemm(p);
  });
}

}  // namespace

void gemm(const Engine& e, const GemmArguments& g) {
  if (g.M == 0 || g.N == 0) return;
  if (g.K == 0 || g.alpha == 0.0f) return scale_c(g);
  if (g.N < kLane && !g.trans_a) return narrow_gemm(e, g);
  wide_gemm(e, g);
}

}  // namespace mlp
