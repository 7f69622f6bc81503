#include "gemm.h"

#include <string.h>

#include "pool.h"

namespace mlp {
namespace {

// Blocks of the product, found by measuring on a processor with 32 KiB of L1 and 1 MiB of L2: rows x inputs of A (384 KiB) and
// inputs x 64 columns of B (128 KiB) stay in L2, a tile's 6 rows of A in L1. A sum is continued from C between blocks of inputs.
// Copying A into contiguous memory gained nothing, at any leading dimension.
constexpr int kRows = 192;  // a multiple of the tile height
constexpr int kInputs = 512;
constexpr int kPackRows = 512;          // from so many rows on, B is packed: its copy is read often enough; from fewer
constexpr int kPackRowsNarrow = 128;    // where a tile is narrower than a panel and rows of B are far apart
constexpr size_t kPageFloats = 1024;    // rows of B so far apart (or a multiple) fall into few sets of the caches

int smaller(int a, int b) { return a < b ? a : b; }
int ceil_div(int a, int b) { return (a + b - 1) / b; }

// to[j][i] = from[i][j], i < rows, j < cols: the shorter side inside, so that either side's lines stay in L1
void transpose(const float* from, size_t from_stride, int rows, int cols, float* to, size_t to_stride) {
  if (cols < rows) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) to[static_cast<size_t>(j) * to_stride + static_cast<size_t>(i)] = from[static_cast<size_t>(i) * from_stride + static_cast<size_t>(j)];
    }
    return;
  }
  for (int j = 0; j < cols; j++) {
    for (int i = 0; i < rows; i++) to[static_cast<size_t>(j) * to_stride + static_cast<size_t>(i)] = from[static_cast<size_t>(i) * from_stride + static_cast<size_t>(j)];
  }
}

// Only beta C is left: K = 0 or alpha = 0
void scale_c(const GemmArguments& g) {
  for (int i = 0; i < g.M; i++) {
    float* c = g.c + static_cast<size_t>(i) * g.ldc;
    for (int j = 0; j < g.N; j++) c[j] = g.beta == 0.0f ? 0.0f : g.beta * c[j] + 0.0f;
  }
}

// Memory of the calling thread, reused by the next call; its contents are undefined. It is reserved before work is
// divided, with a part for each participant: a pool thread allocates nothing.
float* scratch(int slot, size_t floats) {
  static thread_local Buffer<float> buffers[3];
  buffers[slot].reserve(floats);
  return buffers[slot].data();
}

constexpr size_t kCopyA = static_cast<size_t>(kRows) * kInputs;
constexpr size_t kEdge = static_cast<size_t>(kRows) * kPanel;

// alpha times a block of op(A): `rows` rows and `inputs` inputs from (row, input) on, contiguous as A itself is ordered
void copy_a(const GemmArguments& g, int row, int rows, int input, int inputs, float* to) {
  const int outer = g.trans_a ? inputs : rows, inner = g.trans_a ? rows : inputs;
  const float* from = g.a + static_cast<size_t>(g.trans_a ? input : row) * g.lda + (g.trans_a ? row : input);
  for (int i = 0; i < outer; i++) {
    for (int j = 0; j < inner; j++) to[static_cast<size_t>(i) * static_cast<size_t>(inner) + static_cast<size_t>(j)] = g.alpha * from[static_cast<size_t>(i) * g.lda + static_cast<size_t>(j)];
  }
}

void narrow_gemm(const Engine& e, const GemmArguments& g) {
  const size_t stride = static_cast<size_t>(round16(g.K));
  float* const bt = scratch(0, stride * static_cast<size_t>(g.N));
  if (!g.trans_b) transpose(g.b, g.ldb, g.K, g.N, bt, stride);
  for (int n = 0; n < g.N; n++) {
    float* const row = bt + static_cast<size_t>(n) * stride;
    if (g.trans_b) memcpy(row, g.b + static_cast<size_t>(n) * g.ldb, static_cast<size_t>(g.K) * sizeof(float));
    for (size_t k = static_cast<size_t>(g.K); k < stride; k++) row[k] = 0.0f;
  }
  constexpr int kChunk = 32;
  const bool copies = g.alpha != 1.0f;
  float* const copy = copies ? scratch(1, static_cast<size_t>(e.threads) * kChunk * static_cast<size_t>(g.K)) : nullptr;
  parallel(e.threads, ceil_div(g.M, kChunk), [&](int task, int who) {
    const float zero[kLane] = {0};
    float sums[kChunk * kLane];
    const int row = task * kChunk, count = smaller(kChunk, g.M - row);
    const float* a = g.a + static_cast<size_t>(row) * g.lda;
    size_t lda = g.lda;
    if (copies) {
      float* const mine = copy + static_cast<size_t>(who) * kChunk * static_cast<size_t>(g.K);
      copy_a(g, row, count, 0, g.K, mine);
      a = mine;
      lda = static_cast<size_t>(g.K);
    }
    e.kernels->narrow_forward({a, lda, bt, stride, zero, sums, nullptr, kLane, count, g.K, g.N, Activation::identity});
    for (int i = 0; i < count; i++) {
      float* c = g.c + static_cast<size_t>(row + i) * g.ldc;
      for (int n = 0; n < g.N; n++) c[n] = g.beta == 0.0f ? sums[i * kLane + n] : (sums[i * kLane + n] + g.beta * c[n]) + 0.0f;
    }
  });
}

// B in column panels of 64, [K][64] each, padded with zeros
const float* pack_b(const Engine& e, const GemmArguments& g) {
  const int panels = ceil_div(g.N, kPanel);
  float* const packed = scratch(0, static_cast<size_t>(panels) * kPanel * static_cast<size_t>(g.K));
  parallel(e.threads, panels, [&](int p, int) {
    const int width = smaller(kPanel, g.N - p * kPanel);
    float* to = packed + static_cast<size_t>(p) * kPanel * static_cast<size_t>(g.K);
    if (g.trans_b) transpose(g.b + static_cast<size_t>(p) * kPanel * g.ldb, g.ldb, width, g.K, to, kPanel);
    for (int k = 0; k < g.K; k++, to += kPanel) {
      if (!g.trans_b) memcpy(to, g.b + static_cast<size_t>(k) * g.ldb + static_cast<size_t>(p) * kPanel, static_cast<size_t>(width) * sizeof(float));
      for (int j = width; j < kPanel; j++) to[j] = 0.0f;
    }
  });
  return packed;
}

// A panel whose width is not a multiple of 16 goes through a copy of C that is.
void edge_panel(const Kernels& kernels, GemmPanel p, int width, float* copy) {
  float* const c = p.c;
  const size_t stride = p.c_stride, used = static_cast<size_t>(width) * sizeof(float);
  if (p.beta != 0.0f) {
    for (int i = 0; i < p.M; i++) memcpy(copy + i * kPanel, c + static_cast<size_t>(i) * stride, used);
  }
  p.c = copy;
  p.c_stride = kPanel;
  kernels.gemm(p);
  for (int i = 0; i < p.M; i++) memcpy(c + static_cast<size_t>(i) * stride, copy + i * kPanel, used);
}

struct Plan {
  const float* packed_b;  // or null: B is read in place
  float* copy_a;          // kCopyA floats per participant, or null: A is read in place
  float* edges;           // kEdge floats per participant
  int row_blocks, rows;           // rows of a task
  int groups, panels_per_group;   // column panels of a task
};

Plan make_plan(const Engine& e, const GemmArguments& g) {
  Plan plan;
  const int panels = ceil_div(g.N, kPanel);
  const bool must = g.trans_b || g.N % kLane != 0;
  const int pack_from = e.kernels->tile_columns < kPanel ? kPackRowsNarrow : kPackRows;
  plan.packed_b = must || g.M >= pack_from || g.ldb % kPageFloats == 0 ? pack_b(e, g) : nullptr;
  plan.copy_a = g.alpha != 1.0f ? scratch(1, static_cast<size_t>(e.threads) * kCopyA) : nullptr;
  plan.edges = g.N % kLane != 0 ? scratch(2, static_cast<size_t>(e.threads) * kEdge) : nullptr;
  plan.row_blocks = ceil_div(g.M, kRows);
  plan.rows = ceil_div(ceil_div(g.M, plan.row_blocks), 6) * 6;
  plan.row_blocks = ceil_div(g.M, plan.rows);
  // Enough tasks for threads to share evenly, as few column groups as that allows: each group copies its block of A
  const int wanted = e.threads == 1 ? 1 : ceil_div(4 * e.threads, plan.row_blocks);
  plan.panels_per_group = ceil_div(panels, smaller(wanted, panels));
  plan.groups = ceil_div(panels, plan.panels_per_group);
  return plan;
}

void run_task(const Engine& e, const GemmArguments& g, const Plan& plan, int task, int who) {
  // by columns first: a thread multiplies the panels of B that it packed
  const int row = task % plan.row_blocks * plan.rows, rows = smaller(plan.rows, g.M - row);
  const int first = task / plan.row_blocks * plan.panels_per_group, last = smaller(first + plan.panels_per_group, ceil_div(g.N, kPanel));
  float* const copy = plan.copy_a ? plan.copy_a + static_cast<size_t>(who) * kCopyA : nullptr;
  for (int k = 0; k < g.K; k += kInputs) {
    const int inputs = smaller(kInputs, g.K - k);
    GemmPanel p = {};
    p.a_by_k = g.trans_a;
    p.M = rows;
    p.K = inputs;
    p.beta = k == 0 ? g.beta : 1.0f;
    p.a = g.a + static_cast<size_t>(g.trans_a ? k : row) * g.lda + (g.trans_a ? row : k);
    p.a_stride = g.lda;
    if (copy) {
      copy_a(g, row, rows, k, inputs, copy);
      p.a = copy;
      p.a_stride = static_cast<size_t>(g.trans_a ? rows : inputs);
    }
    for (int panel = first; panel < last; panel++) {
      const int width = smaller(kPanel, g.N - panel * kPanel);
      p.width = round16(width);
      p.b = plan.packed_b ? plan.packed_b + (static_cast<size_t>(panel) * static_cast<size_t>(g.K) + static_cast<size_t>(k)) * kPanel
                          : g.b + static_cast<size_t>(k) * g.ldb + static_cast<size_t>(panel) * kPanel;
      p.b_stride = plan.packed_b ? kPanel : g.ldb;
      p.c = g.c + static_cast<size_t>(row) * g.ldc + static_cast<size_t>(panel) * kPanel;
      p.c_stride = g.ldc;
      if (width % kLane) edge_panel(*e.kernels, p, width, plan.edges + static_cast<size_t>(who) * kEdge);
      else e.kernels->gemm(p);
    }
  }
}

// A^T B with few columns, as C^T = B^T A: vectors run along the rows of A, which are many
void thin_gemm(const Engine& e, const GemmArguments& g) {
  const int panels = ceil_div(g.M, kPanel);
  constexpr size_t each = static_cast<size_t>(kLane) * kPanel;
  float* const all = scratch(1, static_cast<size_t>(e.threads) * each);
  parallel(e.threads, panels, [&](int panel, int who) {
    const int column = panel * kPanel, width = smaller(kPanel, g.M - column);
    float* const ct = all + static_cast<size_t>(who) * each;
    GemmPanel p = {};
    p.a = g.b;
    p.a_stride = g.ldb;
    p.a_by_k = !g.trans_b;
    p.b = g.a + column;
    p.b_stride = g.lda;
    p.c = ct;
    p.c_stride = kPanel;
    p.M = g.N;
    p.K = g.K;
    p.width = width;
    p.beta = g.beta;
    float* const c = g.c + static_cast<size_t>(column) * g.ldc;
    if (g.beta != 0.0f) transpose(c, g.ldc, width, g.N, ct, kPanel);
    e.kernels->gemm(p);
    transpose(ct, kPanel, g.N, width, c, g.ldc);
  });
}

}  // namespace

void gemm(const Engine& e, const GemmArguments& g) {
  if (g.M == 0 || g.N == 0) return;
  if (g.K == 0 || g.alpha == 0.0f) return scale_c(g);
  if (g.N < kLane && !g.trans_a) return narrow_gemm(e, g);
  if (g.N < kLane && g.alpha == 1.0f && g.M % kLane == 0) return thin_gemm(e, g);
  const Plan plan = make_plan(e, g);
  parallel(e.threads, plan.row_blocks * plan.groups, [&](int task, int who) { run_task(e, g, plan, task, who); });
}

}  // namespace mlp
