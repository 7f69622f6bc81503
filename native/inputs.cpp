#include "inputs.h"

#include <string.h>

#include <atomic>

#include "layout.h"
#include "pool.h"

namespace mlp {

namespace {

constexpr int kRowChunk = 16;
constexpr int kAhead = 8;  // rows fetched ahead: they are scattered over memory
constexpr int kPast = 64;  // elements the list kernels may write past the last

static_assert(kInputBlock % 16 == 0, "a group of inputs, and a transposed square, lie within one block");

// The divisor for which table[i] is i / divisor rounded once (x/255: 255; raw bytes: 1), or 0: then the table is looked up.
float table_divisor(const Kernels& k, const float* table) {
  uint8_t all[256];
  float quotient[256];
  for (int i = 0; i < 256; i++) all[i] = static_cast<uint8_t>(i);
  for (const float divisor : {1.0f, 255.0f}) {
    k.lists->expand_bytes(all, 256, divisor, quotient);
    if (memcmp(quotient, table, sizeof quotient) == 0) return divisor;
  }
  return 0;
}

bool only_zero_is_zero(const float* table) {
  bool only = table[0] == 0.0f;
  for (int i = 1; i < 256; i++) only = only && table[i] != 0.0f;
  return only;
}

void prefetch(const void* start, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(static_cast<const char*>(start) + i);
}

}  // namespace

InputStatistics measure(const Inputs& in) {
  InputStatistics s = {0, 0};
  const size_t cols = static_cast<size_t>(in.cols);
  int64_t histogram[256] = {0};
  for (int r = 0; r < in.rows; r++) {
    const size_t from = static_cast<size_t>(r) * cols;
    int n = 0;
    if (in.bytes) {
      for (size_t k = 0; k < cols; k++) n += in.bytes[from + k] != 0;
    } else {
      for (size_t k = 0; k < cols; k++) n += in.floats[from + k] != 0.0f;
    }
    s.nonzeros += n;
    if (n > s.longest_row) s.longest_row = n;
  }
  if (in.bytes && !only_zero_is_zero(in.table)) {  // the value counts, not the byte
    const size_t count = static_cast<size_t>(in.rows) * cols;
    for (size_t i = 0; i < count; i++) histogram[in.bytes[i]]++;
    s.nonzeros = 0;
    for (int i = 0; i < 256; i++) s.nonzeros += in.table[i] != 0.0f ? histogram[i] : 0;
    if (in.table[0] != 0.0f) s.longest_row = -1;
  }
  return s;
}

Batch::Batch(const Kernels& kernels, int capacity, int cols, InputKind kind, bool sparse, int longest_row)
    : kernels_(&kernels),
      capacity_(capacity),
      cols_(cols),
      kind_(kind),
      sparse_(sparse),
      longest_row_(static_cast<size_t>(longest_row)),
      table_(256) {
  const size_t rows = static_cast<size_t>(capacity), inputs = static_cast<size_t>(cols);
  if (!sparse) {
    stride_ = row_stride(cols);
    dense_ = Buffer<float>(rows * stride_);
    return;
  }
  const bool bytes = kind == InputKind::bytes;
  blocks_ = (cols + kInputBlock - 1) / kInputBlock;
  list_stride_ = (longest_row_ + kInputBlock + kPast + 63) / 64 * 64;
  ids_ = Buffer<uint8_t>(rows * list_stride_);
  byte_values_ = Buffer<uint8_t>(bytes ? rows * list_stride_ : 0);
  float_values_ = Buffer<float>(bytes ? 0 : rows * list_stride_);
  block_start_ = Buffer<uint32_t>(rows * static_cast<size_t>(blocks_ + 1));
  const size_t group = static_cast<size_t>(kernels.input_group), groups = (inputs + group - 1) / group;
  value_stride_ = (rows + 63) / 64 * 64 + 64;  // not a power of two: columns would share few sets of the L1 cache
  group_capacity_ = value_stride_;
  transposed_bytes_ = Buffer<uint8_t>(bytes ? groups * group * value_stride_ : 0);
  transposed_floats_ = Buffer<float>(bytes ? 0 : groups * group * value_stride_);
  group_rows_ = Buffer<uint16_t>(groups * group_capacity_);
  group_counts_ = Buffer<uint32_t>(groups);
}

bool Batch::gather(const Inputs& inputs, const int32_t* indices, int count, bool for_update, int threads) {
  begin(inputs, count);
  if (!gather_rows(inputs, indices, 0, count, threads)) return false;
  if (for_update) gather_groups(inputs, indices, 0, blocks_, threads);
  return true;
}

void Batch::begin(const Inputs& inputs, int count) {
  rows_ = count;
  if (inputs.bytes) memcpy(table_.data(), inputs.table, 256 * sizeof(float));
  divisor_ = inputs.bytes && !sparse_ ? table_divisor(*kernels_, inputs.table) : 0;
}

bool Batch::gather_rows(const Inputs& inputs, const int32_t* indices, int first_row, int end_row, int threads) {
  const size_t row_bytes = static_cast<size_t>(cols_) * (inputs.bytes ? 1 : sizeof(float));
  const char* base = inputs.bytes ? reinterpret_cast<const char*>(inputs.bytes) : reinterpret_cast<const char*>(inputs.floats);
  std::atomic<bool> fits{true};
  for (int r = first_row; r < first_row + kAhead && r < end_row; r++) prefetch(base + static_cast<size_t>(indices[r]) * row_bytes, row_bytes);
  parallel(threads, (end_row - first_row + kRowChunk - 1) / kRowChunk, [&](int task, int) {
    const int first = first_row + task * kRowChunk, end = first + kRowChunk < end_row ? first + kRowChunk : end_row;
    for (int r = first; r < end; r++) {
      if (r + kAhead < end_row) prefetch(base + static_cast<size_t>(indices[r + kAhead]) * row_bytes, row_bytes);
      if (!sparse_) gather_dense(inputs, r, indices[r]);
      else if (!gather_lists(inputs, r, indices[r])) fits = false;
    }
  });
  if (!fits) rows_ = 0;
  return fits;
}

void Batch::gather_groups(const Inputs& inputs, const int32_t* indices, int first, int end, int threads) {
  parallel(threads, end - first, [&](int i, int) {
    const int k0 = (first + i) * kInputBlock;
    build_groups(inputs, indices, k0, k0 + kInputBlock < cols_ ? k0 + kInputBlock : cols_);
  });
}

void Batch::gather_dense(const Inputs& in, int row, int32_t index) {
  float* to = dense_.data() + static_cast<size_t>(row) * stride_;
  const size_t from = static_cast<size_t>(index) * static_cast<size_t>(cols_);
  if (!in.bytes) memcpy(to, in.floats + from, static_cast<size_t>(cols_) * sizeof(float));
  else if (divisor_ != 0) kernels_->lists->expand_bytes(in.bytes + from, cols_, divisor_, to);
  else {
    for (int k = 0; k < cols_; k++) to[k] = in.table[in.bytes[from + static_cast<size_t>(k)]];
  }
}

bool Batch::gather_lists(const Inputs& in, int row, int32_t index) {
  const size_t at = static_cast<size_t>(row) * list_stride_, from = static_cast<size_t>(index) * static_cast<size_t>(cols_);
  uint32_t* const start = block_start_.data() + static_cast<size_t>(row) * static_cast<size_t>(blocks_ + 1);
  const uint32_t limit = static_cast<uint32_t>(longest_row_);
  if (in.bytes) return kernels_->lists->list_bytes(in.bytes + from, cols_, limit, ids_.data() + at, byte_values_.data() + at, start);
  return kernels_->lists->list_floats(in.floats + from, cols_, limit, ids_.data() + at, float_values_.data() + at, start);
}

void Batch::build_groups(const Inputs& in, const int32_t* indices, int k0, int k1) {
  const size_t cols = static_cast<size_t>(cols_);
  if (in.bytes) {
    kernels_->lists->transpose_bytes(in.bytes, cols, indices, rows_, k0, k1, transposed_bytes_.data(), value_stride_);
  } else {
    for (int r = 0; r < rows_; r++) {
      const float* row = in.floats + static_cast<size_t>(indices[r]) * cols;
      for (int k = k0; k < k1; k++) transposed_floats_.data()[static_cast<size_t>(k) * value_stride_ + static_cast<size_t>(r)] = row[k];
    }
  }
  kernels_->lists->list_groups({transposed(), value_stride_, rows_, k0, k1, group_rows_.data(), group_capacity_, group_counts_.data()});
}

Values Batch::transposed() const {
  if (kind_ == InputKind::bytes) return {transposed_bytes_.data(), table_.data(), nullptr};
  return {nullptr, nullptr, transposed_floats_.data()};
}

RowLists Batch::row_lists() const {
  const Values values = kind_ == InputKind::bytes ? Values{byte_values_.data(), table_.data(), nullptr}
                                                  : Values{nullptr, nullptr, float_values_.data()};
  return {ids_.data(), values, block_start_.data(), list_stride_, blocks_};
}

GroupLists Batch::group_lists() const {
  return {group_rows_.data(), group_counts_.data(), group_capacity_, transposed(), value_stride_};
}

size_t Batch::bytes() const {
  return dense_.bytes() + ids_.bytes() + byte_values_.bytes() + float_values_.bytes() + block_start_.bytes() +
         transposed_bytes_.bytes() + transposed_floats_.bytes() + group_rows_.bytes() + group_counts_.bytes() + table_.bytes();
}

}  // namespace mlp
