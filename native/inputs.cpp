#include "inputs.h"

#include <string.h>

#include "layout.h"
#include "pool.h"

namespace mlp {

static_assert(kInputBlock % 4 == 0, "a group of inputs lies within one block");

InputStatistics measure(const Inputs& in) {
  InputStatistics s = {0, 0};
  const size_t cols = static_cast<size_t>(in.cols);
  bool nonzero[256];
  for (int i = 0; i < 256; i++) nonzero[i] = in.table && in.table[i] != 0.0f;
  for (int r = 0; r < in.rows; r++) {
    int n = 0;
    if (in.bytes) {
      const uint8_t* row = in.bytes + static_cast<size_t>(r) * cols;
      for (size_t k = 0; k < cols; k++) n += nonzero[row[k]];
    } else {
      const float* row = in.floats + static_cast<size_t>(r) * cols;
      for (size_t k = 0; k < cols; k++) n += row[k] != 0.0f;
    }
    s.nonzeros += n;
    if (n > s.longest_row) s.longest_row = n;
  }
  return s;
}

Batch::Batch(int capacity, int cols, bool sparse, int longest_row, int input_group)
    : capacity_(capacity), cols_(cols), sparse_(sparse), group_(input_group) {
  const size_t rows = static_cast<size_t>(capacity);
  if (!sparse) {
    stride_ = row_stride(cols);
    dense_ = Buffer<float>(rows * stride_);
    return;
  }
  blocks_ = (cols + kInputBlock - 1) / kInputBlock;
  entry_stride_ = static_cast<size_t>(longest_row);
  entries_ = Buffer<Entry>(rows * entry_stride_ + 1);
  block_start_ = Buffer<uint32_t>(rows * static_cast<size_t>(blocks_ + 1));
  const size_t groups = static_cast<size_t>((cols + group_ - 1) / group_);
  group_counts_ = Buffer<uint32_t>(groups);
  group_rows_ = Buffer<uint32_t>(groups * rows);
  group_values_ = Buffer<float>(groups * rows * static_cast<size_t>(group_));
}

void Batch::gather(const Inputs& inputs, const int32_t* indices, int count, bool for_update, int threads) {
  rows_ = count;
  constexpr int chunk = 16;
  parallel(threads, (count + chunk - 1) / chunk, [&](int task, int) {
    const int end = (task + 1) * chunk < count ? (task + 1) * chunk : count;
    for (int r = task * chunk; r < end; r++) sparse_ ? gather_lists(inputs, r, indices[r]) : gather_dense(inputs, r, indices[r]);
  });
  if (sparse_ && for_update) parallel(threads, blocks_, [&](int block, int) { build_groups(block); });
}

void Batch::gather_dense(const Inputs& in, int row, int32_t index) {
  float* to = dense_.data() + static_cast<size_t>(row) * stride_;
  const size_t from = static_cast<size_t>(index) * static_cast<size_t>(cols_);
  if (in.bytes) {
    for (int k = 0; k < cols_; k++) to[k] = in.table[in.bytes[from + static_cast<size_t>(k)]];
  } else {
    memcpy(to, in.floats + from, static_cast<size_t>(cols_) * sizeof(float));
  }
}

// Branch-free: every input is written, the position moves on only past the non-zero ones.
void Batch::gather_lists(const Inputs& in, int row, int32_t index) {
  Entry* const entries = entries_.data() + static_cast<size_t>(row) * entry_stride_;
  uint32_t* const start = block_start_.data() + static_cast<size_t>(row) * static_cast<size_t>(blocks_ + 1);
  const size_t from = static_cast<size_t>(index) * static_cast<size_t>(cols_);
  uint32_t n = 0;
  for (int block = 0; block < blocks_; block++) {
    start[block] = n;
    const int end = (block + 1) * kInputBlock < cols_ ? (block + 1) * kInputBlock : cols_;
    for (int k = block * kInputBlock; k < end; k++) {
      const float value = in.bytes ? in.table[in.bytes[from + static_cast<size_t>(k)]] : in.floats[from + static_cast<size_t>(k)];
      if (value == 0.0f || n >= entry_stride_) continue;
      entries[n].k = static_cast<uint32_t>(k);
      entries[n].value = value;
      n++;
    }
  }
  start[blocks_] = n;
}

void Batch::build_groups(int block) {
  const int group0 = block * kInputBlock / group_;
  const int inputs_end = (block + 1) * kInputBlock < cols_ ? (block + 1) * kInputBlock : cols_;
  const int group1 = (inputs_end + group_ - 1) / group_;
  const size_t capacity = static_cast<size_t>(capacity_), width = static_cast<size_t>(group_);
  memset(group_counts_.data() + group0, 0, static_cast<size_t>(group1 - group0) * sizeof(uint32_t));
  for (int row = 0; row < rows_; row++) {
    const uint32_t* start = block_start_.data() + static_cast<size_t>(row) * static_cast<size_t>(blocks_ + 1) + block;
    const Entry* e = entries_.data() + static_cast<size_t>(row) * entry_stride_;
    for (uint32_t i = start[0]; i < start[1]; i++) {
      const size_t group = e[i].k / static_cast<uint32_t>(group_);
      uint32_t& count = group_counts_.data()[group];
      uint32_t* rows = group_rows_.data() + group * capacity;
      float* values = group_values_.data() + group * capacity * width;
      if (count == 0 || rows[count - 1] != static_cast<uint32_t>(row)) {
        rows[count] = static_cast<uint32_t>(row);
        for (size_t j = 0; j < width; j++) values[count * width + j] = 0.0f;
        count++;
      }
      values[(count - 1) * width + e[i].k % static_cast<uint32_t>(group_)] = e[i].value;
    }
  }
}

}  // namespace mlp
