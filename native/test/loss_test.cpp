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

// A loss of classes with labels or targets, with and without its gradient
void expect_classified(LossKind kind, const Matrix& z, const Truth& truth, const reference::Classified& wanted, bool compare_gradient) {
  const size_t rows = static_cast<size_t>(z.rows);
  for (const Setting& s : settings()) {
    const char* what = describe(s, "loss %d, B=%d C=%d, labels %d", static_cast<int>(kind), z.rows, z.cols, truth.labels != nullptr);
    Padded logits(z, 7.5f, s), out(z.rows, z.cols, s);  // padding of logits is any finite number
    const MatrixView gradient = out.view();
    Guarded<double> losses(rows, -1), losses_only(rows, -1);
    Guarded<int32_t> predicted(rows, -1);
    const Outputs y = {logits.view(), nullptr};
    CHECK(loss(s.engine, kind, y, Activation::identity, z.rows, z.cols, truth, &gradient, {losses.data(), nullptr}) == wanted.correct,
          "%s", what);
    CHECK(same_losses(losses, wanted.losses), "%s: losses", what);
    if (compare_gradient) out.expect(wanted.gradient, what);
    CHECK(loss(s.engine, kind, y, Activation::identity, z.rows, z.cols, truth, nullptr, {losses_only.data(), predicted.data()}) ==
              wanted.correct,
          "%s", what);
    CHECK(same_losses(losses_only, wanted.losses), "%s: losses without gradient", what);
    CHECK(same_bits(predicted.data(), wanted.predicted.data(), rows), "%s: predictions", what);
    Guarded<double> of_rows(rows, -1);
    CHECK(loss_rows(*s.engine.kernels, kind, y.out, z.rows, z.cols, truth, {of_rows.data(), nullptr}) == wanted.correct, "%s", what);
    CHECK(same_losses(of_rows, wanted.losses), "%s: losses of rows", what);
    CHECK(losses.intact() && losses_only.intact() && of_rows.intact() && predicted.intact() && logits.intact() && out.intact(),
          "%s: guard bands", what);
  }
}

void expect_softmax(const Matrix& z, const std::vector<int32_t>& labels, bool compare_gradient) {
  expect_classified(LossKind::softmax_cross_entropy, z, {labels.data(), nullptr}, reference::softmax_cross_entropy(z, labels),
                    compare_gradient);
}

// The reference compared with the C library in double precision
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
          const Truth truth = {nullptr, goals.data()};
          loss(s.engine, LossKind::mean_squared_error, {outputs.view(), nullptr}, a, rows, N, truth, &gradient, {losses.data(), nullptr});
          out.expect(wanted, what);
          loss(s.engine, LossKind::mean_squared_error, {outputs.view(), nullptr}, a, rows, N, truth, nullptr, {losses_only.data(), nullptr});
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
    loss(s.engine, LossKind::mean_squared_error, {outputs.view(), pre.view().data}, Activation::gelu, rows, N,
         {nullptr, targets.values.data()}, &gradient, {losses.data(), nullptr});
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

// The reference compared with the C library in double precision
void expect_exact_binary(const Matrix& z, const Matrix& targets) {
  const reference::Classified result = reference::binary_cross_entropy(z, targets);
  double worst_loss = 0, worst_gradient = 0;
  for (int r = 0; r < z.rows; r++) {
    double sum = 0;
    for (int n = 0; n < z.cols; n++) {
      const double y = z[r][n], t = targets[r][n];
      sum += std::max(y, 0.0) - y * t + std::log1p(std::exp(-std::abs(y)));
      const double exact = reference::exact_activation(Activation::sigmoid, y) - t;
      worst_gradient = std::max(worst_gradient, std::abs(static_cast<double>(result.gradient[r][n]) * z.rows * z.cols - exact));
    }
    const double loss = sum / z.cols;
    worst_loss = std::max(worst_loss, std::abs(result.losses[static_cast<size_t>(r)] - loss) / (1 + std::abs(loss)));
  }
  CHECK(worst_loss < 4 * 0x1p-24, "losses are off by %g", worst_loss);
  CHECK(worst_gradient < 4 * 0x1p-24, "gradients are off by %g", worst_gradient);
}

// With labels too where there is one output: they mean targets of 0 and 1.
void expect_binary(const Matrix& z, const Matrix& targets, bool compare_gradient) {
  expect_classified(LossKind::binary_cross_entropy, z, {nullptr, targets.values.data()}, reference::binary_cross_entropy(z, targets),
                    compare_gradient);
  if (z.cols > 1) return;
  Matrix hard = targets;
  std::vector<int32_t> labels;
  for (float& t : hard.values) {
    labels.push_back(t > 0.5f);
    t = static_cast<float>(labels.back());
  }
  expect_classified(LossKind::binary_cross_entropy, z, {labels.data(), nullptr}, reference::binary_cross_entropy(z, hard),
                    compare_gradient);
}

// From 0 to 1, both often, and 1/2, which is no yes
Matrix random_targets(Random& random, int rows, int N) {
  Matrix targets(rows, N);
  for (float& t : targets.values) {
    const float between[] = {0, 1, 0.5f, std::abs(random.uniform())};
    t = between[random.below(4)];
  }
  return targets;
}

void binary() {
  Random random(5);
  for (const int rows : heights()) {
    for (const int N : {1, 2, 3, 15, 16, 17, 31, 32, 33}) {
      for (const float spread : {1.0f, 30.0f, 1000.0f}) {
        Matrix z = random_matrix(random, rows, N);
        for (float& v : z.values) v = random.below(9) ? v * spread : 0;
        const Matrix targets = random_targets(random, rows, N);
        expect_binary(z, targets, true);
        expect_exact_binary(z, targets);
      }
    }
  }
  for (const Draw kind : {Draw::signed_zeros, Draw::denormals}) {
    for (const int N : {1, 17}) expect_binary(random_matrix(random, 9, N, kind), random_targets(random, 9, N), true);
  }
}

// A logit that is not finite makes the loss of its row, and of no other, not a number.
void binary_not_finite() {
  Random random(6);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const int N : {1, 10, 17, 33}) {
    for (const float bad : {infinity, -infinity, kNan}) {
      Matrix z = random_matrix(random, 70, N);
      z[3][N / 2] = bad;
      z[66][N - 1] = bad;
      const Matrix targets = random_targets(random, 70, N);
      const std::vector<double> losses = reference::binary_cross_entropy(z, targets).losses;
      for (int r = 0; r < 70; r++) CHECK(std::isnan(losses[static_cast<size_t>(r)]) == (r == 3 || r == 66), "row %d", r);
      expect_binary(z, targets, false);
    }
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
  binary();
  binary_not_finite();
  return finish();
}
