#pragma once
// Networks, data sets and answers for tests of programs; a program of each kind; training by programs and, for comparison, by
// single operations.

#include <algorithm>
#include <memory>

#include "cases.h"
#include "program.h"

namespace mlp {
namespace test {

constexpr LossKind kSoftmax = LossKind::softmax_cross_entropy, kSquared = LossKind::mean_squared_error,
                   kBinary = LossKind::binary_cross_entropy;

struct Layer {
  Matrix w;
  std::vector<float> b;
  Activation activation;

  Layout shape() const { return {w.rows, w.cols}; }
};

struct Network {
  int cols;
  std::vector<int> widths;
  std::vector<Layer> layers;

  Network(Random& random, int inputs, const std::vector<int>& outputs, Activation hidden) : cols(inputs), widths(outputs) {
    for (const int N : outputs) {
      layers.push_back(
          {random_matrix(random, inputs, N), random_vector(random, N), &N == &outputs.back() ? Activation::identity : hidden});
      for (float& w : layers.back().w.values) w = w * 0x1p-2f;
      inputs = N;
    }
  }
  int count() const { return static_cast<int>(layers.size()); }
  int outputs() const { return widths.back(); }
  Matrix outputs(Matrix x) const {
    for (const Layer& l : layers) x = reference::activate(l.activation, reference::forward(x, l.w, l.b));
    return x;
  }
  size_t floats() const {
    size_t sum = 0;
    for (const Layer& l : layers) sum += l.shape().floats();
    return sum;
  }
  // All layers, one after the other
  void pack_into(float* at) const {
    for (const Layer& l : layers) {
      pack(l.shape(), l.w.values.data(), l.b.data(), at);
      at += l.shape().floats();
    }
  }
};

inline Instruction gather() { return {OpCode::gather, 0, kNone, kNone, kNone, kSoftmax}; }
inline Instruction forward(int layer, int input, int output) { return {OpCode::forward, layer, input, kNone, output, kSoftmax}; }
inline Instruction loss(LossKind kind, int input, int gradient) { return {OpCode::loss, 0, input, gradient, kNone, kind}; }
inline Instruction backward(int layer, int gradient, int input, int output) {
  return {OpCode::backward, layer, input, gradient, output, kSoftmax};
}
inline Instruction mix(int output) { return {OpCode::mix, 0, kNone, kNone, output, kSoftmax}; }
inline Instruction update(int layer, int input, int gradient) { return {OpCode::update, layer, input, gradient, kNone, kSoftmax}; }

// A data set as bytes and as the floats they mean, with labels and targets
struct Set {
  int rows, cols;
  std::vector<uint8_t> bytes;
  std::vector<float> table, floats;

  Set(Random& random, int r, int c) : rows(r), cols(c), table(random_vector(random, 256)) {
    table[0] = 0;
    for (int i = 0; i < r * c; i++) bytes.push_back(static_cast<uint8_t>(random.below(4) ? 0 : random.below(256)));
    for (const uint8_t b : bytes) floats.push_back(table[b]);
  }
  Inputs inputs(InputKind kind) const {
    if (kind == InputKind::bytes) return {bytes.data(), table.data(), nullptr, rows, cols};
    return {nullptr, nullptr, floats.data(), rows, cols};
  }
  Matrix chosen(const std::vector<int32_t>& indices) const {
    Matrix x(static_cast<int>(indices.size()), cols);
    for (int r = 0; r < x.rows; r++) {
      std::copy_n(floats.begin() + static_cast<long>(indices[static_cast<size_t>(r)]) * cols, cols, x[r]);
    }
    return x;
  }
};

struct Form {
  InputKind kind;
  bool sparse;
};
constexpr Form kForms[] = {{InputKind::bytes, true}, {InputKind::bytes, false}, {InputKind::floats, true}, {InputKind::floats, false}};

inline ProgramSpec empty_spec(const Network& net, const Inputs& in, bool sparse, int capacity) {
  ProgramSpec spec = {net.cols, in.bytes ? InputKind::bytes : InputKind::floats, sparse, measure(in).longest_row, capacity, {}, {}, {}};
  for (const Layer& l : net.layers) spec.layers.push_back({l.shape(), l.activation});
  return spec;
}

// Matrix l: outputs of layer l
inline ProgramSpec forward_program(const Network& net, LossKind kind, const Inputs& in, bool sparse, int capacity) {
  ProgramSpec spec = empty_spec(net, in, sparse, capacity);
  spec.matrices = net.widths;
  spec.code = {gather()};
  for (int l = 0; l < net.count(); l++) spec.code.push_back(forward(l, l ? l - 1 : kBatch, l));
  spec.code.push_back(loss(kind, net.count() - 1, kNone));
  return spec;
}

// Matrix L + l: gradient of the pre-activations of layer l
inline ProgramSpec training_program(const Network& net, LossKind kind, const Inputs& in, bool sparse, int capacity) {
  const int L = net.count();
  ProgramSpec spec = forward_program(net, kind, in, sparse, capacity);
  spec.matrices.insert(spec.matrices.end(), net.widths.begin(), net.widths.end());
  spec.code.back() = loss(kind, L - 1, 2 * L - 1);
  for (int l = L - 1; l >= 0; l--) {
    if (l > 0) spec.code.push_back(backward(l, L + l, l - 1, L + l - 1));
    spec.code.push_back(update(l, l ? l - 1 : kBatch, L + l));
  }
  return spec;
}

// What rows of a set should come to, by a loss
struct Answers {
  LossKind kind;
  std::vector<int32_t> labels;
  Matrix targets;

  Answers(Random& random, LossKind loss_kind, int rows, int outputs) : kind(loss_kind), targets(rows, outputs) {
    for (int r = 0; r < rows; r++) labels.push_back(random.below(label_classes(kind, outputs)));
    for (float& t : targets.values) t = random.below(2) ? std::abs(random.uniform()) : static_cast<float>(random.below(2));
  }
  bool by_label() const { return takes_labels(kind, targets.cols); }
  const int32_t* label_data() const { return by_label() ? labels.data() : nullptr; }
  const float* target_data() const { return by_label() ? nullptr : targets.values.data(); }

  std::vector<int32_t> labels_of(const std::vector<int32_t>& indices) const {
    std::vector<int32_t> some;
    for (const int32_t i : indices) some.push_back(labels[static_cast<size_t>(i)]);
    return some;
  }
  Matrix targets_of(const std::vector<int32_t>& indices) const {
    Matrix some(static_cast<int>(indices.size()), targets.cols);
    for (int r = 0; r < some.rows; r++) std::copy_n(targets[indices[static_cast<size_t>(r)]], targets.cols, some[r]);
    return some;
  }
  reference::Classified of(const Matrix& outputs, const std::vector<int32_t>& indices) const {
    if (kind == kSoftmax) return reference::softmax_cross_entropy(outputs, labels_of(indices));
    if (kind == kSquared) {
      reference::Classified result;
      result.losses = reference::mean_squared_error(outputs, targets_of(indices)).losses;
      return result;
    }
    Matrix wanted = targets_of(indices);
    if (by_label()) {
      const std::vector<int32_t> some = labels_of(indices);
      for (size_t i = 0; i < some.size(); i++) wanted.values[i] = static_cast<float>(some[i]);
    }
    return reference::binary_cross_entropy(outputs, wanted);
  }
};

inline std::vector<int32_t> random_rows(Random& random, int count, int rows) {
  std::vector<int32_t> indices;
  for (int i = 0; i < count; i++) indices.push_back(random.below(rows));
  return indices;
}

// Results between guard bands
struct Results {
  Guarded<double> losses;
  Guarded<int32_t> predicted;
  Guarded<float> outputs;

  Results(size_t count, size_t C) : losses(count, -1), predicted(count, -1), outputs(count * C, kNan) {}
  bool intact() const { return losses.intact() && predicted.intact() && outputs.intact(); }
};

inline Outcome run(const Setting& s, Program& program, const Inputs& in, const std::vector<int32_t>& indices, const Arenas& arenas,
            const NetworkRule& rule = {}) {
  return program.run(s.engine, in, indices.data(), static_cast<int>(indices.size()), arenas, rule);
}

// Parameters and slots of a training, and what its steps came to
struct Training {
  size_t floats, slot_count;
  Guarded<float> parameters, slots;
  std::vector<double> losses;
  std::vector<int> correct;

  Training(const Network& net, RuleKind kind, const Setting& s)
      : floats(net.floats()),
        slot_count(kind == RuleKind::sgd ? 0 : kind == RuleKind::adam ? 2 : 1),
        parameters(floats, kNan, s.shift),
        slots(slot_count * floats, 0, s.shift) {
    net.pack_into(parameters.data());
  }
  Slots slot_view() { return {slot_count ? slots.data() : nullptr, floats}; }
  uint64_t hash() const {
    Hash h;
    h.add(parameters.data(), parameters.size() * sizeof(float));
    h.add(slots.data(), slots.size() * sizeof(float));
    h.add(losses.data(), losses.size() * sizeof(double));
    h.add(correct.data(), correct.size() * sizeof(int));
    return h.value();
  }
  bool intact() const { return parameters.intact() && slots.intact(); }
};

using Steps = std::vector<std::vector<int32_t>>;

// A step as one run. Returns its status.
inline Outcome run_step(const Setting& s, Program& program, const Inputs& in, const Answers& answers, const Optimizer& optimizer, int t,
                 const std::vector<int32_t>& indices, Training& training) {
  Guarded<double> losses(indices.size(), -1);
  const Outcome outcome = run(s, program, in, indices,
                              {training.parameters.data(), training.slot_view(), answers.label_data(), answers.target_data(),
                               losses.data(), nullptr, nullptr},
                              optimizer.rules(t));
  training.losses.insert(training.losses.end(), losses.data(), losses.data() + indices.size());
  training.correct.push_back(outcome.correct);
  CHECK(losses.intact() && training.intact(), "%s", describe(s, "guard bands of step %d", t));
  return outcome;
}

inline uint64_t train_program(const Setting& s, const Network& net, const Inputs& in, bool sparse, const Answers& answers,
                       const Optimizer& optimizer, const Steps& steps, int capacity) {
  Program program(s.engine, training_program(net, answers.kind, in, sparse, capacity));
  Training training(net, optimizer.kind, s);
  for (size_t i = 0; i < steps.size(); i++) {
    const Outcome outcome = run_step(s, program, in, answers, optimizer, static_cast<int>(i) + 1, steps[i], training);
    CHECK(outcome.status == Outcome::done, "%s", describe(s, "step %zu", i));
    CHECK(program.first_layer_not_finite() == -1, "%s", describe(s, "step %zu", i));
  }
  return training.hash();
}

// The same by one operation after the other, each step in memory of its own
inline void step_by_operations(const Setting& s, const Network& net, const Inputs& in, bool sparse, const Answers& answers,
                        const Optimizer& optimizer, int t, const std::vector<int32_t>& indices, Training& training) {
  const int rows = static_cast<int>(indices.size());
  Batch batch(*s.engine.kernels, std::max(rows, 1), net.cols, in.bytes ? InputKind::bytes : InputKind::floats, sparse,
              measure(in).longest_row);
  CHECK(batch.gather(in, indices.data(), rows, true, s.engine.threads), "%s", describe(s, "gather"));
  Scratch scratch;
  std::vector<std::unique_ptr<Padded>> y, pre, g;
  std::vector<LayerView> views;
  std::vector<Slots> slots;
  size_t at = 0;
  for (const Layer& l : net.layers) {
    for (auto* list : {&y, &pre, &g}) list->emplace_back(new Padded(rows, l.w.cols, s));
    views.push_back({l.shape(), l.activation, training.parameters.data() + at});
    slots.push_back(training.slot_view().at(at));
    at += l.shape().floats();
  }
  const size_t last = views.size() - 1;
  const auto input = [&](size_t l) { return l == 0 ? LayerInput{&batch, nullptr, 0} : y[l - 1]->input(); };
  const auto outputs = [&](size_t l) { return Outputs{y[l]->view(), views[l].activation == Activation::gelu ? pre[l]->view().data : nullptr}; };
  for (size_t l = 0; l <= last; l++) mlp::forward(s.engine, input(l), rows, views[l], outputs(l));
  const std::vector<int32_t> labels = answers.labels_of(indices);
  const Matrix targets = answers.targets_of(indices);
  std::vector<double> losses(indices.size());
  const MatrixView gradient = g[last]->view();
  training.correct.push_back(mlp::loss(s.engine, answers.kind, outputs(last), views[last].activation, rows, net.outputs(),
                                       {answers.by_label() ? labels.data() : nullptr, answers.by_label() ? nullptr : targets.values.data()},
                                       &gradient, {losses.data(), nullptr}));
  training.losses.insert(training.losses.end(), losses.begin(), losses.end());
  for (size_t l = last + 1; l-- > 0;) {
    if (l > 0) {
      mlp::backward(s.engine, g[l]->view(), rows, views[l], outputs(l - 1), views[l - 1].activation, g[l - 1]->view(), scratch);
    }
    mlp::update(s.engine, input(l), g[l]->view(), rows, views[l], optimizer.rules(t), slots[l], scratch);
  }
}

inline uint64_t train_operations(const Setting& s, const Network& net, const Inputs& in, bool sparse, const Answers& answers,
                          const Optimizer& optimizer, const Steps& steps) {
  Training training(net, optimizer.kind, s);
  for (size_t i = 0; i < steps.size(); i++) {
    step_by_operations(s, net, in, sparse, answers, optimizer, static_cast<int>(i) + 1, steps[i], training);
  }
  return training.hash();
}

inline Optimizer optimizer_of(RuleKind kind) { return {kind, 0.01f, 1e-3f, 0, 0.1f}; }

// Rows A twice, then B, then A again, some of A, none, one, and another A of the same length: what the program still holds of
// the run before must be what the rows ask for.
inline Steps some_steps(Random& random, int capacity, int rows) {
  const std::vector<int32_t> a = random_rows(random, capacity, rows), b = random_rows(random, capacity / 2 + 1, rows);
  std::vector<int32_t> changed = a, some(a.begin(), a.begin() + capacity / 2);
  changed.back() = (changed.back() + 1) % rows;
  return {a, a, b, a, some, {}, {a[0]}, {}, a, changed, a};
}

}  // namespace test
}  // namespace mlp
