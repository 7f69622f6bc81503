#pragma once
// Common code of the BLAS peers: parses the name of a product, allocates its operands and loops over the cases.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <random>
#include <string>
#include <vector>

#include "../../native/bench/sampling.h"

// 64-byte aligned floats in [-1, 1)
class Operand {
 public:
  Operand(size_t count, unsigned seed) : storage_(count + 16) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& x : storage_) x = uniform(random);
  }
  // also of a constant operand: the product decides which one it writes
  float* data() const {
    return reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(storage_.data()) + 63) & ~static_cast<uintptr_t>(63));
  }

 private:
  mutable std::vector<float> storage_;
};

// C [M][N] = op(A) op(B), row-major, no gaps between rows
struct GemmCase {
  int M, N, K;
  bool trans_a, trans_b;
  Operand a, b, c;

  GemmCase(int m, int n, int k, bool ta, bool tb)
      : M(m), N(n), K(k), trans_a(ta), trans_b(tb), a(size(m, k), 1), b(size(k, n), 2), c(size(m, n), 3) {}
  int lda() const { return trans_a ? M : K; }
  int ldb() const { return trans_b ? K : N; }

 private:
  static size_t size(int rows, int cols) { return static_cast<size_t>(rows) * static_cast<size_t>(cols); }
};

// <program> <threads> <milliseconds> <case>...; `measure` returns the samples of a case
template <class F>
void for_each_gemm_case(int argc, char** argv, const F& measure) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const double milliseconds = argc > 2 ? atof(argv[2]) : 0;
  for (int i = 3; i < argc; i++) {
    int m, n, k;
    char ta, tb;
    if (sscanf(argv[i], "gemm %dx%dx%d %c%c", &m, &n, &k, &ta, &tb) != 5) {
      fprintf(stderr, "expected a case like 'gemm 256x512x784 NN', got '%s'\n", argv[i]);
      exit(EXIT_FAILURE);
    }
    const GemmCase g(m, n, k, ta == 'T', tb == 'T');
    bench::print_samples(argv[i], threads, measure(g, bench::Effort{milliseconds / 6, milliseconds}));
  }
}
