#include "loss.h"

#include <atomic>

#include "pool.h"

namespace mlp {
namespace {

constexpr int kRows = 64;

template <class T>
T* from_row(T* values, int row, size_t stride) {
  return values ? values + static_cast<size_t>(row) * stride : nullptr;
}

struct Rows {
  LossKind kind;
  Outputs y;
  Activation activation;
  Truth truth;
  MatrixView gradient;
  LossResult result;
  int outputs;
  int batch;  // rows that gradients are divided by
  float smoothing;
};

int some_rows(const Kernels& k, const Rows& l, int row, int count) {
  const float* const z = from_row(l.y.out.data, row, l.y.out.stride);
  float* const gradient = from_row(l.gradient.data, row, l.gradient.stride);
  const int32_t* const labels = from_row(l.truth.labels, row, 1);
  const float* const targets = from_row(l.truth.targets, row, static_cast<size_t>(l.outputs));
  double* const losses = from_row(l.result.losses, row, 1);
  int32_t* const predicted = from_row(l.result.predicted, row, 1);
  const float over_rows = 1.0f / static_cast<float>(l.batch);
  const float over_all = 1.0f / (static_cast<float>(l.batch) * static_cast<float>(l.outputs));
  switch (l.kind) {
    case LossKind::softmax_cross_entropy:
      return k.softmax({z, l.y.out.stride, labels, gradient, l.gradient.stride, losses, predicted, count, l.outputs, over_rows, l.smoothing});
    case LossKind::binary_cross_entropy:
      return k.binary_loss({z, l.y.out.stride, labels, targets, gradient, l.gradient.stride, losses, predicted, count, l.outputs, over_all, l.smoothing});
    case LossKind::huber:
    case LossKind::mean_squared_error:
      k.squared_error({z, from_row(l.y.pre, row, l.y.out.stride), l.y.out.stride, targets, gradient, l.gradient.stride, losses, count,
                       l.outputs, over_all, l.activation, l.kind == LossKind::huber});
  }
  return 0;
}

}  // namespace

int loss(const Engine& e, LossKind kind, const Outputs& y, Activation activation, int first, int rows, int batch, int outputs,
         const Truth& truth, const MatrixView* gradient, const LossResult& result, float smoothing) {
  const Rows l = {kind, y, activation, truth, gradient ? *gradient : MatrixView{nullptr, 0}, result, outputs, batch, smoothing};
  std::atomic<int> correct{0};
  parallel(e.threads, (rows + kRows - 1) / kRows, [&](int task, int) {
    const int row = task * kRows;
    correct += some_rows(*e.kernels, l, first + row, rows - row < kRows ? rows - row : kRows);
  });
  return correct;
}

int loss_rows(const Kernels& k, LossKind kind, const MatrixView& y, int rows, int outputs, const Truth& truth,
              const LossResult& result) {
  return some_rows(k, {kind, {y, nullptr}, Activation::identity, truth, {nullptr, 0}, result, outputs, rows, 0}, 0, rows);
}

}  // namespace mlp
