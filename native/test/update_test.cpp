// Update and plain gradient: the bits of the reference for every shape, on dense and on sparse rows; padding stays zero.

#include "cases.h"

namespace mlp {
namespace test {
namespace {

constexpr SgdRule kWeights = {0.1f, 1e-4f}, kBiases = {0.1f, 0};

struct Case {
  Data data;
  Matrix g, w;
  std::vector<float> b;

  Case(Random& random, int rows, int K, int N, Draw inputs, Draw gradients, Draw parameters)
      : data(random, rows, K, inputs),
        g(random_matrix(random, rows, N, gradients)),
        w(random_matrix(random, K, N, parameters)),
        b(random_vector(random, N, parameters)) {}
};

const char* name(const Setting& s, const Case& c, const char* operation, const char* form) {
  return describe(s, "%s from %s, B=%d K=%d N=%d", operation, form, c.g.rows, c.w.rows, c.w.cols);
}

void expect_gradient(const Setting& s, const Case& c, const LayerInput& in, const char* form, Padded& g,
                     const reference::Gradient& wanted) {
  const char* what = name(s, c, "gradient", form);
  Guarded<float> weights(wanted.weights.values.size(), kNan, s.shift), biases(wanted.biases.size(), kNan, s.shift);
  gradient(s.engine, in, g.view(), c.g.rows, {c.w.rows, c.w.cols}, weights.data(), biases.data());
  CHECK(same_bits(weights.data(), wanted.weights.values.data(), weights.size()), "%s: weights", what);
  CHECK(same_bits(biases.data(), wanted.biases.data(), biases.size()), "%s: biases", what);
  CHECK(weights.intact() && biases.intact(), "%s: guard bands", what);
}

void expect_bits(const Case& c, const SgdRule& weights, const SgdRule& biases) {
  const reference::Gradient wanted = reference::gradient(c.data.x, c.g);
  Matrix w = c.w;
  std::vector<float> b = c.b;
  reference::update(c.data.x, c.g, w, b, weights, biases);
  for (const Setting& s : settings()) {
    Padded g(c.g, 0, s);
    c.data.each_form(c.w.cols, s, [&](const LayerInput& in, const char* form) {
      expect_gradient(s, c, in, form, g, wanted);
      Parameters parameters(c.w, c.b, s);
      update(s.engine, in, g.view(), c.g.rows, parameters.view(), weights, biases);
      parameters.expect(w, b, name(s, c, "update", form));
    });
    CHECK(g.intact(), "%s", name(s, c, "update", "all"));
  }
}

void shapes() {
  Random random(1);
  each_shape(depths(), widths(), [&](int rows, int K, int N) {
    expect_bits(Case(random, rows, K, N, Draw::normal, Draw::normal, Draw::normal), kWeights, kBiases);
  });
}

// Chains that underflow to -0, dead units, a rule that changes nothing: dense and sparse still agree.
void odd_states() {
  Random random(2);
  const Draw kinds[] = {Draw::normal, Draw::signed_zeros, Draw::denormals, Draw::zero};
  for (const Draw inputs : kinds) {
    for (const Draw gradients : kinds) {
      for (const Draw parameters : kinds) {
        for (const int N : {10, 16, 65}) {
          if (quick() && N == 16) continue;
          const Case c(random, 70, 50, N, inputs, gradients, parameters);
          expect_bits(c, kWeights, {0.1f, 0.5f});
          expect_bits(c, {0, 0}, {0, 0});
        }
      }
    }
  }
}

// A batch may be gathered again and again: nothing of a longer or other one before it may stay.
void batches_reused() {
  Random random(3);
  const int K = 100, N = 65;
  const Matrix all = random_matrix(random, 300, K);
  Matrix x = all;
  for (float& v : x.values) {
    if (random.below(4)) v = 0;
  }
  const Inputs inputs = {nullptr, nullptr, x.values.data(), x.rows, K};
  for (const Setting& s : settings()) {
    for (const bool sparse : {false, true}) {
      Batch batch(*s.engine.kernels, 256, K, InputKind::floats, sparse, measure(inputs).longest_row);
      for (const int rows : {256, 7, 0, 64, 130}) {
        std::vector<int32_t> indices;
        Matrix chosen(rows, K);
        for (int r = 0; r < rows; r++) {
          indices.push_back(random.below(x.rows));
          memcpy(chosen[r], x[indices.back()], sizeof(float) * K);
        }
        CHECK(batch.gather(inputs, indices.data(), rows, true, s.engine.threads), "%s", describe(s, "%d rows", rows));
        const Matrix g = random_matrix(random, rows, N);
        const reference::Gradient wanted = reference::gradient(chosen, g);
        Padded gradients(g, 0, s);
        Guarded<float> weights(static_cast<size_t>(K) * N, kNan), biases(N, kNan);
        gradient(s.engine, {&batch, nullptr, 0}, gradients.view(), rows, {K, N}, weights.data(), biases.data());
        CHECK(same_bits(weights.data(), wanted.weights.values.data(), weights.size()), "%s",
              describe(s, "sparse %d, %d rows", sparse, rows));
      }
    }
  }
}

// The most rows a batch may have: their numbers fill 16 bits.
void largest_batch() {
  Random random(4);
  expect_bits(Case(random, 65536, quick() ? 2 : 5, 16, Draw::normal, Draw::normal, Draw::normal), kWeights, kBiases);
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  shapes();
  odd_states();
  batches_reused();
  largest_batch();
  return finish();
}
