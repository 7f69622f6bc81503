// Forward pass: every shape, instruction set and thread count gives the bits of the reference, on dense and on sparse rows.

#include <algorithm>

#include "cases.h"

namespace mlp {
namespace test {
namespace {

constexpr Activation kExact[] = {Activation::identity, Activation::relu, Activation::leaky_relu};
constexpr Activation kSmooth[] = {Activation::tanh, Activation::sigmoid, Activation::gelu};

struct Case {
  Data data;
  Matrix w, z;
  std::vector<float> b;

  Case(Random& random, int rows, int K, int N, Draw inputs, Draw parameters, float zero_means = 0)
      : data(random, rows, K, inputs, zero_means),
        w(random_matrix(random, K, N, parameters)),
        b(random_vector(random, N, parameters)) {
    z = reference::forward(data.x, w, b);
  }
  int rows() const { return data.x.rows; }
};

const char* name(const Setting& s, const Case& c, const char* form, Activation a) {
  return describe(s, "forward of %s, B=%d K=%d N=%d, activation %d", form, c.rows(), c.w.rows, c.w.cols, static_cast<int>(a));
}

void expect_bits(const Case& c) {
  std::vector<Matrix> wanted;
  for (const Activation a : kExact) wanted.push_back(reference::activate(a, c.z));
  for (const Setting& s : settings()) {
    Parameters parameters(c.w, c.b, s);
    c.data.each_form(c.w.cols, s, [&](const LayerInput& in, const char* form) {
      for (size_t i = 0; i < wanted.size(); i++) {
        Padded out(c.rows(), c.w.cols, s);
        forward(s.engine, in, c.rows(), parameters.view(kExact[i]), {out.view(), nullptr});
        out.expect(wanted[i], name(s, c, form, kExact[i]));
      }
    });
  }
}

void shapes() {
  Random random(1);
  each_shape(depths(), widths(),
             [&](int rows, int K, int N) { expect_bits(Case(random, rows, K, N, Draw::normal, Draw::normal)); });
  // a byte 0 that means something: no lists of bytes
  for (const int N : {10, 65}) expect_bits(Case(random, 20, 100, N, Draw::normal, Draw::normal, -0.5f));
}

// A lost sign of zero, a denormal flushed, a sum in another order: here they show.
void odd_states() {
  Random random(2);
  for (const Draw inputs : {Draw::normal, Draw::signed_zeros, Draw::denormals, Draw::zero}) {
    for (const Draw parameters : {Draw::signed_zeros, Draw::denormals, Draw::zero}) {
      for (const int N : {10, 16, 65, 130}) expect_bits(Case(random, 9, 100, N, inputs, parameters));
    }
  }
}

// The pre-activation has the bits of the reference; the activation the same bits everywhere, near the exact value
void smooth_activations() {
  Random random(3);
  for (const int N : widths()) {
    const Case c(random, 37, 60, N, Draw::normal, Draw::normal);
    for (const Activation a : kSmooth) {
      Matrix first;
      for (const Setting& s : settings()) {
        Parameters parameters(c.w, c.b, s);
        c.data.each_form(N, s, [&](const LayerInput& in, const char* form) {
          Padded out(c.rows(), N, s), pre(c.rows(), N, s);
          forward(s.engine, in, c.rows(), parameters.view(a), {out.view(), pre.view().data});
          const char* what = name(s, c, form, a);
          pre.expect(c.z, what);
          if (first.rows == 0) {
            first = Matrix(c.rows(), N);
            double worst = 0;
            for (int r = 0; r < c.rows(); r++) {
              for (int n = 0; n < N; n++) {
                first[r][n] = out.row(r)[n];
                const double z = c.z[r][n], exact = reference::exact_activation(a, z);
                worst = std::max(worst, ulps(first[r][n], exact, std::max(std::abs(exact), std::abs(z))));
              }
            }
            CHECK(worst < 4, "%s: off by %g units in the last place", what, worst);
          }
          out.expect(first, what);
        });
      }
    }
  }
}

// Rows from the middle of the input, on the calling thread
void some_rows() {
  Random random(4);
  const int row0 = 4, rows = 9;
  for (const int N : {10, 17, 130}) {
    const Case c(random, 21, 50, N, Draw::normal, Draw::normal);
    Matrix wanted(rows, N);
    for (int r = 0; r < rows; r++) {
      for (int n = 0; n < N; n++) wanted[r][n] = c.z[row0 + r][n];
    }
    for (const Setting& s : settings()) {
      Parameters parameters(c.w, c.b, s);
      c.data.each_form(N, s, [&](const LayerInput& in, const char* form) {
        Padded out(rows, N, s);
        forward_rows(*s.engine.kernels, in, row0, rows, parameters.view(), {out.view(), nullptr});
        out.expect(wanted, name(s, c, form, Activation::identity));
      });
    }
  }
}

void not_a_number_passes() {
  const Matrix x(7, 20, 1.0f);
  for (const int N : {3, 16, 65}) {
    Matrix w(20, N, 1.0f);
    w[5][N / 2] = kNan;
    for (const Setting& s : settings()) {
      Parameters parameters(w, std::vector<float>(static_cast<size_t>(N), 1.0f), s);
      for (const Activation a :
           {Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::sigmoid, Activation::gelu}) {
        Padded in(x, 0, s), out(7, N, s), pre(7, N, s);
        forward(s.engine, in.input(), 7, parameters.view(a), {out.view(), pre.view().data});
        bool passed = true;
        for (int r = 0; r < 7; r++) {
          for (int n = 0; n < N; n++) passed = passed && std::isnan(out.row(r)[n]) == (n == N / 2);
        }
        CHECK(passed, "%s", describe(s, "N=%d, activation %d", N, static_cast<int>(a)));
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
  smooth_activations();
  some_rows();
  not_a_number_passes();
  return finish();
}
