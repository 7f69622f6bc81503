#include "program.h"

#include <string.h>

#include <atomic>
#include <cmath>

#include "pool.h"

namespace mlp {
namespace {

// Fewest multiply-adds of a forward pass that are worth a thread of their own, for a pass or a step. All operations of a run take
// the same number of threads, because each finds its earlier results in its own caches.
constexpr double kWorkPerThread = 700e3;
constexpr int64_t kNoFailure = INT64_MAX;
std::string at(size_t i, const char* problem) { return "operation " + std::to_string(i) + ": " + problem; }

class Checker {
 public:
  explicit Checker(const ProgramSpec& spec) : spec_(spec), written_(spec.matrices.size(), false) {}

  std::string check() {
    if (spec_.layers.empty() || spec_.code.empty()) return "no layers or no operations";
    for (size_t i = 0; i < spec_.code.size(); i++) {
      const char* problem = check(spec_.code[i]);
      if (problem) return at(i, problem);
    }
    if (mixes_ && !updates_) return "a mix without an update";
    return forwards_ ? "" : "no forward pass";
  }

 private:
  const char* check(const Instruction& op) {
    if (op.code != OpCode::gather && !gathered_) return "before the rows are gathered";
    switch (op.code) {
      case OpCode::gather:
        if (gathered_) return "rows are gathered twice";
        gathered_ = true;
        return nullptr;
      case OpCode::forward:
        forwards_ = true;
        if (!has_layer(op.layer)) return "no such layer";
        if (!is_input(op.input, layer(op.layer).shape.K) || !feeds(op)) return "input: expected the layer's inputs";
        if (!is_output(op.output, layer(op.layer).shape.N) || op.output == op.input) return "output: expected the layer's outputs";
        return write(op.output);
      case OpCode::loss:
        if (has_loss_) return "a second loss";
        has_loss_ = true;
        if (op.input == kBatch || !is_input(op.input, cols(op.input))) return "input: expected outputs of a layer";
        if (op.gradient == kNone) return nullptr;
        if (!is_output(op.gradient, cols(op.input)) || op.gradient == op.input) return "gradient: expected a matrix like the outputs";
        return write(op.gradient);
      case OpCode::backward:
        if (!has_layer(op.layer)) return "no such layer";
        if (!is_gradient(op.gradient, layer(op.layer).shape.N)) return "gradient: expected one of the layer's outputs";
        if (op.input == kBatch || !is_input(op.input, layer(op.layer).shape.K)) return "input: expected outputs of the layer before";
        if (!is_output(op.output, layer(op.layer).shape.K) || op.output == op.gradient || op.output == op.input) {
          return "output: expected a matrix like the layer's inputs";
        }
        return write(op.output);
      case OpCode::update:
        updates_ = true;
        if (!has_layer(op.layer)) return "no such layer";
        if (!is_input(op.input, layer(op.layer).shape.K) || !feeds(op)) return "input: expected the layer's inputs";
        if (!is_gradient(op.gradient, layer(op.layer).shape.N)) return "gradient: expected one of the layer's outputs";
        return nullptr;
      case OpCode::gradient:
        gradients_ = true;
        if (!has_layer(op.layer)) return "no such layer";
        if (!is_input(op.input, layer(op.layer).shape.K) || !feeds(op)) return "input: expected the layer's inputs";
        if (!is_gradient(op.gradient, layer(op.layer).shape.N)) return "gradient: expected one of the layer's outputs";
        return nullptr;
      case OpCode::apply:
        updates_ = true;
        return gradients_ ? nullptr : "before a gradient";
      case OpCode::mix:
        if (mixes_ || has_loss_) return "a second mix, or one after the loss";
        mixes_ = true;
        if (spec_.sparse) return "lists cannot be mixed";
        if (!is_output(op.output, spec_.cols)) return "output: expected a matrix like the batch";
        return write(op.output);
      case OpCode::limit:
        return has_layer(op.layer) ? nullptr : "no such layer";
      case OpCode::average:
        return nullptr;
      case OpCode::dropout:
        if (op.layer < 0) return "no such layer";
        if (op.input == kBatch || !is_input(op.input, cols(op.input))) return "input: expected outputs of a layer";
        if (!is_output(op.output, cols(op.input)) || !is_output(op.gradient, cols(op.input)) || op.output == op.input || op.gradient == op.input ||
            op.gradient == op.output) {
          return "output, mask: expected matrices like the input";
        }
        write(op.gradient);
        return write(op.output);
      case OpCode::undrop:
        if (op.input == kBatch || !is_input(op.input, cols(op.input))) return "input: expected outputs of a layer";
        if (!is_gradient(op.gradient, cols(op.input)) || op.gradient == op.input) return "gradient: expected one of the layer's outputs";
        if (!is_gradient(op.output, cols(op.input)) || op.output == op.input || op.output == op.gradient) return "mask: expected that of the dropout";
        return nullptr;
    }
    return "unknown";
  }

  const char* write(int matrix) {
    written_[static_cast<size_t>(matrix)] = true;
    return nullptr;
  }
  const ProgramLayer& layer(int l) const { return spec_.layers[static_cast<size_t>(l)]; }
  bool has_layer(int l) const { return l >= 0 && static_cast<size_t>(l) < spec_.layers.size(); }
  bool has_matrix(int m) const { return m >= 0 && static_cast<size_t>(m) < spec_.matrices.size(); }
  int cols(int m) const { return has_matrix(m) ? spec_.matrices[static_cast<size_t>(m)] : -1; }
  bool is_input(int m, int wanted) const {
    return m == kBatch ? spec_.cols == wanted : has_matrix(m) && cols(m) == wanted && written_[static_cast<size_t>(m)];
  }
  bool is_gradient(int m, int wanted) const { return m != kBatch && is_input(m, wanted); }
  bool is_output(int m, int wanted) const { return has_matrix(m) && cols(m) == wanted; }
  // Lists cannot feed a narrow layer
  bool feeds(const Instruction& op) const {
    return op.input != kBatch || !spec_.sparse || takes_sparse(layer(op.layer).shape.N);
  }

  const ProgramSpec& spec_;
  std::vector<bool> written_;
  bool gathered_ = false, forwards_ = false, has_loss_ = false, gradients_ = false, updates_ = false, mixes_ = false;
};

}  // namespace

Engine with_threads(const Engine& e, double work) {
  const double threads = work / kWorkPerThread;
  if (threads < 2) return {e.kernels, 1};
  return {e.kernels, threads < e.threads ? static_cast<int>(threads) : e.threads};
}

std::string problem_of(const ProgramSpec& spec) { return Checker(spec).check(); }

Program::Program(const Engine& e, const ProgramSpec& spec) : spec_(spec), offsets_{0}, work_per_row_(kGatherWork * spec.cols) {
  for (const ProgramLayer& l : spec_.layers) offsets_.push_back(offsets_.back() + l.shape.floats());
  for (const Instruction& op : spec_.code) {
    if (op.code == OpCode::update || op.code == OpCode::apply) trains_ = true;
    if (op.code == OpCode::average) averages_ = true;
    if (op.code == OpCode::mix) mixes_ = true;
    if (op.code == OpCode::loss) loss_ = &op;
    if (op.code == OpCode::forward) {
      const Layout& s = spec_.layers[static_cast<size_t>(op.layer)].shape;
      work_per_row_ += static_cast<double>(s.K) * s.N * (op.input == kBatch && spec_.sparse ? kSparseShare : 1);
      last_output_ = op.output;
    }
  }
  for (const Instruction& op : spec_.code) {
    if (op.code == OpCode::gradient) add_parts(op.layer);
  }
  if (!parts_.empty()) gradients_ = Buffer<float>(parameters());
  partial_.resize(parts_.size());
  if (trains_) {
    workers_.push_back(make_worker(e, spec_.capacity));
    held_.reserve(static_cast<size_t>(spec_.capacity));
    if (mixes_) add_partners();
    for (const Instruction& op : spec_.code) {  // all the scratch memory that a run needs
      if (op.code == OpCode::update || op.code == OpCode::gradient) scratch_.reserve(e.threads, static_cast<size_t>(spec_.capacity) * kPanel);
      if (op.code == OpCode::backward) scratch_.reserve(e.threads, static_cast<size_t>(spec_.layers[static_cast<size_t>(op.layer)].shape.N) * kPanel);
    }
    return;
  }
  const int chunk = spec_.capacity < kChunk ? spec_.capacity : kChunk;
  const int chunks = (spec_.capacity - 1) / chunk + 1;
  for (int i = 0; i < e.threads && i < chunks; i++) workers_.push_back(make_worker(e, chunk));
}

void Program::add_parts(int l) {
  const Layout& s = spec_.layers[static_cast<size_t>(l)].shape;
  const size_t start = offsets_[static_cast<size_t>(l)];
  for (size_t at = 0; at < s.weights(); at += kApplyFloats) parts_.push_back({start + at, chunk_length(s.weights(), at), l, false});
  for (size_t at = 0; at < s.biases(); at += kApplyFloats) parts_.push_back({start + s.weights() + at, chunk_length(s.biases(), at), l, true});
}

Program::TruthMemory::TruthMemory(LossKind kind, int outputs, int rows) {
  if (takes_labels(kind, outputs)) labels = Buffer<int32_t>(static_cast<size_t>(rows));
  else targets = Buffer<float>(static_cast<size_t>(rows) * static_cast<size_t>(outputs));
}

Program::TruthMemory Program::make_truth(int rows) const {
  if (!loss_) return {LossKind::softmax_cross_entropy, 1, 0};
  return {loss_->loss, spec_.matrices[static_cast<size_t>(loss_->input)], rows};
}

void Program::add_partners() {
  next_rows_.reserve(static_cast<size_t>(spec_.capacity));
  if (!loss_) return;
  const size_t rows = static_cast<size_t>(spec_.capacity), stride = row_stride(spec_.matrices[static_cast<size_t>(loss_->input)]);
  partners_.push_back({make_truth(spec_.capacity), Buffer<double>(rows), Buffer<float>(loss_->gradient == kNone ? 0 : rows * stride), stride});
}

Program::Worker Program::make_worker(const Engine& e, int rows) const {
  Worker worker{Batch(*e.kernels, rows, spec_.cols, spec_.kind, spec_.sparse, spec_.longest_row), {}, make_truth(rows)};
  const size_t n = static_cast<size_t>(rows);
  for (const int cols : spec_.matrices) {
    const size_t stride = row_stride(cols);
    worker.matrices.push_back({Buffer<float>(n * stride), Buffer<float>(), stride, Activation::identity});
  }
  for (const Instruction& op : spec_.code) {
    if (op.code != OpCode::forward) continue;
    MatrixMemory& out = worker.matrices[static_cast<size_t>(op.output)];
    out.activation = spec_.layers[static_cast<size_t>(op.layer)].activation;
    if (trains_ && keeps_pre(out.activation)) out.pre = Buffer<float>(n * out.stride);
  }
  return worker;
}

size_t Program::bytes() const {
  size_t sum = scratch_.floats.bytes() + gradients_.bytes();
  for (const Worker& w : workers_) {
    sum += w.batch.bytes() + w.truth.bytes();
    for (const MatrixMemory& m : w.matrices) sum += m.values.bytes() + m.pre.bytes();
  }
  for (const PartnerMemory& p : partners_) sum += p.truth.bytes() + p.losses.bytes() + p.gradient.bytes();
  return sum;
}

bool Program::takes(const Truth& truth) const {
  if (!truth.labels && !truth.targets) return !trains_;
  if (!loss_) return false;
  return takes_labels(loss_->loss, spec_.matrices[static_cast<size_t>(loss_->input)]) ? truth.labels != nullptr : truth.targets != nullptr;
}

LayerView Program::layer(int l, float* parameters) const {
  const ProgramLayer& own = spec_.layers[static_cast<size_t>(l)];
  return {own.shape, own.activation, parameters + offsets_[static_cast<size_t>(l)]};
}

MatrixView Program::view(const Worker& worker, int matrix) const {
  const MatrixMemory& m = worker.matrices[static_cast<size_t>(matrix)];
  return {m.values.data(), m.stride};
}

Outputs Program::outputs_of(const Worker& worker, int matrix) const {
  return {view(worker, matrix), worker.matrices[static_cast<size_t>(matrix)].pre.data()};
}

LayerInput Program::operand(const Worker& worker, int operand) const {
  if (operand == kBatch) return {&worker.batch, nullptr, 0};
  const MatrixView m = view(worker, operand);
  return {nullptr, m.data, m.stride};
}

// The expected outputs of the rows. Labels may change while they are read (shared memory), so the copy is checked.
bool Program::gather_truth(const TruthMemory& memory, const int32_t* indices, int first, int count, const Arenas& arenas, Truth& truth,
                           int& bad_row) const {
  truth = {nullptr, nullptr};
  if (!loss_ || (!arenas.labels && !arenas.targets)) return true;
  const int outputs = spec_.matrices[static_cast<size_t>(loss_->input)];
  if (arenas.labels) {
    int32_t* const labels = memory.labels.data();
    const int classes = label_classes(loss_->loss, outputs);
    for (int i = first; i < first + count; i++) {
      labels[i] = arenas.labels[indices[i]];
      if (labels[i] >= 0 && labels[i] < classes) continue;
      bad_row = indices[i];
      return false;
    }
    truth.labels = labels;
    return true;
  }
  const size_t n = static_cast<size_t>(outputs);
  for (int i = first; i < first + count; i++) {
    memcpy(memory.targets.data() + static_cast<size_t>(i) * n, arenas.targets + static_cast<size_t>(indices[i]) * n, n * sizeof(float));
  }
  truth.targets = memory.targets.data();
  return true;
}

Outcome Program::run(const Engine& e, const Inputs& inputs, const int32_t* indices, int count, const Arenas& arenas, const NetworkRule& rule) {
  if (trains_) {
    restart();
    return train(e, inputs, indices, count, arenas, rule, kEverything);
  }
  const int chunk = workers_.front().batch.capacity(), chunks = (count + chunk - 1) / chunk;
  Engine own = with_threads(e, work_per_row_ * count);
  if (own.threads > static_cast<int>(workers_.size())) own.threads = static_cast<int>(workers_.size());
  std::atomic<int> correct{0};
  std::atomic<int64_t> failure{kNoFailure};  // of the lowest row, for any order of threads: row and status in a word
  parallel(own.threads, chunks, [&](int task, int who) {
    const int first = task * chunk, rest = count - first < chunk ? count - first : chunk;
    const Outcome part = rows(own, workers_[static_cast<size_t>(who)], inputs, indices, first, rest, arenas);
    correct += part.correct;
    if (part.status == Outcome::done) return;
    const int64_t mine = static_cast<int64_t>(part.row) << 8 | part.status;
    for (int64_t known = failure; mine < known && !failure.compare_exchange_weak(known, mine);) {
    }
  });
  if (failure == kNoFailure) return {Outcome::done, correct, 0};
  return {static_cast<Outcome::Status>(failure & 0xff), 0, static_cast<int>(failure >> 8)};
}

Outcome Program::rows(const Engine& e, Worker& worker, const Inputs& inputs, const int32_t* indices, int first, int count, const Arenas& arenas) const {
  Outcome outcome = {Outcome::done, 0, 0};
  for (const Instruction& op : spec_.code) {
    if (op.code == OpCode::gather) {
      if (!worker.batch.gather(inputs, indices + first, count, false, 1)) return {Outcome::data_changed, 0, 0};
    } else if (op.code == OpCode::forward) {
      forward_rows(*e.kernels, operand(worker, op.input), 0, count, layer(op.layer, arenas.parameters), {view(worker, op.output), nullptr});
    } else if (op.code == OpCode::loss) {
      Truth truth;
      if (!gather_truth(worker.truth, indices + first, 0, count, arenas, truth, outcome.row)) return {Outcome::bad_label, 0, outcome.row};
      const bool only_classes = !truth.labels && !truth.targets;
      if (only_classes && (op.loss == LossKind::mean_squared_error || op.loss == LossKind::huber || !arenas.predicted)) continue;
      outcome.correct += loss_rows(*e.kernels, op.loss, view(worker, op.input), count, spec_.matrices[static_cast<size_t>(op.input)], truth,
                                   {only_classes ? nullptr : arenas.losses + first, arenas.predicted ? arenas.predicted + first : nullptr});
    }
  }
  if (!arenas.outputs) return outcome;
  const MatrixView out = view(worker, last_output_);
  const size_t n = static_cast<size_t>(outputs());
  for (int i = 0; i < count; i++) {
    memcpy(arenas.outputs + static_cast<size_t>(first + i) * n, out.data + static_cast<size_t>(i) * out.stride, n * sizeof(float));
  }
  return outcome;
}

int Program::first_layer_not_finite() const {
  const Worker& worker = workers_.front();
  for (const Instruction& op : spec_.code) {
    if (op.code != OpCode::forward) continue;
    const MatrixView out = view(worker, op.output);
    for (int r = 0; r < rows_; r++) {
      const float* row = out.data + static_cast<size_t>(r) * out.stride;
      for (int c = 0; c < spec_.matrices[static_cast<size_t>(op.output)]; c++) {
        if (!std::isfinite(row[c])) return op.layer;
      }
    }
  }
  return -1;
}

}  // namespace mlp
