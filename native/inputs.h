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
  int longest_row;  // most non-zeros in one row; -1 when byte 0 does not mean 0, so that lists of bytes are not possible
};

InputStatistics measure(const Inputs& inputs);

enum class InputKind { bytes, floats };

class Batch {
 public:
  // Lists when `sparse` (rows then have at most `longest_row` non-zeros, and capacity is at most 65,536), else dense rows.
  Batch(const Kernels& kernels, int capacity, int cols, InputKind kind, bool sparse, int longest_row);

  // Rows `indices[0..count)`; count <= capacity, every index < inputs.rows, inputs of this batch's kind. `for_update` makes
  // the group lists too. False when a row has more non-zeros than `longest_row`: the data have changed.
  bool gather(const Inputs& inputs, const int32_t* indices, int count, bool for_update, int threads);
  // The same in parts: after `begin` all rows in some order, then, for updates, all blocks of group lists.
  void begin(const Inputs& inputs, int count);
  bool gather_rows(const Inputs& inputs, const int32_t* indices, int first, int end, int threads);
  void gather_groups(const Inputs& inputs, const int32_t* indices, int first, int end, int threads);
  // Of group lists; 0 for dense rows
  int blocks() const { return blocks_; }

  // A batch is valid only for the kernels that made it: its lists have their form.
  const Kernels* kernels() const { return kernels_; }
  int capacity() const { return capacity_; }
  int cols() const { return cols_; }
  int rows() const { return rows_; }
  InputKind kind() const { return kind_; }
  bool sparse() const { return sparse_; }
  const float* dense() const { return dense_.data(); }
  size_t stride() const { return stride_; }
  RowLists row_lists() const;
  GroupLists group_lists() const;
  size_t bytes() const;

 private:
  void gather_dense(const Inputs& inputs, int row, int32_t index);
  bool gather_lists(const Inputs& inputs, int row, int32_t index);
  Values transposed() const;
  void build_groups(const Inputs& inputs, const int32_t* indices, int k0, int k1);

  const Kernels* kernels_;
  int capacity_, cols_, rows_ = 0;
  InputKind kind_;
  bool sparse_;
  size_t longest_row_;
  Buffer<float> dense_;
  float divisor_ = 0;
  size_t stride_ = 0;
  // lists by row
  int blocks_ = 0;
  size_t list_stride_ = 0;
  Buffer<uint8_t> ids_;
  Buffer<uint8_t> byte_values_;
  Buffer<float> float_values_;
  Buffer<uint32_t> block_start_;
  // lists by group of inputs
  size_t value_stride_ = 0, group_capacity_ = 0;
  Buffer<uint8_t> transposed_bytes_;
  Buffer<float> transposed_floats_;
  Buffer<uint16_t> group_rows_;
  Buffer<uint32_t> group_counts_;
  Buffer<float> table_;
};

}  // namespace mlp
