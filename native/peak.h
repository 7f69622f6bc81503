#pragma once
// The fused multiply-adds per second of this processor in registers, the limit for products in the benchmark.

#include "dense.h"

namespace mlp {

// FLOP/s (two a multiply-add) of e.threads threads working at once for about `seconds`, on threads of their own; 0 when so
// many could not be started.
double fma_peak(const Engine& e, double seconds);

}  // namespace mlp
