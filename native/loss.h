#pragma once
// Losses over a batch: rows are divided among the threads, every row is written by one of them.

#include "dense.h"

namespace mlp {

// In the order of LOSSES in src/core/types.ts
enum class LossKind : int32_t { softmax_cross_entropy = 0, mean_squared_error = 1, binary_cross_entropy = 2, huber = 3 };
constexpr int kLossKinds = 4;

// The expected outputs: a class for each row, or `outputs` values for each row.
struct Truth {
  const int32_t* labels;  // [rows]; softmax, and binary cross-entropy of one output
  const float* targets;   // [rows][outputs]; the others
};

struct LossResult {
  double* losses;      // [rows]; or null without labels and targets, for the classes alone
  int32_t* predicted;  // [rows] class of each row; or null
};

// Whether a loss of so many outputs compares with labels (else with targets)
inline bool takes_labels(LossKind kind, int outputs) {
  return kind == LossKind::softmax_cross_entropy || (kind == LossKind::binary_cross_entropy && outputs == 1);
}
inline int label_classes(LossKind kind, int outputs) { return kind == LossKind::softmax_cross_entropy ? outputs : 2; }

// Per row the loss and the gradient with respect to the pre-activations of the output layer, divided by the batch size;
// returns the number of rows predicted correctly (0 for regressions). For `rows` rows from `first` of a batch of `batch`.
// `smoothing`: of labels, in [0, 1); ignored by the squared error.
int loss(const Engine&, LossKind, const Outputs& y, Activation, int first, int rows, int batch, int outputs, const Truth&,
         const MatrixView* gradient, const LossResult&, float smoothing);
inline int loss(const Engine& e, LossKind kind, const Outputs& y, Activation activation, int rows, int outputs, const Truth& truth,
                const MatrixView* gradient, const LossResult& result, float smoothing = 0) {
  return loss(e, kind, y, activation, 0, rows, rows, outputs, truth, gradient, result, smoothing);
}
// The same for rows of a larger batch, without a gradient, on the calling thread.
int loss_rows(const Kernels&, LossKind, const MatrixView& y, int rows, int outputs, const Truth&, const LossResult&);

}  // namespace mlp
