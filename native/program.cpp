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
// A sparse layer multiplies about this share of its inputs.
constexpr double kSparseShare = 0.2;
// Gathering an input takes about as long as so many multiply-adds.
constexpr double kGatherWork = 8;

Engine with_threads(const Engine& e, double work) {
  const double threads = work / kWorkPerThread;
  if (threads < 2) return {e.kernels, 1};
  return {e.kernels, threads < e.threads ? static_cast<int>(threads) : e.threads};
}

// Parameters of one task of `apply` and `average`
constexpr size_t kApplyFloats = 16384;
int chunks_of(size_t n) { return static_cast<int>((n + kApplyFloats - 1) / kApplyFloats); }
size_t chunk_length(size_t n, size_t at) { return n - at < kApplyFloats ? n - at : kApplyFloats; }

// Losses and gradients of rows times their weights
void weigh(const Arenas& arenas, const int32_t* indices, int count, const MatrixView& gradient, int width) {
  for (int r = 0; r < count; r++) {
    const float w = arenas.row_weights[indices[r]];
    arenas.losses[r] *= static_cast<double>(w);
    float* const g = gradient.data ? gradient.data + static_cast<size_t>(r) * gradient.stride : nullptr;
    for (int c = 0; g && c < width; c++) g[c] *= w;
  }
}

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
        return gradients_ ? nullptr : "before a gradient";
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
  bool gathered_ = false, forwards_ = false, has_loss_ = false, gradients_ = false;
};

}  // namespace

std::string problem_of(const ProgramSpec& spec) { return Checker(spec).check(); }

Program::Program(const Engine& e, const ProgramSpec& spec) : spec_(spec), offsets_{0}, work_per_row_(kGatherWork * spec.cols) {
  for (const ProgramLayer& l : spec_.layers) offsets_.push_back(offsets_.back() + l.shape.floats());
  for (const Instruction& op : spec_.code) {
    if (op.code == OpCode::update || op.code == OpCode::apply) trains_ = true;
    if (op.code == OpCode::average) averages_ = true;
    if (op.code == OpCode::gradient) gradient_layers_.push_back(op.layer);
    if (op.code == OpCode::loss) loss_ = &op;
    if (op.code == OpCode::forward) {
      const Layout& s = spec_.layers[static_cast<size_t>(op.layer)].shape;
      work_per_row_ += static_cast<double>(s.K) * s.N * (op.input == kBatch && spec_.sparse ? kSparseShare : 1);
      last_output_ = op.output;
    }
  }
  if (!gradient_layers_.empty()) {
    gradients_ = Buffer<float>(parameters());
    partial_.reserve(parameters() / kApplyFloats + 2 * gradient_layers_.size());
    parts_.reserve(partial_.capacity());
  }
  if (trains_) {
    workers_.push_back(make_worker(e, spec_.capacity));
    held_.reserve(static_cast<size_t>(spec_.capacity));
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

Program::Worker Program::make_worker(const Engine& e, int rows) const {
  Worker worker{Batch(*e.kernels, rows, spec_.cols, spec_.kind, spec_.sparse, spec_.longest_row), {}, {}, {}};
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
  if (loss_) {
    const int outputs = spec_.matrices[static_cast<size_t>(loss_->input)];
    if (takes_labels(loss_->loss, outputs)) worker.labels = Buffer<int32_t>(n);
    else worker.targets = Buffer<float>(n * static_cast<size_t>(outputs));
  }
  return worker;
}

size_t Program::bytes() const {
  size_t sum = scratch_.floats.bytes() + gradients_.bytes();
  for (const Worker& w : workers_) {
    sum += w.batch.bytes() + w.labels.bytes() + w.targets.bytes();
    for (const MatrixMemory& m : w.matrices) sum += m.values.bytes() + m.pre.bytes();
  }
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
bool Program::gather_truth(Worker& worker, const int32_t* indices, int count, const Arenas& arenas, Truth& truth, int& bad_row) const {
  truth = {nullptr, nullptr};
  if (!loss_ || (!arenas.labels && !arenas.targets)) return true;
  const int outputs = spec_.matrices[static_cast<size_t>(loss_->input)];
  if (arenas.labels) {
    int32_t* const labels = worker.labels.data();
    const int classes = label_classes(loss_->loss, outputs);
    for (int i = 0; i < count; i++) {
      labels[i] = arenas.labels[indices[i]];
      if (labels[i] >= 0 && labels[i] < classes) continue;
      bad_row = indices[i];
      return false;
    }
    truth.labels = labels;
    return true;
  }
  const size_t n = static_cast<size_t>(outputs);
  for (int i = 0; i < count; i++) {
    memcpy(worker.targets.data() + static_cast<size_t>(i) * n, arenas.targets + static_cast<size_t>(indices[i]) * n, n * sizeof(float));
  }
  truth.targets = worker.targets.data();
  return true;
}

// Programs that take turns on the same rows gather them once: the caller promises that a data set does not change.
bool Program::holds(const int32_t* indices, int count, const Arenas& arenas) const {
  const size_t n = static_cast<size_t>(count), warps = arenas.warper ? n * kWarpValues : 0;
  return n == held_.size() && memcmp(held_.data(), indices, n * sizeof(int32_t)) == 0 && warps == held_warps_.size() &&
         (warps == 0 || memcmp(held_warps_.data(), arenas.warps, warps * sizeof(int32_t)) == 0);
}

// Resampling a row takes longer than dividing the rows among `all` threads, however small the network.
bool Program::gather(const Engine& e, const Engine& all, const Inputs& inputs, const int32_t* indices, int count, const Arenas& arenas) {
  Batch& batch = workers_.front().batch;
  if (count == 0 && held_.empty()) return batch.gather(inputs, indices, 0, true, 1);
  if (holds(indices, count, arenas)) return true;
  held_.clear();
  held_warps_.clear();
  if (arenas.warper) {
    while (first_rows_.size() < static_cast<size_t>(count)) first_rows_.push_back(static_cast<int32_t>(first_rows_.size()));
    const Inputs resampled = arenas.warper->batch(inputs, indices, count, arenas.warps, all.threads);
    if (!batch.gather(resampled, first_rows_.data(), count, true, e.threads)) return false;
    held_warps_.assign(arenas.warps, arenas.warps + static_cast<size_t>(count) * kWarpValues);
  } else if (!batch.gather(inputs, indices, count, true, e.threads)) {
    return false;
  }
  held_.assign(indices, indices + count);
  return true;
}

Outcome Program::run(const Engine& e, const Inputs& inputs, const int32_t* indices, int count, const Arenas& arenas, const LayerRule& rule) {
  if (trains_) return train(e, inputs, indices, count, arenas, rule);
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
      if (!gather_truth(worker, indices + first, count, arenas, truth, outcome.row)) return {Outcome::bad_label, 0, outcome.row};
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

Outcome Program::train(const Engine& all, const Inputs& inputs, const int32_t* indices, int count, const Arenas& arenas, const LayerRule& rule) {
  const Engine e = with_threads(all, work_per_row_ * count);
  Worker& worker = workers_.front();
  Outcome outcome = {Outcome::done, 0, 0};
  rows_ = count;
  for (const Instruction& op : spec_.code) {
    switch (op.code) {
      case OpCode::gather:
        if (!gather(e, all, inputs, indices, count, arenas)) return {Outcome::data_changed, 0, 0};
        break;
      case OpCode::forward:
        forward(e, operand(worker, op.input), count, layer(op.layer, arenas.parameters),
                outputs_of(worker, op.output));
        break;
      case OpCode::loss: {
        Truth truth;
        if (!gather_truth(worker, indices, count, arenas, truth, outcome.row)) return {Outcome::bad_label, 0, outcome.row};
        const int outputs = spec_.matrices[static_cast<size_t>(op.input)];
        const MatrixView gradient = op.gradient == kNone ? MatrixView{nullptr, 0} : view(worker, op.gradient);
        outcome.correct = loss(e, op.loss, outputs_of(worker, op.input), worker.matrices[static_cast<size_t>(op.input)].activation, count,
                               outputs, truth, gradient.data ? &gradient : nullptr, {arenas.losses, arenas.predicted}, arenas.step.smoothing);
        if (arenas.row_weights) weigh(arenas, indices, count, gradient, round16(outputs));
        double sum = 0;
        for (int r = 0; r < count; r++) sum += arenas.losses[r];
        if (!std::isfinite(sum)) return {Outcome::loss_not_finite, outcome.correct, 0};
        break;
      }
      case OpCode::backward:
        backward(e, view(worker, op.gradient), count, layer(op.layer, arenas.parameters),
                 outputs_of(worker, op.input), worker.matrices[static_cast<size_t>(op.input)].activation, view(worker, op.output), scratch_);
        break;
      case OpCode::update: {
        const Slots slots = arenas.slots.at(offsets_[static_cast<size_t>(op.layer)]);
        update(e, operand(worker, op.input), view(worker, op.gradient), count,
               layer(op.layer, arenas.parameters), rule, slots, scratch_);
        break;
      }
      case OpCode::gradient:
        packed_gradient(e, operand(worker, op.input), view(worker, op.gradient), count, spec_.layers[static_cast<size_t>(op.layer)].shape,
                        gradients_.data() + offsets_[static_cast<size_t>(op.layer)], scratch_);
        break;
      case OpCode::apply:
        apply(e, arenas, rule);
        break;
      case OpCode::limit:
        if (arenas.step.max_norm > 0) limit_norms(e, layer(op.layer, arenas.parameters), arenas.step.max_norm);
        break;
      case OpCode::average:
        parallel(e.threads, chunks_of(parameters()), [&](int task, int) {
          const size_t at = static_cast<size_t>(task) * kApplyFloats;
          e.kernels->average(arenas.parameters + at, chunk_length(parameters(), at), arenas.step.average_share, arenas.average + at);
        });
        break;
      case OpCode::dropout:
        dropout(e, worker, op, count, arenas.step);
        break;
      case OpCode::undrop:
        undrop(e, worker, op, count);
        break;
    }
  }
  return outcome;
}

namespace {

constexpr int kDropoutRows = 32;

// lowbias32, as dropout.inl
uint32_t mixed(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

}  // namespace

// The global norm (Pascanu et al., 2013) is summed over chunks of fixed length, whoever computes them.
void Program::apply(const Engine& e, const Arenas& arenas, const LayerRule& rule) {
  std::vector<Part>& parts = parts_;  // has room
  parts.clear();
  for (const int l : gradient_layers_) {
    const Layout& s = spec_.layers[static_cast<size_t>(l)].shape;
    const size_t start = offsets_[static_cast<size_t>(l)];
    for (size_t at = 0; at < s.weights(); at += kApplyFloats) parts.push_back({start + at, chunk_length(s.weights(), at), false});
    for (size_t at = 0; at < s.biases(); at += kApplyFloats) parts.push_back({start + s.weights() + at, chunk_length(s.biases(), at), true});
  }
  const int count = static_cast<int>(parts.size());
  float scale = 1;
  if (arenas.step.clip_norm > 0) {
    partial_.resize(parts.size());
    parallel(e.threads, count, [&](int i, int) {
      const Part& part = parts[static_cast<size_t>(i)];
      partial_[static_cast<size_t>(i)] = e.kernels->square_sum(gradients_.data() + part.at, part.n);
    });
    double sum = 0;
    for (const double part : partial_) sum += part;
    const double factor = arenas.step.clip_norm / (std::sqrt(sum) + 1e-6);
    if (factor < 1) scale = static_cast<float>(factor);
  }
  parallel(e.threads, count, [&](int i, int) {
    const Part& part = parts[static_cast<size_t>(i)];
    e.kernels->apply({arenas.parameters + part.at, gradients_.data() + part.at, part.n, scale, part.biases ? rule.biases : rule.weights,
                      arenas.slots.at(part.at)});
  });
}

void Program::dropout(const Engine& e, Worker& worker, const Instruction& op, int count, const StepValues& step) const {
  const MatrixView x = view(worker, op.input), mask = view(worker, op.gradient), out = view(worker, op.output);
  const int width = round16(spec_.matrices[static_cast<size_t>(op.input)]);
  const uint32_t key = mixed(step.dropout_key + static_cast<uint32_t>(op.layer) * kRowStep);
  const uint32_t threshold = static_cast<uint32_t>(step.dropout_rate * 4294967296.0);
  const float scale = static_cast<float>(1.0 / (1.0 - step.dropout_rate));
  parallel(e.threads, (count + kDropoutRows - 1) / kDropoutRows, [&](int task, int) {
    const int row = task * kDropoutRows, rows = count - row < kDropoutRows ? count - row : kDropoutRows;
    const size_t at = static_cast<size_t>(row) * x.stride;
    e.kernels->dropout({x.data + at, mask.data + at, out.data + at, x.stride, rows, width, row, key, threshold, scale});
  });
}

void Program::undrop(const Engine& e, Worker& worker, const Instruction& op, int count) const {
  const MatrixView g = view(worker, op.gradient), mask = view(worker, op.output);
  const Outputs y = outputs_of(worker, op.input);
  const int width = round16(spec_.matrices[static_cast<size_t>(op.input)]);
  parallel(e.threads, (count + kDropoutRows - 1) / kDropoutRows, [&](int task, int) {
    const int row = task * kDropoutRows, rows = count - row < kDropoutRows ? count - row : kDropoutRows;
    const size_t at = static_cast<size_t>(row) * g.stride;
    e.kernels->undrop({g.data + at, mask.data + at, y.out.data + at, y.pre ? y.pre + at : nullptr, g.stride, rows, width,
                       worker.matrices[static_cast<size_t>(op.input)].activation});
  });
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
