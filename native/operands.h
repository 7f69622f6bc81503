#pragma once
// Readers of the operands that several operations of the addon share: data sets, batches, matrices, layers, lists of rows. Like
// those of args.h they throw when going on would not be memory-safe.

#include <vector>

#include "args.h"
#include "evaluate.h"

namespace mlp {

constexpr int kMaxInt = 0x7fffffff;
constexpr int kMaxCols = 1 << 24;
constexpr int kMaxListedRows = 1 << 16;

constexpr napi_type_tag kBatchTag = {0x6e61746976656d6cull, 0x7000000000000001ull};
constexpr napi_type_tag kEvaluatorTag = {0x6e61746976656d6cull, 0x7000000000000002ull};

inline const Engine& engine(const Napi::CallbackInfo& info) { return *static_cast<const Engine*>(info.Data()); }

// values, rows, cols, table: the first four arguments of whatever takes a data set, from argument `i` on
inline Inputs read_inputs(const Args& args, size_t i) {
  const int rows = args.integer(i + 1, "rows", 0, kMaxInt), cols = args.integer(i + 2, "cols", 1, kMaxCols);
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(cols);
  if (args.is_bytes(i)) return {args.bytes(i, "values", count), args.floats(i + 3, "table", 256), nullptr, rows, cols};
  return {nullptr, nullptr, args.floats(i, "values", count), rows, cols};
}

// A copy of integers from `min` to `max`. The array may be shared with another thread that goes on writing to it, so the
// copy is what is checked and used. Valid until the next call for the same `slot` on this thread.
inline const int32_t* copy_ints(const Args& args, size_t i, const char* name, size_t count, const char* what, int max, int slot) {
  static thread_local std::vector<int32_t> copies[2];
  const int32_t* const from = args.ints(i, name, count);
  std::vector<int32_t>& copy = copies[slot];
  copy.assign(from, from + count);
  for (size_t r = 0; r < count; r++) {
    if (copy[r] < 0 || copy[r] > max) {
      args.fail<Napi::RangeError>(name, std::string(what) + " from 0 to " + std::to_string(max),
                                  std::to_string(copy[r]) + " at position " + std::to_string(r));
    }
  }
  return copy.data();
}

inline const int32_t* read_indices(const Args& args, size_t i, int rows, int& count) {
  args.ints(i, "rowIndices", 0);
  const size_t length = args.length(i);
  if (length > static_cast<size_t>(kMaxInt)) args.fail<Napi::RangeError>("rowIndices", "fewer than 2^31 rows", std::to_string(length));
  count = static_cast<int>(length);
  return copy_ints(args, i, "rowIndices", length, "rows", rows - 1, 0);
}

inline Layout read_shape(const Args& args, size_t i) {
  return {args.integer(i, "inputs", 1, kMaxCols), args.integer(i + 1, "outputs", 1, kMaxCols)};
}

inline Activation read_activation(const Args& args, size_t i) { return static_cast<Activation>(args.integer(i, "activation", 0, 5)); }

// A matrix of `rows` rows: values, stride
inline MatrixView read_matrix(const Args& args, size_t i, const char* name, int rows, int cols) {
  const int stride = args.integer(i + 1, "stride", round16(cols), kMaxInt);
  return {args.floats(i, name, static_cast<size_t>(rows) * static_cast<size_t>(stride)), static_cast<size_t>(stride)};
}

template <class Prepared>
void same_kernels(const Args& args, const char* name, const Prepared& prepared, const Engine& e) {
  if (prepared.kernels() == e.kernels) return;
  args.fail<Napi::RangeError>(name, std::string("one made for ") + e.kernels->name, std::string("one made for ") + prepared.kernels()->name);
}

inline Batch& read_batch(const Args& args, size_t i, const Engine& e) {
  Batch& batch = Handle<Batch>::get(args, i, "batch", kBatchTag, "a batch of this addon");
  same_kernels(args, "batch", batch, e);
  return batch;
}

// A batch (a handle), or a matrix: values | handle, stride, rows
inline LayerInput read_layer_input(const Args& args, size_t i, const Engine& e, int cols, int outputs, int& rows) {
  bool is_typed_array = false;
  napi_is_typedarray(args.env(), args.value(i), &is_typed_array);
  if (is_typed_array) {
    rows = args.integer(i + 2, "rows", 0, kMaxInt);
    const MatrixView x = read_matrix(args, i, "input", rows, cols);
    return {nullptr, x.data, x.stride};
  }
  const Batch& batch = read_batch(args, i, e);
  if (batch.cols() != cols) args.fail<Napi::RangeError>("batch", std::to_string(cols) + " columns", std::to_string(batch.cols()));
  if (batch.sparse() && !takes_sparse(outputs)) args.fail<Napi::RangeError>("batch", "dense rows for a narrow layer", "lists");
  rows = batch.rows();
  return {&batch, nullptr, 0};
}

inline void no_overlap(const Args& args, const char* name, const float* a, size_t a_floats, const float* b, size_t b_floats) {
  if (a && b && a < b + b_floats && b < a + a_floats) args.fail<Napi::RangeError>(name, "memory of its own", "memory of an operand");
}

inline size_t extent(const MatrixView& m, int rows) { return static_cast<size_t>(rows) * m.stride; }

inline InputKind kind_of(const Inputs& inputs) { return inputs.bytes ? InputKind::bytes : InputKind::floats; }

// bytes: whether the data are bytes
inline InputKind read_kind(const Args& args, size_t i) { return args.boolean(i, "bytes") ? InputKind::bytes : InputKind::floats; }

template <class Prepared>
void same_kind(const Args& args, const Prepared& prepared, const Inputs& inputs) {
  if (prepared.cols() != inputs.cols) args.fail<Napi::RangeError>("cols", std::to_string(prepared.cols()), std::to_string(inputs.cols));
  if (prepared.kind() != kind_of(inputs)) args.fail<Napi::TypeError>("values", "the kind prepared for", "another");
}

[[noreturn]] inline void changed(const Args& args) {
  args.fail<Napi::RangeError>("values", "the data as measured", "a row with more non-zero inputs: the data have changed since");
}

}  // namespace mlp
