// Evaluation of whole networks: losses, predictions and outputs of every row as the reference has them, in any chunk.

#include "evaluate.h"

#include <memory>

#include "cases.h"

namespace mlp {
namespace test {
namespace {

struct Layer {
  Matrix w;
  std::vector<float> b;
  Activation activation;
};

struct Network {
  int cols;
  std::vector<int> widths;
  std::vector<Layer> layers;

  Network(Random& random, int inputs, const std::vector<int>& outputs, Activation hidden) : cols(inputs), widths(outputs) {
    for (const int N : outputs) {
      layers.push_back(
          {random_matrix(random, inputs, N), random_vector(random, N), &N == &outputs.back() ? Activation::identity : hidden});
      inputs = N;
    }
  }
  Matrix outputs(Matrix x) const {
    for (const Layer& l : layers) x = reference::activate(l.activation, reference::forward(x, l.w, l.b));
    return x;
  }
};

// Results between guard bands
struct Results {
  Guarded<double> losses;
  Guarded<int32_t> predicted;
  Guarded<float> outputs;

  Results(size_t count, size_t C) : losses(count, -1), predicted(count, -1), outputs(count * C, kNan) {}
  bool intact() const { return losses.intact() && predicted.intact() && outputs.intact(); }
};

bool evaluate(const Setting& s, Evaluator& evaluator, const Network& net, const Inputs& in, const std::vector<int32_t>& indices,
              const EvaluationResult& result) {
  std::vector<std::unique_ptr<Parameters>> parameters;
  std::vector<LayerView> views;
  for (const Layer& l : net.layers) {
    parameters.emplace_back(new Parameters(l.w, l.b, s));
    views.push_back(parameters.back()->view(l.activation));
  }
  return evaluator.evaluate(s.engine, in, indices.data(), static_cast<int>(indices.size()), views, result);
}

void expect(const Setting& s, const Network& net, const Inputs& in, bool sparse, const std::vector<int32_t>& indices,
            const std::vector<int32_t>& labels, const Matrix& outputs, const reference::Classified& wanted) {
  const size_t count = indices.size(), C = static_cast<size_t>(net.widths.back());
  const char* what = describe(s, "evaluate, bytes %d, sparse %d, %zu layers, C=%zu, %zu rows", in.bytes != nullptr, sparse,
                              net.widths.size(), C, count);
  // one made for another number of threads does as well
  const Engine other = {s.engine.kernels, 4 - s.engine.threads};
  Evaluator evaluator(count % 2 ? s.engine : other, net.cols, in.bytes ? InputKind::bytes : InputKind::floats, sparse,
                      measure(in).longest_row, net.widths);
  Results all(count, C), bare(count, C);
  CHECK(evaluate(s, evaluator, net, in, indices, {labels.data(), all.losses.data(), all.predicted.data(), all.outputs.data()}),
        "%s", what);
  CHECK(same_bits(all.outputs.data(), outputs.values.data(), count * C), "%s: outputs", what);
  CHECK(same_bits(all.losses.data(), wanted.losses.data(), count), "%s: losses", what);
  CHECK(same_bits(all.predicted.data(), wanted.predicted.data(), count), "%s: predictions", what);
  CHECK(evaluate(s, evaluator, net, in, indices, {nullptr, nullptr, bare.predicted.data(), nullptr}), "%s", what);
  CHECK(same_bits(bare.predicted.data(), wanted.predicted.data(), count), "%s: predictions alone", what);
  CHECK(all.intact() && bare.intact(), "%s: guard bands", what);
}

void networks() {
  Random random(1);
  const int rows = 90, cols = 100;
  std::vector<uint8_t> bytes(rows * cols);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random.below(4) ? 0 : random.below(256));
  std::vector<float> table = random_vector(random, 256), floats;
  table[0] = 0;
  for (const uint8_t b : bytes) floats.push_back(table[b]);
  const Inputs forms[] = {{bytes.data(), table.data(), nullptr, rows, cols}, {nullptr, nullptr, floats.data(), rows, cols}};

  const std::vector<std::vector<int>> shapes = {{10}, {1}, {17}, {65, 10}, {130, 33, 17}, {5, 20, 3}, {128, 64, 64, 15}};
  for (const std::vector<int>& widths : shapes) {
    const Network net(random, cols, widths, widths.size() % 2 ? Activation::leaky_relu : Activation::relu);
    std::vector<int32_t> labels;
    for (int r = 0; r < rows; r++) labels.push_back(random.below(widths.back()));
    for (const int count : {0, 1, 255, 256, 257, 600}) {
      if (quick() && count % 2 == 0) continue;
      std::vector<int32_t> indices, chosen;
      Matrix x(count, cols);
      for (int i = 0; i < count; i++) {
        indices.push_back(random.below(rows));
        chosen.push_back(labels[static_cast<size_t>(indices.back())]);
        memcpy(x[i], floats.data() + indices.back() * cols, cols * sizeof(float));
      }
      const Matrix outputs = net.outputs(x);
      const reference::Classified wanted = reference::softmax_cross_entropy(outputs, chosen);
      for (const Setting& s : settings()) {
        for (const Inputs& in : forms) {
          for (const bool sparse : {false, true}) {
            if (sparse && !takes_sparse(widths.front())) continue;
            expect(s, net, in, sparse, indices, chosen, outputs, wanted);
          }
        }
      }
    }
  }
}

void refuses_changed_data() {
  Random random(2);
  const int rows = 300, cols = 50;
  std::vector<float> floats(rows * cols, 0);
  for (int r = 0; r < rows; r++) floats[static_cast<size_t>(r * cols)] = 1;
  const Inputs in = {nullptr, nullptr, floats.data(), rows, cols};
  const Network net(random, cols, {20, 10}, Activation::relu);
  std::vector<int32_t> indices(rows), labels(rows);
  for (int r = 0; r < rows; r++) indices[static_cast<size_t>(r)] = r;
  for (const Setting& s : settings()) {
    Evaluator evaluator(s.engine, cols, InputKind::floats, true, measure(in).longest_row, net.widths);
    Results results(rows, 10);
    const EvaluationResult to = {labels.data(), results.losses.data(), results.predicted.data(), results.outputs.data()};
    CHECK(evaluate(s, evaluator, net, in, indices, to), "%s", describe(s, "as measured"));
    floats[280 * cols + 9] = 1;
    CHECK(!evaluate(s, evaluator, net, in, indices, to), "%s", describe(s, "a row has grown"));
    floats[280 * cols + 9] = 0;
    CHECK(results.intact(), "%s", describe(s, "guard bands"));
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  networks();
  refuses_changed_data();
  return finish();
}
