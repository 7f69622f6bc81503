#pragma once
// Where a layer's parameters lie (see kernels/kernels.h) and how rows are padded.

#include <stddef.h>

#include "kernels/kernels.h"

namespace mlp {

inline int round16(int n) { return (n + kLane - 1) / kLane * kLane; }

// Row length of activations: an odd multiple of 16 floats, which spreads a column over the sets of the L1 cache.
inline size_t row_stride(int cols) { return static_cast<size_t>(round16(cols) / kLane | 1) * kLane; }

struct Layout {
  int K, N;

  bool narrow() const { return N < kLane; }
  int padded() const { return round16(N); }
  int panels() const { return (padded() + kPanel - 1) / kPanel; }
  int panel_width(int p) const { return padded() - p * kPanel < kPanel ? padded() - p * kPanel : kPanel; }
  size_t panel_offset(int p) const { return static_cast<size_t>(p) * kPanel * static_cast<size_t>(K); }
  size_t narrow_stride() const { return static_cast<size_t>(round16(K)); }
  size_t weights() const {
    return narrow() ? narrow_stride() * static_cast<size_t>(N) : static_cast<size_t>(padded()) * static_cast<size_t>(K);
  }
  size_t biases() const { return static_cast<size_t>(padded()); }
  size_t floats() const { return round_up(weights() + biases()); }

  // Position of weight [k][n]
  size_t at(int k, int n) const {
    if (narrow()) return static_cast<size_t>(n) * narrow_stride() + static_cast<size_t>(k);
    const int p = n / kPanel;
    return panel_offset(p) + static_cast<size_t>(k) * static_cast<size_t>(panel_width(p)) + static_cast<size_t>(n - p * kPanel);
  }

 private:
  static size_t round_up(size_t n) { return (n + kLane - 1) / kLane * kLane; }
};

}  // namespace mlp
