#pragma once
// A whole network over many rows: chunks of rows are taken by the threads as they come, each with buffers of its own.

#include <vector>

#include "dense.h"

namespace mlp {

struct EvaluationResult {
  const int32_t* labels;  // per position, each below the last width; or null
  double* losses;         // per position, with labels
  int32_t* predicted;     // per position
  float* outputs;         // [positions][C], or null
};

class Evaluator {
 public:
  static constexpr int kChunk = 256;

  // `widths`: outputs of each layer
  Evaluator(const Engine&, int cols, InputKind kind, bool sparse, int longest_row, const std::vector<int>& widths);

  // The layers have the widths given at construction. False when the data have changed (see Batch::gather).
  bool evaluate(const Engine&, const Inputs&, const int32_t* indices, int count, const std::vector<LayerView>&,
                const EvaluationResult&);

  int cols() const { return workers_.front().batch.cols(); }
  const Kernels* kernels() const { return workers_.front().batch.kernels(); }
  InputKind kind() const { return workers_.front().batch.kind(); }
  const std::vector<int>& widths() const { return widths_; }
  size_t bytes() const;

 private:
  struct Worker {
    Batch batch;
    Buffer<float> even, odd;  // outputs of the layers, in turn
  };
  bool chunk(const Engine&, Worker&, const Inputs&, const int32_t* indices, int first, int rows,
             const std::vector<LayerView>&, const EvaluationResult&) const;

  std::vector<int> widths_;
  std::vector<Worker> workers_;
};

}  // namespace mlp
