// Update and plain gradient: the bits of the reference for every shape, on dense and on sparse rows; padding stays zero.

#include "cases.h"

namespace mlp {
namespace test {
namespace {

constexpr Optimizer kSgd = {RuleKind::sgd, 0.1f, 1e-4f, 0};

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
  Scratch scratch;
  gradient(s.engine, in, g.view(), c.g.rows, {c.w.rows, c.w.cols}, weights.data(), biases.data(), scratch);
  CHECK(same_bits(weights.data(), wanted.weights.values.data(), weights.size()), "%s: weights", what);
  CHECK(same_bits(biases.data(), wanted.biases.data(), biases.size()), "%s: biases", what);
  CHECK(weights.intact() && biases.intact(), "%s: guard bands", what);
}

// A step of SGD, and its gradient
void expect_bits(const Case& c, const Optimizer& optimizer) {
  const reference::Gradient wanted = reference::gradient(c.data.x, c.g);
  const LayerRule rule = optimizer.rules(1);
  Matrix w = c.w;
  std::vector<float> b = c.b;
  reference::Memory none;
  reference::update(c.data.x, c.g, w, b, rule.weights, rule.biases, none);
  for (const Setting& s : settings()) {
    Padded g(c.g, 0, s);
    c.data.each_form(c.w.cols, s, [&](const LayerInput& in, const char* form) {
      expect_gradient(s, c, in, form, g, wanted);
      Parameters parameters(c.w, c.b, s);
      Scratch scratch;
      update(s.engine, in, g.view(), c.g.rows, parameters.view(), rule, {}, scratch);
      parameters.expect(w, b, name(s, c, "update", form));
    });
    CHECK(g.intact(), "%s", name(s, c, "update", "all"));
  }
}

// States of an optimiser: values of any size, some around 2^-100, where they are cut. The second moment is a square.
reference::Memory random_memory(Random& random, RuleKind kind, const Case& c, Draw how) {
  reference::Memory memory(kind, c.w, c.b);
  const auto fill = [&](std::vector<float>& values, bool square) {
    for (float& v : values) {
      v = draw(random, how);
      if (how == Draw::normal && random.below(3) == 0) v = v * 0x1p-99f;
      if (square) v = std::abs(v);
    }
  };
  // the last slot of Adam and that of RMSProp are means of squares; the bits of a root of less depend on the processor
  const bool squares = kind == RuleKind::adam || kind == RuleKind::rms_prop;
  for (size_t i = 0; i < memory.weights.size(); i++) {
    const bool square = squares && i + 1 == memory.weights.size();
    fill(memory.weights[i].values, square);
    fill(memory.biases[i], square);
  }
  return memory;
}

// Consecutive steps of an optimiser that begins with `start` in memory
void expect_steps(const Case& c, const Optimizer& optimizer, const reference::Memory& start) {
  constexpr int kSteps = 3;
  std::vector<Matrix> w = {c.w};
  std::vector<std::vector<float>> b = {c.b};
  std::vector<reference::Memory> memory = {start};
  for (int t = 1; t <= kSteps; t++) {
    const LayerRule rule = optimizer.rules(t);
    w.push_back(w.back());
    b.push_back(b.back());
    memory.push_back(memory.back());
    reference::update(c.data.x, c.g, w.back(), b.back(), rule.weights, rule.biases, memory.back());
  }
  for (const Setting& s : settings()) {
    Padded g(c.g, 0, s);
    c.data.each_form(c.w.cols, s, [&](const LayerInput& in, const char* form) {
      Parameters parameters(c.w, c.b, s);
      PackedMemory slots(start, {c.w.rows, c.w.cols}, s);
      for (int t = 1; t <= kSteps; t++) {
        Scratch scratch;
        update(s.engine, in, g.view(), c.g.rows, parameters.view(), optimizer.rules(t), slots.view(), scratch);
      }
      const char* what = describe(s, "%d steps of rule %d from %s, B=%d K=%d N=%d", kSteps, static_cast<int>(optimizer.kind), form,
                                  c.g.rows, c.w.rows, c.w.cols);
      parameters.expect(w[kSteps], b[kSteps], what);
      slots.expect(memory[kSteps], what);
    });
    CHECK(g.intact(), "%s", name(s, c, "steps", "all"));
  }
}

void shapes() {
  Random random(1);
  each_shape(depths(), widths(), [&](int rows, int K, int N) {
    expect_bits(Case(random, rows, K, N, Draw::normal, Draw::normal, Draw::normal), kSgd);
  });
}

// Chains that underflow to -0, dead units, a rule that changes nothing: dense and sparse still agree.
void odd_states() {
  Random random(2);
  int turn = 0;
  const Draw kinds[] = {Draw::normal, Draw::signed_zeros, Draw::denormals, Draw::zero};
  for (const Draw inputs : kinds) {
    for (const Draw gradients : kinds) {
      for (const Draw parameters : kinds) {
        for (const int N : {10, 16, 65}) {
          if (quick() && N == 16) continue;
          const Case c(random, 70, 50, N, inputs, gradients, parameters);
          expect_bits(c, {RuleKind::sgd, 0.1f, 1e-4f, 0.5f, 0, ++turn % 2 ? 0.01f : 0});
          expect_bits(c, {RuleKind::sgd, 0, 0, 0});
        }
      }
    }
  }
}

// With slots, over several steps: what a rule does depends on the place of a parameter, not on the number of rows.
void rules() {
  Random random(5);
  int turn = 0;
  for (const RuleKind kind : kAllRules) {
    for (const int K : {1, 16, 49, 65, kInputBlock + 1}) {
      for (const int N : widths()) {
        const int rows[] = {7, 65, 0};
        const Case c(random, rows[turn++ % 3], K, N, Draw::normal, Draw::normal, Draw::normal);
        expect_steps(c, {kind, 0.1f, 1e-2f, 0, 0.1f, turn % 2 ? 1e-3f : 0}, random_memory(random, kind, c, Draw::normal));
      }
    }
  }
}

void rules_in_odd_states() {
  Random random(6);
  int turn = 0;
  const Draw kinds[] = {Draw::normal, Draw::signed_zeros, Draw::denormals, Draw::zero};
  for (const RuleKind kind : kAllRules) {
    if (kind == RuleKind::sgd) continue;  // zero slots: odd_states has them
    for (const Draw gradients : kinds) {
      for (const Draw parameters : kinds) {
        for (const Draw memory : kinds) {
          if (quick() && ++turn % 3) continue;
          const Case c(random, 9, 50, random.below(2) ? 10 : 65, Draw::normal, gradients, parameters);
          const reference::Memory start = random_memory(random, kind, c, memory);
          expect_steps(c, {kind, 0.1f, 0, 0, 0, random.below(2) ? 0.01f : 0}, start);
          expect_steps(c, {kind, 0, 0.5f, 0.5f, 0.5f}, start);
        }
      }
    }
  }
}

// A batch may be gathered again and again: nothing of an earlier, longer or different one may remain.
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
        Scratch scratch;
        gradient(s.engine, {&batch, nullptr, 0}, gradients.view(), rows, {K, N}, weights.data(), biases.data(), scratch);
        CHECK(same_bits(weights.data(), wanted.weights.values.data(), weights.size()), "%s",
              describe(s, "sparse %d, %d rows", sparse, rows));
      }
    }
  }
}

// The most rows a batch may have: their numbers fill 16 bits.
void largest_batch() {
  Random random(4);
  expect_bits(Case(random, 65536, quick() ? 2 : 5, 16, Draw::normal, Draw::normal, Draw::normal), kSgd);
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  shapes();
  odd_states();
  rules();
  rules_in_odd_states();
  batches_reused();
  largest_batch();
  return finish();
}
