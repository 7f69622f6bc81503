// Losses: row losses, gradients and counts have the bits of the reference, and the reference is near the exact values.

#include <algorithm>

#include "cases.h"
#include "loss.h"

namespace mlp {
namespace test {
namespace {

std::vector<int> classes() { return {1, 2, 9, 10, 15, 16, 17, 47, 64, 100, 130}; }

std::vector<int32_t> random_labels(Random& random, int rows, int C) {
  std::vector<int32_t> labels;
  for (int r = 0; r < rows; r++) labels.push_back(random.below(C));
  return labels;
}

// NaN equals NaN: the sign of one differs between processors.
bool same_losses(const Guarded<double>& a, const std::vector<double>& b) {
  for (size_t i = 0; i < b.size(); i++) {
    if (!same_bits(&a[i], &b[i], 1) && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
  }
  return true;
}

void expect_softmax(const Matrix& z, const std::vector<int32_t>& labels, bool compare_gradient) {
  const reference::Classified wanted = reference::softmax_cross_entropy(z, labels);
  for (const Setting& s : settings()) {
    const char* what = describe(s, "softmax cross-entropy, B=%d C=%d", z.rows, z.cols);
    Padded logits(z, 7.5f, s), out(z.rows, z.cols, s);  // padding of logits is any finite number
    const MatrixView gradient = out.view();
    Guarded<double> losses(labels.size(), -1), losses_only(labels.size(), -1);
    CHECK(
        softmax_cross_entropy(s.engine, logits.view(), z.rows, z.cols, labels.data(), &gradient, losses.data()) == wanted.correct,
        "%s", what);
    CHECK(same_losses(losses, wanted.losses), "%s: losses", what);
    if (compare_gradient) out.expect(wanted.gradient, what);
    CHECK(softmax_cross_entropy(s.engine, logits.view(), z.rows, z.cols, labels.data(), nullptr, losses_only.data()) ==
              wanted.correct,
          "%s", what);
    CHECK(same_losses(losses_only, wanted.losses), "%s: losses without gradient", what);
    CHECK(losses.intact() && losses_only.intact() && logits.intact() && out.intact(), "%s: guard bands", what);
  }
}

// The reference itself, against the C library in double precision
void expect_exact(const Matrix& z, const std::vector<int32_t>& labels) {
  const reference::Classified result = reference::softmax_cross_entropy(z, labels);
  double worst_loss = 0, worst_gradient = 0;
  for (int r = 0; r < z.rows; r++) {
    const size_t row = static_cast<size_t>(r);
    double top = z[r][0], sum = 0;
    for (int c = 0; c < z.cols; c++) top = std::max<double>(top, z[r][c]);
    for (int c = 0; c < z.cols; c++) sum += std::exp(z[r][c] - top);
    const double loss = std::log(sum) + top - z[r][labels[row]];
    worst_loss = std::max(worst_loss, std::abs(result.losses[row] - loss) / (1 + std::abs(loss)));
    for (int c = 0; c < z.cols; c++) {
      const double exact = (std::exp(z[r][c] - top) / sum - (c == labels[row])) / z.rows;
      worst_gradient = std::max(worst_gradient, std::abs(static_cast<double>(result.gradient[r][c]) - exact) * z.rows);
    }
  }
  CHECK(worst_loss < 4 * 0x1p-24, "losses are off by %g", worst_loss);
  CHECK(worst_gradient < 4 * 0x1p-24, "gradients are off by %g", worst_gradient);
}

void softmax() {
  Random random(1);
  for (const int rows : heights()) {
    for (const int C : classes()) {
      for (const float spread : {1.0f, 30.0f, 1000.0f}) {
        Matrix z = random_matrix(random, rows, C);
        for (float& v : z.values) v = v * spread;
        for (int r = 0; r < rows; r += 3) z[r][C / 2] = z[r][0];  // equal logits: the first largest counts
        const std::vector<int32_t> labels = random_labels(random, rows, C);
        expect_softmax(z, labels, true);
        expect_exact(z, labels);
      }
    }
  }
  expect_softmax(Matrix(5, 10), {0, 1, 2, 3, 9}, true);
  expect_softmax(random_matrix(random, 9, 10, Draw::signed_zeros), random_labels(random, 9, 10), true);
  expect_softmax(random_matrix(random, 9, 10, Draw::denormals), random_labels(random, 9, 10), true);
}

// A logit that is not finite makes the loss of its row, and of no other, not a number.
void not_finite() {
  Random random(2);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const int C : {1, 10, 17, 64}) {
    for (const float bad : {infinity, -infinity, kNan}) {
      Matrix z = random_matrix(random, 70, C);
      z[3][C / 2] = bad;
      z[66][C - 1] = bad;
      expect_softmax(z, random_labels(random, 70, C), false);
    }
  }
}

void squared_error() {
  Random random(3);
  const Activation activations[] = {Activation::identity, Activation::relu, Activation::leaky_relu, Activation::tanh,
                                    Activation::sigmoid};
  for (const int rows : heights()) {
    for (const int N : classes()) {
      const Matrix y = random_matrix(random, rows, N), targets = random_matrix(random, rows, N);
      const reference::Fitted fitted = reference::mean_squared_error(y, targets);
      for (const Activation a : activations) {
        Matrix wanted = fitted.gradient;
        for (size_t i = 0; i < wanted.values.size(); i++)
          wanted.values[i] = reference::times_derivative(a, wanted.values[i], y.values[i]);
        for (const Setting& s : settings()) {
          const char* what = describe(s, "squared error, B=%d N=%d, activation %d", rows, N, static_cast<int>(a));
          Padded outputs(y, 7.5f, s), out(rows, N, s);
          Guarded<double> losses(static_cast<size_t>(rows), -1), losses_only(static_cast<size_t>(rows), -1);
          Guarded<float> goals(targets.values.size(), 0, s.shift);
          for (size_t i = 0; i < targets.values.size(); i++) goals.data()[i] = targets.values[i];
          const MatrixView gradient = out.view();
          mean_squared_error(s.engine, {outputs.view(), nullptr}, rows, N, a, goals.data(), &gradient, losses.data());
          out.expect(wanted, what);
          mean_squared_error(s.engine, {outputs.view(), nullptr}, rows, N, a, goals.data(), nullptr, losses_only.data());
          CHECK(same_losses(losses, fitted.losses) && same_losses(losses_only, fitted.losses), "%s: losses", what);
          CHECK(losses.intact() && losses_only.intact(), "%s: guard bands", what);
        }
      }
    }
  }
}

void squared_error_of_gelu() {
  Random random(4);
  const int rows = 33, N = 17;
  const Matrix y = random_matrix(random, rows, N), targets = random_matrix(random, rows, N);
  Matrix z = random_matrix(random, rows, N), first;
  for (float& v : z.values) v = v * 5;
  const reference::Fitted fitted = reference::mean_squared_error(y, targets);
  for (const Setting& s : settings()) {
    Padded outputs(y, 0, s), pre(z, 0, s), out(rows, N, s);
    Guarded<double> losses(rows, -1);
    const MatrixView gradient = out.view();
    mean_squared_error(s.engine, {outputs.view(), pre.view().data}, rows, N, Activation::gelu, targets.values.data(), &gradient,
                       losses.data());
    if (first.rows == 0) {
      first = Matrix(rows, N);
      for (int r = 0; r < rows; r++) {
        for (int n = 0; n < N; n++) {
          first[r][n] = out.row(r)[n];
          const double g = fitted.gradient[r][n];
          const double off = ulps(first[r][n], g * reference::exact_gelu_derivative(z[r][n]), g);
          CHECK(off < 4, "%s: off by %g units in the last place", describe(s, "squared error of GELU"), off);
        }
      }
    }
    out.expect(first, describe(s, "squared error of GELU"));
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  softmax();
  not_finite();
  squared_error();
  squared_error_of_gelu();
  return finish();
}
