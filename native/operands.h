#pragma once
// Readers of the operands that several operations of the addon share: data sets, batches, matrices, layers, rules, lists of
// rows, as the objects of src/backend/backend.ts. Like those of args.h they throw when going on would not be memory-safe.

#include <vector>

#include "args.h"
#include "program.h"

namespace mlp {

constexpr int kMaxInt = 0x7fffffff;
constexpr int kMaxCols = 1 << 24;
constexpr int kMaxListedRows = 1 << 16;

constexpr napi_type_tag kBatchTag = {0x6e61746976656d6cull, 0x7000000000000001ull};
constexpr napi_type_tag kProgramTag = {0x6e61746976656d6cull, 0x7000000000000002ull};

constexpr napi_type_tag kWarperTag = {0x6e61746976656d6cull, 0x7000000000000003ull};

constexpr const char* kActivationNames[] = {"identity", "relu", "leakyRelu", "tanh", "sigmoid", "gelu", "elu", "selu", "silu", "mish"};
constexpr int kActivations = 10;
constexpr const char* kLossNames[] = {"softmaxCrossEntropy", "meanSquaredError", "binaryCrossEntropy", "huber"};
static_assert(sizeof kLossNames / sizeof *kLossNames == kLossKinds, "a name for each loss");
constexpr size_t kRuleValues = 19;  // see read_rule

inline const Engine& engine(const Napi::CallbackInfo& info) { return *static_cast<const Engine*>(info.Data()); }

// Memory of single operations, of the calling thread
inline Scratch& scratch() {
  static thread_local Scratch memory;
  return memory;
}

// values, rows, cols, table (bytes) or null (floats)
inline Inputs read_inputs(const Args& args, const Napi::Value& values, const Napi::Value& table, int rows, int cols) {
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(cols);
  if (!Args::is_null(table)) return {args.bytes(values, "values", count), args.floats(table, "table", 256), nullptr, rows, cols};
  return {nullptr, nullptr, args.floats(values, "values", count), rows, cols};
}

// The same as four arguments: values, rows, cols, table
inline Inputs read_inputs(const Args& args, size_t i) {
  const int rows = args.integer(i + 1, "rows", 0, kMaxInt), cols = args.integer(i + 2, "cols", 1, kMaxCols);
  return read_inputs(args, args.value(i), args.value(i + 3), rows, cols);
}

// A copy of integers from 0 to `max`. The array may be shared with another thread that writes to it meanwhile, so the
// copy is checked and used. Valid until the next call for the same `slot` on this thread.
inline const int32_t* copy_ints(const Args& args, const Napi::Value& v, const char* name, size_t count, const char* what, int max, int slot) {
  static thread_local std::vector<int32_t> copies[2];
  const int32_t* const from = args.ints(v, name, count).data;
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

inline const int32_t* read_indices(const Args& args, const Napi::Value& v, int rows, int& count) {
  const size_t length = args.ints(v, "rowIndices", 0).length;
  if (length > static_cast<size_t>(kMaxInt)) args.fail<Napi::RangeError>("rowIndices", "fewer than 2^31 rows", std::to_string(length));
  count = static_cast<int>(length);
  return copy_ints(args, v, "rowIndices", length, "rows", rows - 1, 0);
}

inline Activation read_activation(const Args& args, const Napi::Value& v) {
  return static_cast<Activation>(args.one_of(v, "activation", kActivationNames, kActivations));
}

inline LossKind read_loss(const Args& args, size_t i) {
  return static_cast<LossKind>(args.one_of(args.value(i), "loss", kLossNames, kLossKinds));
}

inline size_t extent(const MatrixView& m, int rows) { return static_cast<size_t>(rows) * m.stride; }

// The fields of a Matrix or a LayerOutput; `view` accesses its memory.
class MatrixFields {
 public:
  MatrixFields(const Args& args, size_t i)
      : values_(args.field(i, "values")),
        stride_(args.field(i, "stride")),
        rows_(args.field(i, "rows")),
        activation_(args.field(i, "activation")),
        pre_(args.field(i, "preActivations")) {}

  int rows(const Args& args) const { return args.integer(rows_, "rows", 0, kMaxInt); }
  Activation activation(const Args& args) const { return read_activation(args, activation_); }

  MatrixView view(const Args& args, const char* name, int rows, int cols) const {
    const int stride = args.integer(stride_, "stride", round16(cols), kMaxInt);
    return {args.floats(values_, name, static_cast<size_t>(rows) * static_cast<size_t>(stride)), static_cast<size_t>(stride)};
  }
  float* pre(const Args& args, size_t floats) const {
    return Args::is_null(pre_) ? nullptr : args.floats(pre_, "preActivations", floats);
  }
  // An output whose derivative may be needed
  Outputs outputs(const Args& args, const char* name, int rows, int cols) const {
    const MatrixView out = view(args, name, rows, cols);
    float* const kept = pre(args, extent(out, rows));
    const Activation own = activation(args);
    if (keeps_pre(own) && !kept) {
      args.fail<Napi::TypeError>("preActivations", std::string("a Float32Array for ") + kActivationNames[static_cast<int>(own)], "null");
    }
    return {out, kept};
  }

 private:
  Napi::Value values_, stride_, rows_, activation_, pre_;
};

// The fields of a Layer
class LayerFields {
 public:
  LayerFields(const Args& args, size_t i)
      : inputs_(args.field(i, "inputs")),
        outputs_(args.field(i, "outputs")),
        activation_(args.field(i, "activation")),
        parameters_(args.field(i, "parameters")) {}

  LayerView view(const Args& args) const {
    const Layout shape = {args.integer(inputs_, "inputs", 1, kMaxCols), args.integer(outputs_, "outputs", 1, kMaxCols)};
    return {shape, read_activation(args, activation_), args.floats(parameters_, "parameters", shape.floats())};
  }

 private:
  Napi::Value inputs_, outputs_, activation_, parameters_;
};

template <class Prepared>
void same_kernels(const Args& args, const char* name, const Prepared& prepared, const Engine& e) {
  if (prepared.kernels() == e.kernels) return;
  args.fail<Napi::RangeError>(name, std::string("one made for ") + e.kernels->name, std::string("one made for ") + prepared.kernels()->name);
}

inline Batch& read_batch(const Args& args, const Napi::Value& handle, const Engine& e) {
  Batch& batch = Handle<Batch>::get(args, handle, "batch", kBatchTag, "a batch of this addon");
  same_kernels(args, "batch", batch, e);
  return batch;
}

// A Batch (which has a handle) or a Matrix
class InputFields {
 public:
  InputFields(const Args& args, size_t i) : handle_(args.field(i, "handle")), matrix_(args, i) {}

  LayerInput view(const Args& args, const Engine& e, int cols, int outputs, int& rows) const {
    if (Args::is_null(handle_)) {
      rows = matrix_.rows(args);
      const MatrixView x = matrix_.view(args, "input", rows, cols);
      return {nullptr, x.data, x.stride};
    }
    const Batch& batch = read_batch(args, handle_, e);
    if (batch.cols() != cols) args.fail<Napi::RangeError>("batch", std::to_string(cols) + " columns", std::to_string(batch.cols()));
    if (batch.sparse() && !takes_sparse(outputs)) args.fail<Napi::RangeError>("batch", "dense rows for a narrow layer", "lists");
    rows = batch.rows();
    return {&batch, nullptr, 0};
  }

 private:
  Napi::Value handle_;
  MatrixFields matrix_;
};

// Slots that a rule of this kind needs
inline size_t slots_of(RuleKind kind) {
  switch (kind) {
    case RuleKind::sgd: return 0;
    case RuleKind::momentum:
    case RuleKind::nesterov:
    case RuleKind::rms_prop: return 1;
    case RuleKind::adam: return 2;
  }
  return 0;
}

// The rule as encodeRule of src/backend/rules.ts encodes it
inline NetworkRule read_rule(const Args& args, const Napi::Value& v, RuleKind& kind) {
  const double* const from = args.doubles(v, "rule", kRuleValues);
  if (!(from[0] >= 0 && from[0] < kRuleKinds) || from[0] != static_cast<int>(from[0])) {
    args.fail<Napi::RangeError>("rule", "a kind of rule that the addon knows", std::to_string(from[0]));
  }
  kind = static_cast<RuleKind>(static_cast<int>(from[0]));
  float f[kRuleValues];
  for (size_t i = 1; i < kRuleValues; i++) f[i] = static_cast<float>(from[i]);
  const auto group = [&](size_t i, bool biases) {
    return Rule{kind, f[1 + i], biases ? f[11] : f[10], f[5 + i], f[12], f[13], f[14], f[15], f[16], f[17], f[18], biases ? 0 : f[9]};
  };
  return {{group(0, false), group(1, true)}, {group(2, false), group(3, true)}};
}

constexpr size_t kStepValues = 7;

// What encodeStep of src/backend/program.ts writes
inline StepValues read_step(const Args& args, const Napi::Value& v) {
  const double* const from = args.doubles(v, "step", kStepValues);
  if (!(from[0] >= 0 && from[0] <= 4294967295.0)) args.fail<Napi::RangeError>("dropoutKey", "an integer from 0 to 2^32 - 1", std::to_string(from[0]));
  if (!(from[1] >= 0 && from[1] < 1)) args.fail<Napi::RangeError>("dropoutRate", "a number from 0 to below 1", std::to_string(from[1]));
  if (!(from[2] >= 0 && from[2] < 1)) args.fail<Napi::RangeError>("smoothing", "a number from 0 to below 1", std::to_string(from[2]));
  for (size_t i = 3; i < kStepValues; i++) {
    if (!(from[i] >= 0)) args.fail<Napi::RangeError>("step", "numbers >= 0", std::to_string(from[i]));
  }
  if (!(from[6] <= 1)) args.fail<Napi::RangeError>("mixShare", "a number from 0 to 1", std::to_string(from[6]));
  return {static_cast<uint32_t>(from[0]), from[1], static_cast<float>(from[2]), from[3], from[4], static_cast<float>(from[5]), from[6]};
}

// Slots for `floats` parameters; the array holds one slot after the other
inline Slots read_slots(const Args& args, const Napi::Value& v, RuleKind kind, size_t floats) {
  const size_t count = slots_of(kind);
  if (count == 0) return {};
  return {args.floats(v, "slots", count * floats), floats};
}

inline void no_overlap(const Args& args, const char* name, const float* a, size_t a_floats, const float* b, size_t b_floats) {
  if (a && b && a < b + b_floats && b < a + a_floats) args.fail<Napi::RangeError>(name, "memory of its own", "memory of an operand");
}

inline InputKind kind_of(const Inputs& inputs) { return inputs.bytes ? InputKind::bytes : InputKind::floats; }

// bytes: whether the data are bytes
inline InputKind read_kind(const Args& args, size_t i) { return args.boolean(i, "bytes") ? InputKind::bytes : InputKind::floats; }

template <class Prepared>
void same_kind(const Args& args, const Prepared& prepared, const Inputs& inputs) {
  if (prepared.cols() != inputs.cols) args.fail<Napi::RangeError>("cols", std::to_string(prepared.cols()), std::to_string(inputs.cols));
  if (prepared.kind() != kind_of(inputs)) args.fail<Napi::TypeError>("values", "the kind prepared for", "another");
}

inline Warper& read_warper(const Args& args, const Napi::Value& handle, const Engine& e, const Inputs& inputs) {
  Warper& warper = Handle<Warper>::get(args, handle, "warper", kWarperTag, "a warper of this addon");
  same_kernels(args, "warper", warper, e);
  same_kind(args, warper, inputs);
  return warper;
}

[[noreturn]] inline void changed(const Args& args) {
  args.fail<Napi::RangeError>("values", "the data as measured", "a row with more non-zero inputs: the data have changed since");
}

// The expected outputs of a loss, checked against the number of rows and outputs
inline Truth read_truth(const Args& args, const Napi::Value& v, LossKind kind, int rows, int outputs) {
  if (takes_labels(kind, outputs) && (args.is_ints(v) || kind == LossKind::softmax_cross_entropy)) {
    return {copy_ints(args, v, "labels", static_cast<size_t>(rows), "classes", label_classes(kind, outputs) - 1, 1), nullptr};
  }
  return {nullptr, args.floats(v, "targets", static_cast<size_t>(rows) * static_cast<size_t>(outputs))};
}

// Integers of the transformations of `rows` images
inline const int32_t* read_warps(const Args& args, const Napi::Value& v, int rows) {
  return args.ints(v, "warps", static_cast<size_t>(rows) * kWarpValues).data;
}

}  // namespace mlp
