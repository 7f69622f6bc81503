#pragma once
// Resampling of the images of a data set, each by a transformation of its own; src/backend/warp.ts defines it.

#include <vector>

#include "dense.h"

namespace mlp {

constexpr int kMaxWarpSide = 1024;

struct WarpShape {
  int height, width;
  int shift;                          // 1..30
  const int32_t *down, *across;       // [radius + 1], 0..32767; those of both sides sum to at most 32768
  int radius;                         // -1: no displacement fields
};

class Warper {
 public:
  // Memory for the work of engine.threads threads, and for `capacity` images of this kind that `batch` makes.
  Warper(const Engine&, const WarpShape&, InputKind, int capacity);

  // out [count][cols], bytes or floats as the inputs, <- rows `indices`, row i by warps[i * kWarpValues ..]. Every index <
  // inputs.rows; inputs of this kind and of cols() columns; at most the threads of the constructor.
  void run(const Inputs&, const int32_t* indices, int count, const int32_t* warps, int threads, uint8_t* bytes, float* floats) const;

  // The same into memory of its own, count <= capacity: as inputs of `count` rows
  Inputs batch(const Inputs&, const int32_t* indices, int count, const int32_t* warps, int threads);

  const Kernels* kernels() const { return kernels_; }
  int cols() const { return plan_.height * plan_.width; }
  InputKind kind() const { return kind_; }
  int capacity() const { return capacity_; }
  size_t bytes() const;

 private:
  struct Worker {
    Buffer<int32_t> ints;
    Buffer<int16_t> smooth;
    Buffer<uint8_t> copy, padded_bytes;
    Buffer<float> padded_floats;
  };

  void spread_weights(const WarpShape&);
  Worker make_worker() const;
  WarpScratch scratch(const Worker&) const;

  const Kernels* kernels_;
  WarpPlan plan_;
  InputKind kind_;
  int capacity_;
  Buffer<int16_t> down_;
  Buffer<int32_t> across_;
  std::vector<Worker> workers_;
  Buffer<uint8_t> out_bytes_;
  Buffer<float> out_floats_;
};

}  // namespace mlp
