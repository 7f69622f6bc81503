// What a training step does beside its products and its rule: dropout, smoothed labels, norms and averages, each against plain loops
// on every instruction set.

#include <algorithm>

#include "cases.h"
#include "loss.h"

namespace mlp {
namespace test {
namespace {

const int kWidths[] = {16, 48, 64, 208};

// Every instruction set once
template <class F>
void each_isa(const F& f) {
  for (const Setting& s : settings()) {
    if (s.engine.threads == 1) f(s);
  }
}

std::vector<float> numbers(Random& random, size_t n) {
  std::vector<float> list(n);
  for (float& v : list) v = random.uniform();
  return list;
}

// lowbias32, written again
uint32_t mixed(uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

void dropout() {
  const int rows = 7, layer = 3, row0 = 5;
  const uint32_t key = 12345, threshold = 0x40000000u;  // a quarter
  const float scale = 1.0f / 0.75f;
  Random random(1);
  for (const int width : kWidths) {
    const size_t n = static_cast<size_t>(rows * width);
    const std::vector<float> x = numbers(random, n), gradient = numbers(random, n);
    std::vector<float> mask(n), out(n), g(n);
    int dropped = 0;
    for (int i = 0; i < rows * width; i++) {
      const uint32_t row_key = mixed(mixed(key + layer * 0x9e3779b9u) + static_cast<uint32_t>(row0 + i / width) * 0x9e3779b9u);
      const size_t at = static_cast<size_t>(i);
      mask[at] = mixed(row_key + static_cast<uint32_t>(i % width) * 0x85ebca6bu) >= threshold ? scale : 0.0f;
      dropped += mask[at] == 0;
      out[at] = x[at] * mask[at] + 0.0f;
      g[at] = x[at] > 0 ? gradient[at] * mask[at] + 0.0f : 0.0f;
    }
    CHECK(dropped > rows * width / 8 && dropped < rows * width / 2, "%d of %d", dropped, rows * width);
    each_isa([&](const Setting& s) {
      std::vector<float> own_mask(n, -1), own_out(n, -1), own_g = gradient;
      const size_t stride = static_cast<size_t>(width);
      s.engine.kernels->dropout({x.data(), own_mask.data(), own_out.data(), stride, rows, width, layer, row0, key, threshold, scale});
      s.engine.kernels->undrop({own_g.data(), own_mask.data(), x.data(), nullptr, stride, rows, width, Activation::relu});
      CHECK(own_mask == mask, "%s", describe(s, "mask of %d units", width));
      CHECK(same_bits(own_out.data(), out.data(), n), "%s", describe(s, "outputs of %d units", width));
      CHECK(same_bits(own_g.data(), g.data(), n), "%s", describe(s, "gradient of %d units", width));
    });
  }
}

void norms_and_averages() {
  Random random(2);
  const size_t n = 1600;
  const std::vector<float> p = numbers(random, n), g = numbers(random, n), average = numbers(random, n);
  double lanes[16] = {};
  for (size_t i = 0; i < n; i++) lanes[i % 16] += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  for (int width = 8; width > 0; width /= 2) {
    for (int j = 0; j < width; j++) lanes[j] += lanes[j + width];
  }
  std::vector<float> moved = average, stepped = p;
  for (size_t i = 0; i < n; i++) {
    moved[i] = std::fma(0.125f, p[i] - average[i], average[i]);
    const float sum = g[i] * 0.75f + 0.0f;
    stepped[i] = std::fma(-0.1f, std::fma(0.01f, p[i], sum), p[i]);
  }
  each_isa([&](const Setting& s) {
    CHECK(s.engine.kernels->square_sum(g.data(), n) == lanes[0], "%s", describe(s, "sum of squares"));
    std::vector<float> own = average;
    s.engine.kernels->average(p.data(), n, 0.125f, own.data());
    CHECK(same_bits(own.data(), moved.data(), n), "%s", describe(s, "average"));
    own = p;
    s.engine.kernels->apply({own.data(), g.data(), n, 0.75f, {RuleKind::sgd, 0.1f, 0.01f}, {}});
    CHECK(same_bits(own.data(), stepped.data(), n), "%s", describe(s, "clipped step"));
  });
}

void limited_norms() {
  Random random(3);
  const int K = 33;
  for (const int width : {16, 48, 64}) {
    const std::vector<float> w = numbers(random, static_cast<size_t>(K * width));
    std::vector<float> limited = w;
    int longer = 0;
    for (int j = 0; j < width; j++) {
      double sum = 0;
      for (int k = 0; k < K; k++) sum += static_cast<double>(w[static_cast<size_t>(k * width + j)]) * static_cast<double>(w[static_cast<size_t>(k * width + j)]);
      if (!(std::sqrt(sum) > 3.3)) continue;
      longer++;
      for (int k = 0; k < K; k++) limited[static_cast<size_t>(k * width + j)] *= static_cast<float>(3.3 / std::sqrt(sum));
    }
    CHECK(longer > 0 && longer < width, "%d of %d columns", longer, width);
    each_isa([&](const Setting& s) {
      std::vector<float> own = w;
      s.engine.kernels->limit_columns(own.data(), K, width, 3.3);
      CHECK(same_bits(own.data(), limited.data(), own.size()), "%s", describe(s, "%d columns", width));
    });
  }
}

// Against a definition in double precision, and the same bits everywhere
void smoothed_labels() {
  Random random(4);
  const int rows = 9, C = 10;
  const float smoothing = 0.1f;
  Matrix z(rows, C);
  for (float& v : z.values) v = 4 * random.uniform();
  std::vector<int32_t> labels;
  for (int r = 0; r < rows; r++) labels.push_back(random.below(C));
  std::vector<float> first;
  each_isa([&](const Setting& s) {
    Padded padded(z, 0, s), gradient(rows, C, s);
    const MatrixView view = gradient.view();
    std::vector<double> losses(rows, -1);
    loss(s.engine, LossKind::softmax_cross_entropy, {padded.view(), nullptr}, Activation::identity, rows, C, {labels.data(), nullptr}, &view,
         {losses.data(), nullptr}, smoothing);
    std::vector<float> all;
    for (int r = 0; r < rows; r++) {
      double sum = 0, expected = 0;
      for (int c = 0; c < C; c++) sum += std::exp(static_cast<double>(z[r][c]));
      for (int c = 0; c < C; c++) {
        const double q = (c == labels[static_cast<size_t>(r)] ? 1.0 - 0.1 : 0.0) + 0.1 / C, p = std::exp(static_cast<double>(z[r][c])) / sum;
        expected += q * (std::log(sum) - static_cast<double>(z[r][c]));
        CHECK(std::abs(static_cast<double>(gradient.row(r)[c]) - (p - q) / rows) < 1e-7, "%s", describe(s, "gradient %d of row %d", c, r));
        all.push_back(gradient.row(r)[c]);
      }
      CHECK(std::abs(losses[static_cast<size_t>(r)] - expected) < 1e-6, "%s", describe(s, "loss of row %d", r));
    }
    if (first.empty()) first = all;
    CHECK(same_bits(first.data(), all.data(), all.size()), "%s", describe(s, "gradient"));
  });
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  dropout();
  norms_and_averages();
  limited_norms();
  smoothed_labels();
  return finish();
}
