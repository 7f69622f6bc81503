#include "evaluate.h"

#include <string.h>

#include <atomic>

#include "pool.h"

namespace mlp {

Evaluator::Evaluator(const Engine& e, int cols, InputKind kind, bool sparse, int longest_row, const std::vector<int>& widths)
    : widths_(widths) {
  size_t widest = 0;
  for (const int w : widths) widest = row_stride(w) > widest ? row_stride(w) : widest;
  for (int i = 0; i < e.threads; i++) {
    workers_.push_back({Batch(*e.kernels, kChunk, cols, kind, sparse, longest_row), Buffer<float>(kChunk * widest),
                        Buffer<float>(kChunk * widest)});
  }
}

size_t Evaluator::bytes() const {
  size_t sum = 0;
  for (const Worker& w : workers_) sum += w.batch.bytes() + w.even.bytes() + w.odd.bytes();
  return sum;
}

bool Evaluator::evaluate(const Engine& e, const Inputs& inputs, const int32_t* indices, int count,
                         const std::vector<LayerView>& layers, const EvaluationResult& result) {
  const int threads = e.threads < static_cast<int>(workers_.size()) ? e.threads : static_cast<int>(workers_.size());
  std::atomic<bool> fits{true};
  parallel(threads, (count + kChunk - 1) / kChunk, [&](int task, int who) {
    const int first = task * kChunk, rows = count - first < kChunk ? count - first : kChunk;
    if (!chunk(e, workers_[static_cast<size_t>(who)], inputs, indices, first, rows, layers, result)) fits = false;
  });
  return fits;
}

bool Evaluator::chunk(const Engine& e, Worker& worker, const Inputs& inputs, const int32_t* indices, int first, int rows,
                      const std::vector<LayerView>& layers, const EvaluationResult& result) const {
  if (!worker.batch.gather(inputs, indices + first, rows, false, 1)) return false;
  LayerInput in = {&worker.batch, nullptr, 0};
  MatrixView out = {nullptr, 0};
  for (size_t l = 0; l < layers.size(); l++) {
    out = {(l % 2 ? worker.odd : worker.even).data(), row_stride(widths_[l])};
    forward_rows(*e.kernels, in, 0, rows, layers[l], {out, nullptr});
    in = {nullptr, out.data, out.stride};
  }
  const int classes = widths_.back();
  e.kernels->softmax({out.data, out.stride, result.labels ? result.labels + first : nullptr, nullptr, 0,
                      result.losses ? result.losses + first : nullptr, result.predicted + first, rows, classes, 0});
  if (!result.outputs) return true;
  for (int i = 0; i < rows; i++) {
    memcpy(result.outputs + static_cast<size_t>(first + i) * static_cast<size_t>(classes), out.data + static_cast<size_t>(i) * out.stride,
           static_cast<size_t>(classes) * sizeof(float));
  }
  return true;
}

}  // namespace mlp
