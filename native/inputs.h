#pragma once
// Input rows and mini-batches: rows are gathered from the data set as dense floats or, when most inputs are zero, as lists
// of the non-zero ones (see RowLists and GroupLists in kernels/kernels.h).

#include "buffer.h"
#include "kernels/kernels.h"

namespace mlp {

// [rows][cols] row-major: bytes whose meaning is table[byte], or floats. Points into memory of the caller.
struct Inputs {
  const uint8_t* bytes;  // or null
  const float* table;    // 256 floats, when bytes
  const float* floats;   // or null
  int rows, cols;
};

struct InputStatistics {
  int64_t nonzeros;
  int longest_row;  // most non-zeros in one row
};

InputStatistics measure(const Inputs& inputs);

class Batch {
 public:
  // Lists when `sparse` (rows then have at most `longest_row` non-zeros), else dense rows.
  Batch(int capacity, int cols, bool sparse, int longest_row, int input_group);

  // rows `indices[0..count)`; count <= capacity and every index < inputs.rows. `for_update` builds the group lists too.
  void gather(const Inputs& inputs, const int32_t* indices, int count, bool for_update, int threads);

  int capacity() const { return capacity_; }
  int cols() const { return cols_; }
  int rows() const { return rows_; }
  bool sparse() const { return sparse_; }
  const float* dense() const { return dense_.data(); }
  size_t stride() const { return stride_; }
  RowLists row_lists() const { return {entries_.data(), block_start_.data(), entry_stride_, blocks_}; }
  GroupLists group_lists() const {
    return {group_rows_.data(), group_values_.data(), group_counts_.data(), static_cast<size_t>(capacity_)};
  }
  size_t bytes() const {
    return dense_.bytes() + entries_.bytes() + block_start_.bytes() + group_rows_.bytes() + group_values_.bytes() +
           group_counts_.bytes();
  }

 private:
  void gather_dense(const Inputs& inputs, int row, int32_t index);
  void gather_lists(const Inputs& inputs, int row, int32_t index);
  void build_groups(int block);

  int capacity_, cols_, rows_ = 0;
  bool sparse_;
  int group_;
  size_t stride_ = 0;
  Buffer<float> dense_;
  int blocks_ = 0;
  size_t entry_stride_ = 0;
  Buffer<Entry> entries_;
  Buffer<uint32_t> block_start_;
  Buffer<uint32_t> group_rows_;
  Buffer<float> group_values_;
  Buffer<uint32_t> group_counts_;
};

}  // namespace mlp
