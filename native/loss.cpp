#include "loss.h"

#include <atomic>

#include "pool.h"

namespace mlp {
namespace {

constexpr int kRows = 64;

template <class F>
void over_rows(const Engine& e, int rows, const F& f) {
  parallel(e.threads, (rows + kRows - 1) / kRows, [&](int task, int) {
    const int row = task * kRows;
    f(row, rows - row < kRows ? rows - row : kRows);
  });
}

float* row_of(const MatrixView* m, int row) { return m ? m->data + static_cast<size_t>(row) * m->stride : nullptr; }

}  // namespace

int softmax_cross_entropy(const Engine& e, const MatrixView& logits, int rows, int classes, const int32_t* labels,
                          const MatrixView* gradient, double* losses) {
  std::atomic<int> correct{0};
  const float scale = 1.0f / static_cast<float>(rows);
  over_rows(e, rows, [&](int row, int count) {
    correct += e.kernels->softmax({row_of(&logits, row), logits.stride, labels + row, row_of(gradient, row),
                                   gradient ? gradient->stride : 0, losses + row, nullptr, count, classes, scale});
  });
  return correct;
}

void mean_squared_error(const Engine& e, const Outputs& y, int rows, int outputs, Activation activation, const float* targets,
                        const MatrixView* gradient, double* losses) {
  const float scale = 1.0f / (static_cast<float>(rows) * static_cast<float>(outputs));
  over_rows(e, rows, [&](int row, int count) {
    const size_t at = static_cast<size_t>(row) * y.out.stride;
    e.kernels->squared_error({y.out.data + at, y.pre ? y.pre + at : nullptr, y.out.stride,
                              targets + static_cast<size_t>(row) * static_cast<size_t>(outputs), row_of(gradient, row),
                              gradient ? gradient->stride : 0, losses + row, count, outputs, scale, activation});
  });
}

}  // namespace mlp
