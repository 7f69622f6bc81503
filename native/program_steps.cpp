// Training steps of a program. Every operation is a number of pieces that may be computed one after the other, in one call or in
// several: rows, or tasks of an update. The bits are the same: no sum is divided.

#include <string.h>

#include <algorithm>
#include <cmath>

#include "pool.h"
#include "program.h"

namespace mlp {
namespace {

// Rows of an operation that is divided are a multiple of this
constexpr int kRowUnit = 16;
// Copying a gradient for an update takes about as long as so many inputs.
constexpr double kCopyInputs = 8;
// Fewest inputs of a task of an update that is divided, where there are as many: it would mostly copy
constexpr double kLeastInputs = 96;
// The loss of an output takes about as long as so many multiply-adds.
constexpr double kLossWork = 40;

// Dropping an output takes about as long as so many multiply-adds.
constexpr double kDropoutWork = 8;
constexpr int kDropoutRows = 32;
// Mixing an input takes about as long as so many multiply-adds.
constexpr double kMixWork = 8;
constexpr int kMixRows = 16;
// Applying a rule to a parameter, or averaging it, waits for memory about as long as so many multiply-adds take.
constexpr double kApplyWork = 40;
// Limiting the norm of a unit takes about as long as so many multiply-adds for each of its weights.
constexpr double kLimitWork = 8;

constexpr double kEverything = Program::kEverything;

// Calls f(first, count) for the pieces from `next` on until the work is used up; true when all are done.
template <class F>
bool compute_pieces(int& next, int pieces, int unit, double work_per_piece, double& work, const F& f) {
  if (work == kEverything) {
    f(next, pieces - next);
    next = pieces;
    return true;
  }
  while (next < pieces) {
    if (work <= 0) return false;
    const double wanted = std::ceil(work / (work_per_piece * unit)) * unit;
    const int count = wanted < pieces - next ? static_cast<int>(wanted) : pieces - next;
    f(next, count);
    next += count;
    work -= work_per_piece * count;
  }
  return true;
}

// Losses and gradients of the rows from `first` times their weights
void weigh(const float* weights, const int32_t* indices, int first, int count, double* losses, const MatrixView& gradient, int width) {
  for (int r = first; r < first + count; r++) {
    const float w = weights[indices[r]];
    losses[r] *= static_cast<double>(w);
    float* const g = gradient.data ? gradient.data + static_cast<size_t>(r) * gradient.stride : nullptr;
    for (int c = 0; g && c < width; c++) g[c] *= w;
  }
}

}  // namespace

Outcome Program::train(const Engine& all, const Inputs& inputs, const int32_t* indices, int count, const Arenas& arenas,
                       const NetworkRule& rule, double work) {
  const Engine e = with_threads(all, work_per_row_ * count);
  const bool begins = next_.operation == 0 && next_.piece == 0;
  if (!begins && !holds(indices, count, arenas)) return {Outcome::rows_changed, 0, 0};
  rows_ = count;
  while (next_.operation < spec_.code.size()) {
    const Outcome outcome = step(e, all, spec_.code[next_.operation], inputs, indices, count, arenas, rule, work);
    if (outcome.status == Outcome::unfinished) return outcome;
    if (outcome.status != Outcome::done) {
      restart();
      return outcome;
    }
    next_.operation++;
    next_.piece = 0;
  }
  const int correct = next_.correct;
  restart();
  return {Outcome::done, correct, 0};
}

Outcome Program::step(const Engine& e, const Engine& all, const Instruction& op, const Inputs& inputs, const int32_t* indices, int count,
                      const Arenas& arenas, const NetworkRule& rule, double& work) {
  Worker& worker = workers_.front();
  const Outcome done = {Outcome::done, 0, 0}, unfinished = {Outcome::unfinished, 0, 0};
  if (op.code == OpCode::gather) return {gather(e, all, inputs, indices, count, arenas, work), 0, 0};
  if (op.code == OpCode::loss) return step_loss(e, op, indices, count, arenas, work);
  if (op.code == OpCode::dropout || op.code == OpCode::undrop) {
    const double row = kDropoutWork * spec_.matrices[static_cast<size_t>(op.input)];
    const bool whole = compute_pieces(next_.piece, count, kRowUnit, row, work, [&](int first, int rows) {
      if (op.code == OpCode::dropout) dropout(e, worker, op, first, rows, arenas.step);
      else undrop(e, worker, op, first, rows);
    });
    return whole ? done : unfinished;
  }
  if (op.code == OpCode::mix) {
    const double share = arenas.step.mix_share;
    if (next_.piece == 0) {
      next_rows_.clear();
      for (int r = 0; r < count; r++) next_rows_.push_back(indices[r + 1 < count ? r + 1 : 0]);
    }
    const bool whole = compute_pieces(next_.piece, count, kRowUnit, kMixWork * spec_.cols, work, [&](int first, int rows) {
      mix(e, worker, op, first, rows, count, share);
    });
    return whole ? done : unfinished;
  }
  if (op.code == OpCode::apply) return apply(e, arenas, rule, work) ? done : unfinished;
  if (op.code == OpCode::average) return average(e, arenas, work) ? done : unfinished;
  const LayerView view_of_layer = layer(op.layer, arenas.parameters);
  const double weights = static_cast<double>(view_of_layer.shape.K) * view_of_layer.shape.N;
  switch (op.code) {
    case OpCode::forward: {
      const LayerInput in = operand(worker, op.input);
      const Outputs out = outputs_of(worker, op.output);
      const bool whole = compute_pieces(next_.piece, count, kRowUnit, weights * share(op.input), work, [&](int first, int rows) {
        forward(e, in, first, rows, view_of_layer, out);
      });
      return whole ? done : unfinished;
    }
    case OpCode::backward: {
      const MatrixView gradient = view(worker, op.gradient), result = view(worker, op.output);
      const Outputs previous = outputs_of(worker, op.input);
      const Activation activation = worker.matrices[static_cast<size_t>(op.input)].activation;
      const bool whole = compute_pieces(next_.piece, count, kRowUnit, weights, work, [&](int first, int rows) {
        backward(e, gradient, first, rows, view_of_layer, previous, activation, result, scratch_);
      });
      return whole ? done : unfinished;
    }
    case OpCode::limit: {  // one piece: it reads the weights of a layer once, or twice
      next_.updating = true;
      const bool whole = arenas.step.max_norm == 0 || compute_pieces(next_.piece, 1, 1, kLimitWork * weights, work, [&](int, int) {
        limit_norms(e, view_of_layer, arenas.step.max_norm);
      });
      return whole ? done : unfinished;
    }
    default: return weights_of(e, op, count, arenas, rule, work) ? done : unfinished;
  }
}

// An update, or a gradient for `apply`: both are cut alike
bool Program::weights_of(const Engine& e, const Instruction& op, int count, const Arenas& arenas, const NetworkRule& rule, double& work) {
  const bool updates = op.code == OpCode::update;
  const Worker& worker = workers_.front();
  const LayerView view_of_layer = layer(op.layer, arenas.parameters);
  if (updates) next_.updating = true;
  const double per_input = static_cast<double>(count) * std::min(view_of_layer.shape.N, kPanel) * share(op.input);
  if (next_.piece == 0) {  // later parts keep to the tasks of the first
    const double most = std::max(work / e.threads / std::max(per_input, 1.0), kLeastInputs);
    next_.tasks = update_tasks(view_of_layer.shape, e.threads, most < view_of_layer.shape.K ? static_cast<int>(most) : view_of_layer.shape.K);
  }
  const UpdateTasks& tasks = next_.tasks;
  const Slots slots = arenas.slots.at(offsets_[static_cast<size_t>(op.layer)]);
  const LayerInput in = operand(worker, op.input);
  const MatrixView gradient = view(worker, op.gradient);
  float* const into = gradients_.data() + offsets_[static_cast<size_t>(op.layer)];
  return compute_pieces(next_.piece, tasks.count, 1, per_input * (tasks.inputs + kCopyInputs), work, [&](int first, int some) {
    if (updates) update(e, in, gradient, count, view_of_layer, rule.of(op.layer), slots, scratch_, tasks, first, first + some);
    else packed_gradient(e, in, gradient, count, view_of_layer.shape, into, scratch_, tasks, first, first + some);
  });
}

// The global norm (Pascanu et al., 2013) is summed over chunks of fixed length, whoever computes them; it is one piece.
bool Program::apply(const Engine& e, const Arenas& arenas, const NetworkRule& rule, double& work) {
  const int count = static_cast<int>(parts_.size());
  if (work <= 0) return false;
  next_.updating = true;
  if (next_.piece == 0 && arenas.step.clip_norm > 0) {
    parallel(e.threads, count, [&](int i, int) {
      const Part& part = parts_[static_cast<size_t>(i)];
      partial_[static_cast<size_t>(i)] = e.kernels->square_sum(gradients_.data() + part.at, part.n);
    });
    double sum = 0;
    for (const double part : partial_) sum += part;
    const double factor = arenas.step.clip_norm / (std::sqrt(sum) + 1e-6);
    next_.scale = factor < 1 ? static_cast<float>(factor) : 1.0f;
  }
  return compute_pieces(next_.piece, count, 1, kApplyWork * kApplyFloats, work, [&](int first, int some) {
    parallel(e.threads, some, [&](int i, int) {
      const Part& part = parts_[static_cast<size_t>(first + i)];
      const LayerRule& own = rule.of(part.layer);
      e.kernels->apply({arenas.parameters + part.at, gradients_.data() + part.at, part.n, next_.scale, part.biases ? own.biases : own.weights,
                        arenas.slots.at(part.at)});
    });
  });
}

bool Program::average(const Engine& e, const Arenas& arenas, double& work) {
  next_.updating = true;
  const int chunks = static_cast<int>((parameters() + kApplyFloats - 1) / kApplyFloats);
  return compute_pieces(next_.piece, chunks, 1, kApplyWork * kApplyFloats, work, [&](int first, int some) {
    parallel(e.threads, some, [&](int i, int) {
      const size_t at = static_cast<size_t>(first + i) * kApplyFloats;
      e.kernels->average(arenas.parameters + at, chunk_length(parameters(), at), arenas.step.average_share, arenas.average + at);
    });
  });
}

Outcome Program::step_loss(const Engine& e, const Instruction& op, const int32_t* indices, int count, const Arenas& arenas, double& work) {
  const int outputs = spec_.matrices[static_cast<size_t>(op.input)];
  Outcome outcome = {Outcome::done, 0, 0};
  const bool whole = compute_pieces(next_.piece, count, kRowUnit, kLossWork * outputs * (mixes_ ? 2 : 1), work, [&](int first, int rows) {
    if (outcome.status == Outcome::done && !loss_of_rows(e, op, indices, first, rows, count, arenas, outcome.row)) outcome.status = Outcome::bad_label;
  });
  if (outcome.status != Outcome::done) return outcome;
  if (!whole) return {Outcome::unfinished, 0, 0};
  double sum = 0;
  for (int r = 0; r < count; r++) sum += arenas.losses[r];
  if (!std::isfinite(sum)) outcome.status = Outcome::loss_not_finite;
  return outcome;
}

// Losses and gradients of the rows from `first`; false for an invalid label.
bool Program::loss_of_rows(const Engine& e, const Instruction& op, const int32_t* indices, int first, int rows, int count, const Arenas& arenas,
                           int& bad_row) {
  const Worker& worker = workers_.front();
  const int outputs = spec_.matrices[static_cast<size_t>(op.input)];
  const MatrixView gradient = op.gradient == kNone ? MatrixView{nullptr, 0} : view(worker, op.gradient);
  Truth truth;
  if (!gather_truth(worker.truth, indices, first, rows, arenas, truth, bad_row)) return false;
  int correct = loss(e, op.loss, outputs_of(worker, op.input), worker.matrices[static_cast<size_t>(op.input)].activation, first, rows, count,
                     outputs, truth, gradient.data ? &gradient : nullptr, {arenas.losses, arenas.predicted}, arenas.step.smoothing);
  if (arenas.row_weights) weigh(arenas.row_weights, indices, first, rows, arenas.losses, gradient, round16(outputs));
  if (mixes_ && !loss_of_partners(e, op, first, rows, count, arenas, correct, bad_row)) return false;
  next_.correct += correct;
  return true;
}

// Mixes losses and gradients with those against the truth of the row after each, as the rows themselves have been. A row is correct
// where it is for the larger share.
bool Program::loss_of_partners(const Engine& e, const Instruction& op, int first, int rows, int count, const Arenas& arenas, int& correct,
                               int& bad_row) {
  const Worker& worker = workers_.front();
  const PartnerMemory& partner = partners_.front();
  const int outputs = spec_.matrices[static_cast<size_t>(op.input)], width = round16(outputs);
  const MatrixView gradient = op.gradient == kNone ? MatrixView{nullptr, 0} : view(worker, op.gradient);
  const MatrixView other = {gradient.data ? partner.gradient.data() : nullptr, partner.stride};
  Truth truth;
  if (!gather_truth(partner.truth, next_rows_.data(), first, rows, arenas, truth, bad_row)) return false;
  const int others = loss(e, op.loss, outputs_of(worker, op.input), worker.matrices[static_cast<size_t>(op.input)].activation, first, rows,
                          count, outputs, truth, other.data ? &other : nullptr, {partner.losses.data(), nullptr}, arenas.step.smoothing);
  if (arenas.row_weights) weigh(arenas.row_weights, next_rows_.data(), first, rows, partner.losses.data(), other, width);
  const double share = arenas.step.mix_share, rest = 1 - share;
  if (share > 0.5) correct = others;
  for (int r = first; r < first + rows; r++) {
    arenas.losses[r] = rest * arenas.losses[r] + share * partner.losses.data()[r];
    if (!gradient.data) continue;
    float* const g = gradient.data + static_cast<size_t>(r) * gradient.stride;
    e.kernels->mix({g, other.data + static_cast<size_t>(r) * other.stride, g, width, static_cast<float>(rest), static_cast<float>(share)});
  }
  return true;
}

// Programs that take turns on the same rows gather them once: the caller promises that a data set does not change.
bool Program::holds(const int32_t* indices, int count, const Arenas& arenas) const {
  const size_t n = static_cast<size_t>(count), warps = arenas.warper ? n * kWarpValues : 0;
  return n == held_.size() && (n == 0 || memcmp(held_.data(), indices, n * sizeof(int32_t)) == 0) && warps == held_warps_.size() &&
         (warps == 0 || memcmp(held_warps_.data(), arenas.warps, warps * sizeof(int32_t)) == 0);
}

// Resampling a row takes longer than dividing the rows among `all` threads, however small the network. It is one piece.
Outcome::Status Program::gather(const Engine& e, const Engine& all, const Inputs& inputs, const int32_t* indices, int count,
                                const Arenas& arenas, double& work) {
  Batch& batch = workers_.front().batch;
  const int blocks = batch.blocks();
  if (next_.piece == 0) {
    if (is_whole_ && count > 0 && holds(indices, count, arenas)) return Outcome::done;
    is_whole_ = false;
    held_.assign(indices, indices + count);
    held_warps_.assign(arenas.warps, arenas.warps + (arenas.warper ? static_cast<size_t>(count) * kWarpValues : 0));
    if (!arenas.warper) batch.begin(inputs, count);
  }
  bool fits = true;
  if (arenas.warper) {
    while (first_rows_.size() < static_cast<size_t>(count)) first_rows_.push_back(static_cast<int32_t>(first_rows_.size()));
    const Inputs resampled = arenas.warper->batch(inputs, indices, count, arenas.warps, all.threads);
    is_whole_ = batch.gather(resampled, first_rows_.data(), count, true, e.threads);
    return is_whole_ ? Outcome::done : Outcome::data_changed;
  }
  const double row = kGatherWork * spec_.cols;
  if (next_.piece <= count) {
    const bool whole = compute_pieces(next_.piece, count, kRowUnit, row, work, [&](int first, int rows) {
      fits = fits && batch.gather_rows(inputs, indices, first, first + rows, e.threads);
    });
    if (fits && !whole) return Outcome::unfinished;
  }
  if (fits) {
    int block = next_.piece - count;
    const bool whole = compute_pieces(block, blocks, 1, row * count / std::max(blocks, 1), work, [&](int first, int some) {
      batch.gather_groups(inputs, indices, first, first + some, e.threads);
    });
    next_.piece = count + block;
    if (!whole) return Outcome::unfinished;
  }
  if (!fits) {
    held_.clear();
    return Outcome::data_changed;
  }
  is_whole_ = true;
  return Outcome::done;
}

void Program::dropout(const Engine& e, Worker& worker, const Instruction& op, int first, int count, const StepValues& step) const {
  const MatrixView x = view(worker, op.input), mask = view(worker, op.gradient), out = view(worker, op.output);
  const int width = round16(spec_.matrices[static_cast<size_t>(op.input)]);
  const uint32_t threshold = static_cast<uint32_t>(step.dropout_rate * 4294967296.0);
  const float scale = static_cast<float>(1.0 / (1.0 - step.dropout_rate));
  parallel(e.threads, (count + kDropoutRows - 1) / kDropoutRows, [&](int task, int) {
    const int done = task * kDropoutRows, row = first + done, rows = std::min(kDropoutRows, count - done);
    const size_t at = static_cast<size_t>(row) * x.stride;
    e.kernels->dropout({x.data + at, mask.data + at, out.data + at, x.stride, rows, width, op.layer, row, step.dropout_key, threshold, scale});
  });
}

void Program::mix(const Engine& e, const Worker& worker, const Instruction& op, int first, int rows, int count, double share) const {
  const MatrixView out = view(worker, op.output);
  const float* const x = worker.batch.dense();
  const size_t stride = worker.batch.stride();
  const int width = round16(spec_.cols);
  parallel(e.threads, (rows + kMixRows - 1) / kMixRows, [&](int task, int) {
    const int begin = first + task * kMixRows, end = std::min(begin + kMixRows, first + rows);
    for (int r = begin; r < end; r++) {
      const float* const other = x + static_cast<size_t>(r + 1 < count ? r + 1 : 0) * stride;
      e.kernels->mix({x + static_cast<size_t>(r) * stride, other, out.data + static_cast<size_t>(r) * out.stride, width,
                      static_cast<float>(1 - share), static_cast<float>(share)});
    }
  });
}

void Program::undrop(const Engine& e, Worker& worker, const Instruction& op, int first, int count) const {
  const MatrixView g = view(worker, op.gradient), mask = view(worker, op.output);
  const Outputs y = outputs_of(worker, op.input);
  const int width = round16(spec_.matrices[static_cast<size_t>(op.input)]);
  parallel(e.threads, (count + kDropoutRows - 1) / kDropoutRows, [&](int task, int) {
    const int done = task * kDropoutRows, row = first + done, rows = std::min(kDropoutRows, count - done);
    const size_t at = static_cast<size_t>(row) * g.stride;
    e.kernels->undrop({g.data + at, mask.data + at, y.out.data + at, y.pre ? y.pre + at : nullptr, g.stride, rows, width,
                       worker.matrices[static_cast<size_t>(op.input)].activation});
  });
}

}  // namespace mlp
