#pragma once
// Public single-precision GEMM, row-major: C = alpha op(A) op(B) + beta C. Chains follow the numeric contract: each element
// starts at beta C (+0 when beta is 0: C is not read) and adds (alpha a) b, k ascending; with fewer than 16 columns and A
// not transposed the sum is made in 16 lanes instead and beta C is added last.

#include "dense.h"

namespace mlp {

struct GemmArguments {
  bool trans_a, trans_b;
  int M, N, K;
  float alpha;
  const float* a;
  size_t lda;
  const float* b;
  size_t ldb;
  float beta;
  float* c;
  size_t ldc;
};

void gemm(const Engine&, const GemmArguments&);

}  // namespace mlp
