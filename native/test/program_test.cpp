// Programs: forward passes over many rows have the bits of the reference, training steps those of the single operations, and
// a program that cannot be run safely is refused.

#include "program.h"

#include <algorithm>
#include <memory>

#include "cases.h"

namespace mlp {
namespace test {
namespace {

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

Instruction gather() { return {OpCode::gather, 0, kNone, kNone, kNone, kSoftmax}; }
Instruction forward(int layer, int input, int output) { return {OpCode::forward, layer, input, kNone, output, kSoftmax}; }
Instruction loss(LossKind kind, int input, int gradient) { return {OpCode::loss, 0, input, gradient, kNone, kind}; }
Instruction backward(int layer, int gradient, int input, int output) {
  return {OpCode::backward, layer, input, gradient, output, kSoftmax};
}
Instruction update(int layer, int input, int gradient) { return {OpCode::update, layer, input, gradient, kNone, kSoftmax}; }

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

ProgramSpec empty_spec(const Network& net, const Inputs& in, bool sparse, int capacity) {
  ProgramSpec spec = {net.cols, in.bytes ? InputKind::bytes : InputKind::floats, sparse, measure(in).longest_row, capacity, {}, {}, {}};
  for (const Layer& l : net.layers) spec.layers.push_back({l.shape(), l.activation});
  return spec;
}

// Matrix l: outputs of layer l
ProgramSpec forward_program(const Network& net, LossKind kind, const Inputs& in, bool sparse, int capacity) {
  ProgramSpec spec = empty_spec(net, in, sparse, capacity);
  spec.matrices = net.widths;
  spec.code = {gather()};
  for (int l = 0; l < net.count(); l++) spec.code.push_back(forward(l, l ? l - 1 : kBatch, l));
  spec.code.push_back(loss(kind, net.count() - 1, kNone));
  return spec;
}

// Matrix L + l: gradient of the pre-activations of layer l
ProgramSpec training_program(const Network& net, LossKind kind, const Inputs& in, bool sparse, int capacity) {
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

std::vector<int32_t> random_rows(Random& random, int count, int rows) {
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

Outcome run(const Setting& s, Program& program, const Inputs& in, const std::vector<int32_t>& indices, const Arenas& arenas,
            const LayerRule& rule = {}) {
  return program.run(s.engine, in, indices.data(), static_cast<int>(indices.size()), arenas, rule);
}

void expect_evaluation(const Setting& s, const Network& net, const Inputs& in, bool sparse, const std::vector<int32_t>& indices,
                       const Answers& answers, const Matrix& outputs, const reference::Classified& wanted) {
  const size_t count = indices.size(), C = static_cast<size_t>(net.outputs());
  const char* what = describe(s, "evaluation, loss %d, bytes %d, sparse %d, %zu layers, C=%zu, %zu rows",
                              static_cast<int>(answers.kind), in.bytes != nullptr, sparse, net.widths.size(), C, count);
  // one made for another number of threads does as well
  const Engine other = {s.engine.kernels, 4 - s.engine.threads};
  Program program(count % 2 ? s.engine : other, forward_program(net, answers.kind, in, sparse, std::max<int>(1, static_cast<int>(count))));
  Guarded<float> parameters(net.floats(), kNan, s.shift);
  net.pack_into(parameters.data());
  Results all(count, C), bare(count, C);
  const bool classifies = answers.kind != kSquared;
  const Outcome outcome = run(s, program, in, indices,
                              {parameters.data(), {}, answers.label_data(), answers.target_data(), all.losses.data(),
                               classifies ? all.predicted.data() : nullptr, all.outputs.data()});
  CHECK(outcome.status == Outcome::done && outcome.correct == wanted.correct, "%s: %d correct, not %d", what, outcome.correct,
        wanted.correct);
  CHECK(same_bits(all.outputs.data(), outputs.values.data(), count * C), "%s: outputs", what);
  CHECK(same_bits(all.losses.data(), wanted.losses.data(), count), "%s: losses", what);
  if (classifies) CHECK(same_bits(all.predicted.data(), wanted.predicted.data(), count), "%s: predictions", what);
  const Outcome again = run(s, program, in, indices,
                            {parameters.data(), {}, nullptr, nullptr, nullptr, bare.predicted.data(), bare.outputs.data()});
  CHECK(again.status == Outcome::done, "%s: without answers", what);
  CHECK(same_bits(bare.outputs.data(), outputs.values.data(), count * C), "%s: outputs alone", what);
  if (classifies) CHECK(same_bits(bare.predicted.data(), wanted.predicted.data(), count), "%s: predictions alone", what);
  CHECK(all.intact() && bare.intact() && parameters.intact(), "%s: guard bands", what);
}

void evaluations() {
  Random random(1);
  const Set set(random, 90, 100);
  struct Shape {
    std::vector<int> widths;
    LossKind kind;
  };
  const std::vector<Shape> shapes = {{{10}, kSoftmax},           {{1}, kSoftmax},          {{17}, kSquared},
                                     {{65, 10}, kSoftmax},       {{130, 33, 17}, kBinary}, {{5, 20, 3}, kSquared},
                                     {{128, 64, 64, 15}, kBinary}, {{33, 1}, kBinary},     {{64, 64, 64, 15}, kSoftmax}};
  for (const Shape& shape : shapes) {
    const Network net(random, set.cols, shape.widths, shape.widths.size() % 2 ? Activation::leaky_relu : Activation::relu);
    const Answers answers(random, shape.kind, set.rows, net.outputs());
    for (const int count : {0, 1, 255, 256, 257, 600}) {
      if (quick() && count % 2 == 0) continue;
      const std::vector<int32_t> indices = random_rows(random, count, set.rows);
      const Matrix outputs = net.outputs(set.chosen(indices));
      const reference::Classified wanted = answers.of(outputs, indices);
      for (const Setting& s : settings()) {
        for (const Form& form : kForms) {
          if (form.sparse && !takes_sparse(net.widths.front())) continue;
          expect_evaluation(s, net, set.inputs(form.kind), form.sparse, indices, answers, outputs, wanted);
        }
      }
    }
  }
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
Outcome run_step(const Setting& s, Program& program, const Inputs& in, const Answers& answers, const Optimizer& optimizer, int t,
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

uint64_t train_program(const Setting& s, const Network& net, const Inputs& in, bool sparse, const Answers& answers,
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
void step_by_operations(const Setting& s, const Network& net, const Inputs& in, bool sparse, const Answers& answers,
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

uint64_t train_operations(const Setting& s, const Network& net, const Inputs& in, bool sparse, const Answers& answers,
                          const Optimizer& optimizer, const Steps& steps) {
  Training training(net, optimizer.kind, s);
  for (size_t i = 0; i < steps.size(); i++) {
    step_by_operations(s, net, in, sparse, answers, optimizer, static_cast<int>(i) + 1, steps[i], training);
  }
  return training.hash();
}

Optimizer optimizer_of(RuleKind kind) { return {kind, 0.01f, 1e-3f, 0, 0.1f}; }

// Rows A twice, then B, then A again, some of A, none, one, and another A of the same length: what the program still holds of
// the run before must be what the rows ask for.
Steps some_steps(Random& random, int capacity, int rows) {
  const std::vector<int32_t> a = random_rows(random, capacity, rows), b = random_rows(random, capacity / 2 + 1, rows);
  std::vector<int32_t> changed = a, some(a.begin(), a.begin() + capacity / 2);
  changed.back() = (changed.back() + 1) % rows;
  return {a, a, b, a, some, {}, {a[0]}, {}, a, changed, a};
}

void trainings() {
  Random random(2);
  const Set set(random, 80, 100);
  struct Shape {
    std::vector<int> widths;
    LossKind kind;
    Activation hidden;
    int capacity;
  };
  const std::vector<Shape> shapes = {{{65, 48, 10}, kSoftmax, Activation::gelu, 70}, {{130, 16, 17}, kSquared, Activation::tanh, 33},
                                     {{33, 5, 1}, kBinary, Activation::leaky_relu, 40},  {{10}, kSoftmax, Activation::identity, 9},
                                     {{64, 20, 33}, kBinary, Activation::sigmoid, 65},  {{9, 65, 3}, kSquared, Activation::relu, 1}};
  int turn = 0;
  for (const Shape& shape : shapes) {
    const Network net(random, set.cols, shape.widths, shape.hidden);
    const Answers answers(random, shape.kind, set.rows, net.outputs());
    const Steps steps = some_steps(random, shape.capacity, set.rows);
    for (const RuleKind rule : kAllRules) {
      const Optimizer optimizer = optimizer_of(rule);
      const uint64_t wanted = train_operations(settings()[0], net, set.inputs(InputKind::floats), false, answers, optimizer, steps);
      for (const Setting& s : settings()) {
        for (const Form& form : kForms) {
          if (form.sparse && !takes_sparse(net.widths.front())) continue;
          if (quick() && ++turn % 3) continue;
          const char* what = describe(s, "training of %zu layers, loss %d, rule %d, bytes %d, sparse %d", shape.widths.size(),
                                      static_cast<int>(shape.kind), static_cast<int>(rule), form.kind == InputKind::bytes, form.sparse);
          const Inputs in = set.inputs(form.kind);
          CHECK(train_operations(s, net, in, form.sparse, answers, optimizer, steps) == wanted, "%s: single operations", what);
          CHECK(train_program(s, net, in, form.sparse, answers, optimizer, steps, shape.capacity) == wanted, "%s", what);
        }
      }
    }
  }
}

// Layers so large that the program uses all the threads it may
void many_threads() {
  Random random(3);
  const Set set(random, 300, 200);
  const Network net(random, set.cols, {200, 130, 10}, Activation::relu);
  const Answers answers(random, kSoftmax, set.rows, net.outputs());
  const Steps steps = {random_rows(random, 256, set.rows), random_rows(random, 200, set.rows)};
  const Optimizer optimizer = optimizer_of(RuleKind::adam);
  const uint64_t wanted = train_operations(settings()[0], net, set.inputs(InputKind::bytes), true, answers, optimizer, steps);
  for (const Setting& s : settings()) {
    for (const Form& form : kForms) {
      CHECK(train_program(s, net, set.inputs(form.kind), form.sparse, answers, optimizer, steps, 256) == wanted, "%s",
            describe(s, "large training, bytes %d, sparse %d", form.kind == InputKind::bytes, form.sparse));
    }
  }
}

// A run on data that have changed reports it and updates nothing; the next run gathers its rows anew.
void changed_data() {
  Random random(4);
  const int rows = 300, cols = 50;
  Set set(random, 1, 1);
  set.rows = rows, set.cols = cols;
  set.floats.assign(static_cast<size_t>(rows) * cols, 0);
  for (int r = 0; r < rows; r++) set.floats[static_cast<size_t>(r) * cols] = random.uniform() + 2;
  const Inputs in = set.inputs(InputKind::floats);
  const Network net(random, cols, {20, 10}, Activation::relu);
  const Answers answers(random, kSoftmax, rows, 10);
  std::vector<int32_t> a, b, bad;
  for (int r = 0; r < rows; r++) {
    bad.push_back(r);
    if (r < 270) a.push_back(269 - r), b.push_back(r);
  }
  float& extra = set.floats[280 * cols + 9];
  for (const Setting& s : settings()) {
    Program evaluation(s.engine, forward_program(net, kSoftmax, in, true, rows));
    Guarded<float> parameters(net.floats(), kNan);
    net.pack_into(parameters.data());
    Results results(rows, 10);
    const Arenas to = {parameters.data(), {}, answers.labels.data(), nullptr, results.losses.data(), results.predicted.data(),
                       results.outputs.data()};
    CHECK(run(s, evaluation, in, bad, to).status == Outcome::done, "%s", describe(s, "as measured"));
    extra = 1;
    CHECK(run(s, evaluation, in, bad, to).status == Outcome::data_changed, "%s", describe(s, "a row has grown"));
    CHECK(results.intact(), "%s", describe(s, "guard bands"));
    extra = 0;

    const Optimizer optimizer = optimizer_of(RuleKind::momentum);
    Program program(s.engine, training_program(net, kSoftmax, in, true, rows));
    Training training(net, optimizer.kind, s), wanted(net, optimizer.kind, s);
    const auto step = [&](int t, const std::vector<int32_t>& indices) {
      CHECK(run_step(s, program, in, answers, optimizer, t, indices, training).status == Outcome::done, "%s", describe(s, "step %d", t));
      step_by_operations(s, net, in, true, answers, optimizer, t, indices, wanted);
      CHECK(training.hash() == wanted.hash(), "%s", describe(s, "step %d around a failed one", t));
    };
    step(1, a);
    extra = 1;
    Training before(net, optimizer.kind, s);
    std::copy_n(training.parameters.data(), training.floats, before.parameters.data());
    std::copy_n(training.slots.data(), training.floats, before.slots.data());
    for (int twice = 0; twice < 2; twice++) {  // rows that could not be gathered are not held
      Guarded<double> losses(bad.size(), -1);
      const Outcome outcome = run(s, program, in, bad,
                                  {training.parameters.data(), training.slot_view(), answers.labels.data(), nullptr, losses.data(),
                                   nullptr, nullptr},
                                  optimizer.rules(2));
      CHECK(outcome.status == Outcome::data_changed, "%s", describe(s, "a row has grown"));
      CHECK(same_bits(training.parameters.data(), before.parameters.data(), training.floats) &&
                same_bits(training.slots.data(), before.slots.data(), training.floats),
            "%s", describe(s, "updated from a failed run"));
    }
    step(2, a);
    extra = 0;
    step(3, bad);
    step(4, b);
    step(5, a);
  }
}

// A label that is no class is reported with its row; nothing is updated.
void labels_out_of_range() {
  Random random(5);
  const Set set(random, 40, 30);
  for (const LossKind kind : {kSoftmax, kBinary}) {
    const Network net(random, set.cols, {16, kind == kBinary ? 1 : 7}, Activation::relu);
    const std::vector<int32_t> indices = {3, 1, 39, 17, 4, 17};
    const int classes = label_classes(kind, net.outputs());
    for (const int32_t wrong : {-1, classes, 1000000, -2147483647 - 1}) {
      Answers answers(random, kind, set.rows, net.outputs());
      answers.labels[17] = wrong;
      for (const Setting& s : settings()) {
        const Inputs in = set.inputs(InputKind::bytes);
        const char* what = describe(s, "label %d of loss %d", wrong, static_cast<int>(kind));
        Program program(s.engine, training_program(net, kind, in, true, 6));
        Training training(net, RuleKind::adam, s), untouched(net, RuleKind::adam, s);
        const Outcome outcome = run_step(s, program, in, answers, optimizer_of(RuleKind::adam), 1, indices, training);
        CHECK(outcome.status == Outcome::bad_label && outcome.row == 17, "%s: status %d, row %d", what, outcome.status, outcome.row);
        training.losses.clear();
        training.correct.clear();
        CHECK(training.hash() == untouched.hash(), "%s: updated", what);
        answers.labels[17] = classes - 1;
        CHECK(run_step(s, program, in, answers, optimizer_of(RuleKind::adam), 1, indices, training).status == Outcome::done, "%s", what);
        answers.labels[17] = wrong;

        Program evaluation(s.engine, forward_program(net, kind, in, true, 6));
        Results results(indices.size(), 1);
        const Outcome evaluated = run(s, evaluation, in, indices,
                                      {training.parameters.data(), {}, answers.labels.data(), nullptr, results.losses.data(), nullptr, nullptr});
        CHECK(evaluated.status == Outcome::bad_label && evaluated.row == 17, "%s: evaluation, status %d, row %d", what,
              evaluated.status, evaluated.row);
        CHECK(results.intact(), "%s: guard bands", what);
      }
    }
  }
}

// A loss that is not finite updates nothing, and the first layer at fault is named.
void not_finite() {
  Random random(6);
  const Set set(random, 40, 30);
  const Inputs in = set.inputs(InputKind::floats);
  const std::vector<int32_t> indices = random_rows(random, 20, set.rows);
  for (const LossKind kind : {kSoftmax, kSquared, kBinary}) {
    for (const float bad : {kNan, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
      for (int layer = 0; layer < 3; layer++) {
        Network net(random, set.cols, {17, 20, 4}, Activation::identity);
        const Answers answers(random, kind, set.rows, net.outputs());
        net.layers[static_cast<size_t>(layer)].b[1] = bad;
        for (const Setting& s : settings()) {
          const char* what = describe(s, "loss %d, layer %d, bias %g", static_cast<int>(kind), layer, bad);
          Program program(s.engine, training_program(net, kind, in, true, 20));
          Training training(net, RuleKind::nesterov, s), untouched(net, RuleKind::nesterov, s);
          const Outcome outcome = run_step(s, program, in, answers, optimizer_of(RuleKind::nesterov), 1, indices, training);
          CHECK(outcome.status == Outcome::loss_not_finite, "%s: status %d", what, outcome.status);
          CHECK(program.first_layer_not_finite() == layer, "%s: layer %d is named", what, program.first_layer_not_finite());
          CHECK(same_bits(training.parameters.data(), untouched.parameters.data(), training.floats) &&
                    same_bits(training.slots.data(), untouched.slots.data(), training.slots.size()),
                "%s: updated", what);
        }
      }
    }
  }
}

// Every way in which a program may ask for memory that is not there
void malformed() {
  Random random(7);
  const Set set(random, 10, 30);
  const Network net(random, set.cols, {20, 12, 3}, Activation::relu);
  const Inputs in = set.inputs(InputKind::floats);
  const ProgramSpec good = training_program(net, kSoftmax, in, true, 5), forward_only = forward_program(net, kSoftmax, in, true, 5);
  CHECK(problem_of(good).empty(), "%s", problem_of(good).c_str());
  CHECK(problem_of(forward_only).empty(), "%s", problem_of(forward_only).c_str());

  int made = 0;
  const auto refuses = [&](const char* what, ProgramSpec spec, size_t operation) {
    const std::string problem = problem_of(spec), where = "operation " + std::to_string(operation) + ":";
    CHECK(problem.compare(0, where.size(), where) == 0, "%s: '%s', expected one at %s", what, problem.c_str(), where.c_str());
    made++;
  };
  const auto replaced = [&](size_t at, const Instruction& op) {
    ProgramSpec spec = good;
    spec.code[at] = op;
    return spec;
  };
  const auto inserted = [&](size_t at, const Instruction& op) {
    ProgramSpec spec = good;
    spec.code.insert(spec.code.begin() + static_cast<long>(at), op);
    return spec;
  };
  // good: 0 gather, 1-3 forward, 4 loss, 5 backward 2, 6 update 2, 7 backward 1, 8 update 1, 9 update 0; matrices 20 12 3 20 12 3
  for (const int wrong : {-1000, -5, -2, 6, 1000, 2147483647, -2147483647 - 1}) {
    const int layer = wrong == 6 ? 3 : wrong, matrix = wrong;
    refuses("forward of no layer", replaced(1, forward(layer, kBatch, 0)), 1);
    refuses("forward of no matrix", replaced(2, forward(1, matrix, 1)), 2);
    refuses("forward into no matrix", replaced(2, forward(1, 0, matrix)), 2);
    refuses("loss of no matrix", replaced(4, loss(kSoftmax, matrix, 5)), 4);
    if (wrong != kNone) refuses("loss into no matrix", replaced(4, loss(kSoftmax, 2, matrix)), 4);
    refuses("backward of no layer", replaced(5, backward(layer, 5, 1, 4)), 5);
    refuses("backward of no gradient", replaced(5, backward(2, matrix, 1, 4)), 5);
    refuses("backward past no matrix", replaced(5, backward(2, 5, matrix, 4)), 5);
    refuses("backward into no matrix", replaced(5, backward(2, 5, 1, matrix)), 5);
    refuses("update of no layer", replaced(6, update(layer, 1, 5)), 6);
    refuses("update from no matrix", replaced(6, update(2, matrix, 5)), 6);
    refuses("update by no gradient", replaced(6, update(2, 1, matrix)), 6);
  }
  refuses("forward into the batch", replaced(1, forward(0, kBatch, kBatch)), 1);
  refuses("loss of the batch", replaced(4, loss(kSoftmax, kBatch, 5)), 4);
  refuses("loss into the batch", replaced(4, loss(kSoftmax, 2, kBatch)), 4);
  refuses("backward of the batch", replaced(5, backward(2, kBatch, 1, 4)), 5);
  refuses("backward past the batch", replaced(5, backward(2, 5, kBatch, 4)), 5);
  refuses("backward into the batch", replaced(5, backward(2, 5, 1, kBatch)), 5);
  refuses("update by the batch", replaced(6, update(2, 1, kBatch)), 6);

  refuses("wrong columns of an input", replaced(2, forward(1, kBatch, 1)), 2);
  refuses("wrong columns of an output", replaced(1, forward(0, kBatch, 1)), 1);
  refuses("wrong columns of a loss gradient", replaced(4, loss(kSoftmax, 2, 4)), 4);
  refuses("wrong columns of a gradient", replaced(5, backward(1, 5, 1, 4)), 5);
  refuses("wrong columns of what is passed back", replaced(5, backward(2, 5, 0, 4)), 5);
  refuses("wrong columns of a gradient passed back", replaced(5, backward(2, 5, 1, 3)), 5);
  refuses("wrong columns of an updated input", replaced(6, update(2, 0, 5)), 6);
  refuses("wrong columns of an updating gradient", replaced(6, update(2, 1, 4)), 6);

  refuses("an input never written", replaced(2, forward(1, 3, 1)), 2);
  refuses("a loss of what was never written", replaced(4, loss(kSoftmax, 5, 2)), 4);
  refuses("a gradient never written", replaced(7, backward(2, 5, 4, 1)), 9);  // the last update wants matrix 3
  refuses("a gradient written later", replaced(5, update(1, 0, 4)), 5);
  {
    ProgramSpec spec = good;
    spec.matrices.push_back(3);
    spec.code[6] = update(2, 1, 6);
    refuses("an updating gradient never written", spec, 6);
    spec = good;
    spec.matrices.push_back(12);
    spec.code[5] = backward(2, 5, 6, 4);
    refuses("passing back what was never written", spec, 5);
    spec = good;
    spec.layers.push_back({{20, 20}, Activation::relu});
    spec.code.insert(spec.code.begin() + 2, forward(3, 0, 0));
    refuses("forward into its own input", spec, 2);
    spec = good;
    spec.layers.push_back({{3, 3}, Activation::relu});
    spec.code.insert(spec.code.begin() + 5, backward(3, 5, 2, 5));
    refuses("backward into its own gradient", spec, 5);
  }
  refuses("a loss into its own outputs", replaced(4, loss(kSoftmax, 2, 2)), 4);
  refuses("backward into its own input", replaced(5, backward(2, 5, 1, 1)), 5);
  refuses("a second loss", inserted(5, loss(kSoftmax, 2, kNone)), 5);
  refuses("rows gathered twice", inserted(1, gather()), 1);
  refuses("rows gathered late", inserted(5, gather()), 5);
  refuses("no rows gathered", replaced(0, forward(0, kBatch, 0)), 0);
  refuses("an operation unknown", replaced(3, {static_cast<OpCode>(kOpCodes), 0, 0, 0, 0, kSoftmax}), 3);
  refuses("an operation unknown", replaced(3, {static_cast<OpCode>(-1), 0, 0, 0, 0, kSoftmax}), 3);
  {
    const Network narrow(random, set.cols, {15, 3}, Activation::relu);
    refuses("lists for a narrow layer", training_program(narrow, kSoftmax, in, true, 5), 1);
    CHECK(problem_of(training_program(narrow, kSoftmax, in, false, 5)).empty());
    ProgramSpec spec = training_program(narrow, kSoftmax, in, true, 5);
    spec.layers.push_back({{set.cols, 20}, Activation::relu});
    spec.layers.push_back({{20, 15}, Activation::relu});
    spec.matrices.push_back(20);
    spec.code[1] = forward(2, kBatch, 4);
    spec.code.insert(spec.code.begin() + 2, forward(3, 4, 0));
    refuses("lists to update a narrow layer", spec, spec.code.size() - 1);
    ProgramSpec other = good;
    other.cols = 31;
    refuses("another data set", other, 1);
  }
  const auto nothing = [&](const char* what, const ProgramSpec& spec) { CHECK(!problem_of(spec).empty(), "%s", what); };
  ProgramSpec spec = good;
  spec.code = {gather()};
  nothing("no forward pass", spec);
  spec.code.clear();
  nothing("no operations", spec);
  spec = good;
  spec.layers.clear();
  nothing("no layers", spec);
  spec = good;
  spec.matrices.clear();
  nothing("no matrices", spec);
  CHECK(made > 100, "%d", made);
}

// Answers that a program's loss cannot take
void answers_taken() {
  Random random(8);
  const Set set(random, 10, 30);
  const Inputs in = set.inputs(InputKind::floats);
  const int32_t label = 0;
  const float target = 0;
  for (const LossKind kind : {kSoftmax, kSquared, kBinary}) {
    for (const int outputs : {1, 3}) {
      const Network net(random, set.cols, {16, outputs}, Activation::relu);
      const Program trains(settings()[0].engine, training_program(net, kind, in, true, 5));
      const Program evaluates(settings()[0].engine, forward_program(net, kind, in, true, 5));
      const bool labels = takes_labels(kind, outputs);
      for (const Program* p : {&trains, &evaluates}) {
        CHECK(p->takes({&label, nullptr}) == labels && p->takes({nullptr, &target}) == !labels, "loss %d", static_cast<int>(kind));
        CHECK(p->outputs() == outputs && p->parameters() == net.floats() && p->bytes() > 0, "loss %d", static_cast<int>(kind));
      }
      CHECK(!trains.takes({nullptr, nullptr}) && evaluates.takes({nullptr, nullptr}), "loss %d", static_cast<int>(kind));
      CHECK(trains.trains() && !evaluates.trains(), "loss %d", static_cast<int>(kind));
      ProgramSpec bare = forward_program(net, kind, in, true, 5);
      bare.code.pop_back();
      const Program without(settings()[0].engine, bare);
      CHECK(without.takes({nullptr, nullptr}) && !without.takes({&label, nullptr}) && !without.takes({nullptr, &target}), "no loss");
    }
  }
}

// Capacity 1, in every form: one row at a time is what many at once are.
void one_row_at_a_time() {
  Random random(9);
  const Set set(random, 20, 30);
  const Network net(random, set.cols, {33, 10}, Activation::relu);
  const Answers answers(random, kSoftmax, set.rows, 10);
  std::vector<int32_t> all;
  for (int r = 0; r < set.rows; r++) all.push_back(r);
  const Matrix outputs = net.outputs(set.chosen(all));
  const reference::Classified wanted = answers.of(outputs, all);
  for (const Setting& s : settings()) {
    Guarded<float> parameters(net.floats(), kNan, s.shift);
    net.pack_into(parameters.data());
    for (const Form& form : kForms) {
      const Inputs in = set.inputs(form.kind);
      Program program(s.engine, forward_program(net, kSoftmax, in, form.sparse, 1));
      for (const int32_t r : all) {
        Results one(1, 10);
        const Outcome outcome = run(s, program, in, {r},
                                    {parameters.data(), {}, answers.labels.data(), nullptr, one.losses.data(), one.predicted.data(), one.outputs.data()});
        const size_t at = static_cast<size_t>(r);
        CHECK(outcome.status == Outcome::done && same_bits(one.outputs.data(), outputs[r], 10) &&
                  same_bits(&one.losses[0], &wanted.losses[at], 1) && one.predicted[0] == wanted.predicted[at] && one.intact(),
              "%s", describe(s, "row %d alone", r));
      }
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  evaluations();
  trainings();
  many_threads();
  changed_data();
  labels_out_of_range();
  not_finite();
  malformed();
  answers_taken();
  one_row_at_a_time();
  return finish();
}
