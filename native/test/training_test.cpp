// A whole training: one hash of all parameters and losses for every instruction set and number of threads, dense and sparse,
// bytes and floats, interrupted and not, on busy cores; the reference trains to the same bits.

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "cases.h"
#include "loss.h"

namespace mlp {
namespace test {
namespace {

struct Recipe {
  const char* name;
  std::vector<int> widths;  // inputs first
  Activation hidden;
  LossKind loss;
  int batch, steps;
  Optimizer optimizer;
  float divisor;  // of the bytes
  Draw start;     // of the weights
  float bias;     // of every hidden unit, at the start
  uint64_t pinned;
};

const Recipe kRecipes[] = {
    {"784-128-10", {784, 128, 10}, Activation::relu, LossKind::softmax_cross_entropy, 64, 50,
     {RuleKind::sgd, 0.1f, 1e-4f, 0}, 255, Draw::normal, 0, 0x3eeeecc53c510f86ull},
    {"raw bytes", {784, 65, 10}, Activation::relu, LossKind::softmax_cross_entropy, 50, 20,
     {RuleKind::sgd, 0.005f, 0.05f, 0.05f}, 1, Draw::normal, 0, 0xcfeaabb76c40e2c3ull},
    {"deep and wide", {200, 65, 48, 17}, Activation::leaky_relu, LossKind::mean_squared_error, 33, 20,
     {RuleKind::sgd, 0.05f, 1e-3f, 0}, 255, Draw::normal, 0, 0x966736aa0707143cull},
    {"from zeros", {100, 64, 10}, Activation::relu, LossKind::softmax_cross_entropy, 40, 20,
     {RuleKind::sgd, 0.1f, 0, 0}, 255, Draw::signed_zeros, 0, 0xd9568d45369a2395ull},
    {"from denormals", {100, 130, 10}, Activation::leaky_relu, LossKind::softmax_cross_entropy, 40, 20,
     {RuleKind::sgd, 0.1f, 0, 0}, 255, Draw::denormals, 0, 0xdf26fb6aff7f1fe0ull},
    {"dead units", {100, 64, 10}, Activation::relu, LossKind::softmax_cross_entropy, 40, 20,
     {RuleKind::sgd, 0.1f, 1e-4f, 0}, 255, Draw::normal, -1e4f, 0xc12b3b0e30097e90ull},
    {"no rate", {100, 64, 10}, Activation::relu, LossKind::softmax_cross_entropy, 40, 5,
     {RuleKind::sgd, 0, 0, 0}, 255, Draw::denormals, 0, 0xf95c71db243565c8ull},
    {"momentum", {100, 65, 10}, Activation::relu, LossKind::softmax_cross_entropy, 40, 50,
     {RuleKind::momentum, 0.02f, 1e-4f, 0}, 255, Draw::normal, 0, 0x14839abcaacefc37ull},
    {"nesterov", {100, 48, 17}, Activation::leaky_relu, LossKind::mean_squared_error, 33, 50,
     {RuleKind::nesterov, 0.05f, 1e-3f, 1e-3f}, 255, Draw::normal, 0, 0x06da3fdf0f26677eull},
    {"adam", {100, 65, 48, 10}, Activation::relu, LossKind::binary_cross_entropy, 40, 50,
     {RuleKind::adam, 0.003f, 1e-4f, 0}, 255, Draw::normal, 0, 0xba34951ae98b9391ull},
    {"adam with decoupled decay", {100, 64, 1}, Activation::relu, LossKind::binary_cross_entropy, 40, 50,
     {RuleKind::adam, 0.003f, 0, 0, 0.1f}, 255, Draw::normal, 0, 0xd2d05b15e466a249ull},
};

// Rows of bytes, most of them 0, of which each class has a pattern of its own
struct Set {
  int rows, cols;
  std::vector<uint8_t> bytes;
  std::vector<float> floats, table;
  std::vector<int32_t> labels;

  Set(int r, int c, int classes, float divisor) : rows(r), cols(c), table(256) {
    for (int i = 0; i < 256; i++) table[static_cast<size_t>(i)] = static_cast<float>(i) / divisor;
    for (int row = 0; row < rows; row++) {
      labels.push_back(row % classes);
      Random pattern(static_cast<uint64_t>(labels.back()) + 1), noise(static_cast<uint64_t>(row) + 1000);
      for (int k = 0; k < cols; k++) {
        const bool on = pattern.below(6) == 0;
        bytes.push_back(static_cast<uint8_t>((on ? noise.below(4) : !noise.below(20)) ? noise.below(256) : 0));
      }
    }
    for (const uint8_t b : bytes) floats.push_back(table[b]);
  }
  Inputs inputs(InputKind kind) const {
    if (kind == InputKind::bytes) return {bytes.data(), table.data(), nullptr, rows, cols};
    return {nullptr, nullptr, floats.data(), rows, cols};
  }
};

struct Layer {
  Matrix w;
  std::vector<float> b;
};

// Initial parameters and batches of both trainings
struct Start {
  const Recipe& recipe;
  Set set;
  std::vector<Layer> layers;
  std::vector<std::vector<int32_t>> batches;

  explicit Start(const Recipe& r) : recipe(r), set(300, r.widths.front(), std::max(r.widths.back(), 2), r.divisor) {
    Random random(7);
    for (size_t l = 1; l < r.widths.size(); l++) {
      const int K = r.widths[l - 1], N = r.widths[l];
      layers.push_back({random_matrix(random, K, N, r.start),
                        std::vector<float>(static_cast<size_t>(N), l + 1 < r.widths.size() ? r.bias : 0)});
      for (float& v : layers.back().w.values) v = v * (r.divisor == 1 ? 0x1p-10f : 0x1p-4f);
    }
    for (int step = 0; step < r.steps; step++) {
      batches.emplace_back();
      for (int i = 0; i < r.batch; i++) batches.back().push_back(random.below(set.rows));
    }
  }
  int last() const { return static_cast<int>(layers.size()) - 1; }
  Activation activation(int layer) const { return layer == last() ? Activation::identity : recipe.hidden; }
  std::vector<int32_t> labels(int step) const {
    std::vector<int32_t> chosen;
    for (const int32_t i : batches[static_cast<size_t>(step)]) chosen.push_back(set.labels[static_cast<size_t>(i)]);
    return chosen;
  }
  // 1 for the class of the row; for one output the class itself
  Matrix targets(int step) const {
    Matrix t(recipe.batch, recipe.widths.back());
    const std::vector<int32_t> chosen = labels(step);
    for (int r = 0; r < t.rows; r++) {
      const int32_t label = chosen[static_cast<size_t>(r)];
      if (t.cols == 1) t[r][0] = static_cast<float>(label);
      else t[r][label] = 1;
    }
    return t;
  }
};

struct Trained {
  std::vector<Layer> layers;
  std::vector<reference::Memory> memories;  // of the optimiser, a layer each
  std::vector<double> losses;               // of every row of every step

  explicit Trained(const Start& start) : layers(start.layers) {
    for (const Layer& l : layers) memories.emplace_back(start.recipe.optimizer.kind, l.w, l.b);
  }

  uint64_t hash() const {
    Hash h;
    for (const Layer& l : layers) {
      h.add(l.w.values.data(), l.w.values.size() * sizeof(float));
      h.add(l.b.data(), l.b.size() * sizeof(float));
    }
    for (const reference::Memory& m : memories) {
      for (const Matrix& w : m.weights) h.add(w.values.data(), w.values.size() * sizeof(float));
      for (const std::vector<float>& b : m.biases) h.add(b.data(), b.size() * sizeof(float));
    }
    h.add(losses.data(), losses.size() * sizeof(double));
    return h.value();
  }
  double mean_loss(int first, int count) const {
    double sum = 0;
    for (int i = first; i < first + count; i++) sum += losses[static_cast<size_t>(i)];
    return sum / count;
  }
};

Trained train_reference(const Start& start, int steps) {
  const Recipe& recipe = start.recipe;
  Trained t(start);
  for (int step = 0; step < steps; step++) {
    std::vector<Matrix> x = {Matrix(recipe.batch, start.set.cols)};
    for (int r = 0; r < recipe.batch; r++) {
      const size_t row = static_cast<size_t>(start.batches[static_cast<size_t>(step)][static_cast<size_t>(r)]);
      std::copy_n(start.set.floats.begin() + static_cast<long>(row) * start.set.cols, start.set.cols, x[0][r]);
    }
    for (int l = 0; l <= start.last(); l++) {
      const Layer& layer = t.layers[static_cast<size_t>(l)];
      x.push_back(reference::activate(start.activation(l), reference::forward(x.back(), layer.w, layer.b)));
    }
    Matrix g;
    std::vector<double> losses;
    if (recipe.loss != LossKind::mean_squared_error) {
      reference::Classified c = recipe.loss == LossKind::softmax_cross_entropy
                                    ? reference::softmax_cross_entropy(x.back(), start.labels(step))
                                    : reference::binary_cross_entropy(x.back(), start.targets(step));
      g = c.gradient, losses = c.losses;
    } else {
      reference::Fitted f = reference::mean_squared_error(x.back(), start.targets(step));
      g = f.gradient, losses = f.losses;
      for (float& v : g.values) v = v + 0.0f;
    }
    t.losses.insert(t.losses.end(), losses.begin(), losses.end());
    for (int l = start.last(); l >= 0; l--) {
      Layer& layer = t.layers[static_cast<size_t>(l)];
      const Matrix& in = x[static_cast<size_t>(l)];
      Matrix below;
      if (l > 0) below = reference::backward(g, layer.w, start.activation(l - 1), in);
      const LayerRule rule = recipe.optimizer.rules(step + 1);
      reference::update(in, g, layer.w, layer.b, rule.weights, rule.biases, t.memories[static_cast<size_t>(l)]);
      g = below;
    }
  }
  return t;
}

// The drivers' training. Every `interrupted` steps parameters and slots go through their row-major form into fresh memory.
Trained train(const Start& start, const Setting& s, InputKind kind, bool sparse, int steps, int interrupted = 0) {
  const Recipe& recipe = start.recipe;
  const Inputs inputs = start.set.inputs(kind);
  Batch batch(*s.engine.kernels, recipe.batch, inputs.cols, kind, sparse, measure(inputs).longest_row);
  std::vector<std::unique_ptr<Padded>> y, g;
  std::vector<std::unique_ptr<Parameters>> parameters;
  std::vector<std::unique_ptr<PackedMemory>> slots;
  Trained t(start);
  Scratch scratch;
  for (const Layer& layer : start.layers) {
    y.emplace_back(new Padded(recipe.batch, layer.w.cols, s));
    g.emplace_back(new Padded(recipe.batch, layer.w.cols, s));
    parameters.emplace_back(new Parameters(layer.w, layer.b, s));
    slots.emplace_back(new PackedMemory(t.memories[slots.size()], parameters.back()->view().shape, s));
  }
  const auto save = [&] {
    for (size_t l = 0; l < t.layers.size(); l++) {
      const LayerView view = parameters[l]->view();
      unpack(view.shape, view.parameters, t.layers[l].w.values.data(), t.layers[l].b.data());
      slots[l]->save(t.memories[l]);
    }
  };
  const size_t last = t.layers.size() - 1;
  for (int step = 0; step < steps; step++) {
    if (interrupted && step > 0 && step % interrupted == 0) {
      save();
      for (size_t l = 0; l <= last; l++) {
        parameters[l].reset(new Parameters(t.layers[l].w, t.layers[l].b, s));
        slots[l].reset(new PackedMemory(t.memories[l], parameters[l]->view().shape, s));
      }
    }
    CHECK(batch.gather(inputs, start.batches[static_cast<size_t>(step)].data(), recipe.batch, true, s.engine.threads), "step %d",
          step);
    const auto input = [&](size_t l) { return l == 0 ? LayerInput{&batch, nullptr, 0} : y[l - 1]->input(); };
    for (size_t l = 0; l <= last; l++) {
      forward(s.engine, input(l), recipe.batch, parameters[l]->view(start.activation(static_cast<int>(l))),
              {y[l]->view(), nullptr});
    }
    std::vector<double> losses(static_cast<size_t>(recipe.batch));
    const MatrixView gradient = g[last]->view();
    const std::vector<int32_t> labels = start.labels(step);
    const Matrix targets = start.targets(step);
    const bool by_label = takes_labels(recipe.loss, recipe.widths.back());
    loss(s.engine, recipe.loss, {y[last]->view(), nullptr}, Activation::identity, recipe.batch, recipe.widths.back(),
         {by_label ? labels.data() : nullptr, by_label ? nullptr : targets.values.data()}, &gradient, {losses.data(), nullptr});
    t.losses.insert(t.losses.end(), losses.begin(), losses.end());
    for (size_t l = last + 1; l-- > 0;) {
      if (l > 0) {
        backward(s.engine, g[l]->view(), recipe.batch, parameters[l]->view(), {y[l - 1]->view(), nullptr},
                 start.activation(static_cast<int>(l) - 1), g[l - 1]->view(), scratch);
      }
      update(s.engine, input(l), g[l]->view(), recipe.batch, parameters[l]->view(), recipe.optimizer.rules(step + 1),
             slots[l]->view(), scratch);
    }
  }
  save();
  for (size_t l = 0; l <= last; l++) {
    parameters[l]->expect(t.layers[l].w, t.layers[l].b, describe(s, "%s: layer %zu", recipe.name, l));
    slots[l]->expect(t.memories[l], describe(s, "%s: layer %zu", recipe.name, l));
  }
  return t;
}

void recipes() {
  for (const Recipe& recipe : kRecipes) {
    const Start start(recipe);
    const Trained first = train(start, settings()[0], InputKind::bytes, true, recipe.steps);
    CHECK(first.hash() == recipe.pinned, "%s: 0x%016llxull", recipe.name, static_cast<unsigned long long>(first.hash()));
    CHECK(std::all_of(first.losses.begin(), first.losses.end(), [](double v) { return std::isfinite(v); }), "%s", recipe.name);
    const int reference_steps = quick() ? std::min(recipe.steps, 3) : recipe.steps;
    CHECK(train_reference(start, reference_steps).hash() ==
              train(start, settings()[0], InputKind::bytes, true, reference_steps).hash(),
          "%s: not what the reference trains to", recipe.name);
    int turn = 0;
    for (const Setting& s : settings()) {
      const int only = turn++ % 4;
      for (int form = 0; form < 4; form++) {
        if (quick() && form != only) continue;
        const InputKind kind = form / 2 ? InputKind::floats : InputKind::bytes;
        CHECK(train(start, s, kind, form % 2, recipe.steps).hash() == first.hash(), "%s",
              describe(s, "%s, floats %d, sparse %d", recipe.name, form / 2, form % 2));
      }
    }
    CHECK(train(start, settings()[1], InputKind::bytes, true, recipe.steps, 7).hash() == first.hash(), "%s: interrupted",
          recipe.name);
  }
}

void learns() {
  const Recipe& recipe = kRecipes[0];
  const Trained t = train(Start(recipe), settings()[0], InputKind::bytes, true, recipe.steps);
  const double before = t.mean_loss(0, recipe.batch), after = t.mean_loss(recipe.batch * (recipe.steps - 1), recipe.batch);
  CHECK(before > 2 && before < 3 && after < before / 3, "loss %g became %g", before, after);
}

// With busy threads on every core, workers join each job late.
void busy_cores() {
  const Recipe& recipe = kRecipes[0];
  const Start start(recipe);
  const int steps = quick() ? 5 : recipe.steps;
  const uint64_t wanted = train(start, settings()[0], InputKind::bytes, true, steps).hash();
  std::atomic<bool> stop{false};
  std::vector<std::thread> spinners;
  for (int i = 0; i < 2; i++) {
    spinners.emplace_back([&stop] {
      while (!stop.load(std::memory_order_relaxed)) {}
    });
  }
  for (const bool sparse : {false, true}) {
    for (size_t i = 1; i <= 2; i++) {
      CHECK(train(start, settings()[i], InputKind::bytes, sparse, steps).hash() == wanted, "%s",
            describe(settings()[i], "busy cores, sparse %d", sparse));
    }
  }
  stop = true;
  for (std::thread& t : spinners) t.join();
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  recipes();
  learns();
  busy_cores();
  return finish();
}
