// Backward pass: the gradient of the layer before has the bits of the reference, for every shape and activation.

#include <algorithm>

#include "cases.h"

namespace mlp {
namespace test {
namespace {

constexpr Activation kExact[] = {Activation::identity, Activation::relu, Activation::leaky_relu, Activation::tanh,
                                 Activation::sigmoid};

struct Case {
  Matrix g, w, previous, chain;
  std::vector<float> b;

  // K inputs, N outputs of the layer that is passed through
  Case(Random& random, int rows, int K, int N, Draw gradients, Draw parameters)
      : g(random_matrix(random, rows, N, gradients)),
        w(random_matrix(random, K, N, parameters)),
        previous(random_matrix(random, rows, K)),
        chain(reference::backward(g, w)),
        b(static_cast<size_t>(N), 1.0f) {
    for (float& y : previous.values) {
      if (random.below(3) == 0) y = 0;
    }
  }
};

const char* name(const Setting& s, const Case& c, Activation a) {
  return describe(s, "backward, B=%d K=%d N=%d, activation %d before", c.g.rows, c.w.rows, c.w.cols, static_cast<int>(a));
}

void run(const Setting& s, const Case& c, Activation a, Padded& previous, float* pre, Padded& grad_in) {
  Parameters parameters(c.w, c.b, s);
  Padded g(c.g, 0, s);
  Scratch scratch;
  backward(s.engine, g.view(), c.g.rows, parameters.view(), {previous.view(), pre}, a, grad_in.view(), scratch);
  parameters.expect(c.w, c.b, name(s, c, a));
}

void expect_bits(const Case& c) {
  for (const Activation a : kExact) {
    Matrix wanted = c.chain;
    for (size_t i = 0; i < wanted.values.size(); i++) {
      wanted.values[i] = reference::times_derivative(a, c.chain.values[i], c.previous.values[i]);
    }
    for (const Setting& s : settings()) {
      Padded previous(c.previous, 0, s), grad_in(c.g.rows, c.w.rows, s);
      run(s, c, a, previous, nullptr, grad_in);
      grad_in.expect(wanted, name(s, c, a));
    }
  }
}

void shapes() {
  Random random(1);
  each_shape(widths(), widths(),
             [&](int rows, int K, int N) { expect_bits(Case(random, rows, K, N, Draw::normal, Draw::normal)); });
}

void odd_states() {
  Random random(2);
  for (const Draw gradients : {Draw::normal, Draw::signed_zeros, Draw::denormals, Draw::zero}) {
    for (const Draw parameters : {Draw::signed_zeros, Draw::denormals, Draw::zero}) {
      for (const int N : {10, 16, 65}) expect_bits(Case(random, 9, 70, N, gradients, parameters));
    }
  }
}

// GELU's derivative is near the exact one and has the same bits everywhere.
void gelu() {
  Random random(3);
  for (const int K : widths()) {
    for (const int N : {10, 33}) {
      const Case c(random, 19, K, N, Draw::normal, Draw::normal);
      Matrix z = c.previous, first;
      for (float& v : z.values) v = v * 6;
      for (const Setting& s : settings()) {
        Padded previous(c.previous, 0, s), pre(z, 0, s), grad_in(c.g.rows, K, s);
        run(s, c, Activation::gelu, previous, pre.view().data, grad_in);
        if (first.rows == 0) {
          first = Matrix(c.g.rows, K);
          double worst = 0;
          for (int r = 0; r < c.g.rows; r++) {
            for (int k = 0; k < K; k++) {
              first[r][k] = grad_in.row(r)[k];
              const double g = c.chain[r][k];
              worst = std::max(worst, ulps(first[r][k], g * reference::exact_gelu_derivative(z[r][k]), g));
            }
          }
          CHECK(worst < 4, "%s: off by %g units in the last place", name(s, c, Activation::gelu), worst);
        }
        grad_in.expect(first, name(s, c, Activation::gelu));
      }
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  shapes();
  odd_states();
  gelu();
  return finish();
}
