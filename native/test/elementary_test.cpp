// Elementary functions, through the operations that use them: near the C library's, the same bits on every instruction set,
// and bits that are pinned, because variants with the same error agree with each other.

#include <algorithm>

#include "cases.h"
#include "loss.h"

namespace mlp {
namespace test {
namespace {

// Floats of all sizes and both signs, about every 16,000th, and a denser run where the functions bend
std::vector<float> samples() {
  std::vector<float> list;
  for (uint64_t bits = 0; bits < 0x100000000ull; bits += 16411) {
    const float value = float_of(static_cast<uint32_t>(bits));
    if (std::isfinite(value)) list.push_back(value);
  }
  for (int i = -40000; i <= 40000; i++) list.push_back(static_cast<float>(i) * 0x1p-12f);
  while (list.size() % 4096) list.push_back(0);
  return list;
}

// act(z) for every z: a layer of zero weights whose biases are the z
std::vector<float> activated(const Setting& s, Activation activation, const std::vector<float>& z) {
  std::vector<float> result;
  const int N = 4096;
  for (size_t at = 0; at < z.size(); at += N) {
    Parameters parameters(Matrix(1, N),
                          std::vector<float>(z.begin() + static_cast<long>(at), z.begin() + static_cast<long>(at) + N), s);
    Padded x(Matrix(1, 1), 0, s), out(1, N, s), pre(1, N, s);
    forward(s.engine, x.input(), 1, parameters.view(activation), {out.view(), pre.view().data});
    result.insert(result.end(), out.row(0), out.row(0) + N);
  }
  return result;
}

// act'(z) for every z: a gradient of 1 passed back through weights of 1
template <Activation A>
std::vector<float> derivative(const Setting& s, const std::vector<float>& z) {
  std::vector<float> result;
  const int K = 4096;
  Parameters parameters(Matrix(K, 1, 1.0f), {0}, s);
  Scratch scratch;
  for (size_t at = 0; at < z.size(); at += K) {
    Matrix row(1, K);
    std::copy_n(z.begin() + static_cast<long>(at), K, row.values.begin());
    Padded g(Matrix(1, 1, 1.0f), 0, s), pre(row, 0, s), grad_in(1, K, s);
    backward(s.engine, g.view(), 1, parameters.view(), {pre.view(), pre.view().data}, A, grad_in.view(), scratch);
    result.insert(result.end(), grad_in.row(0), grad_in.row(0) + K);
  }
  return result;
}

// exp(z) for every z <= -18: with two classes, one of them at 0, the sum is exactly 1
std::vector<float> exponential(const Setting& s, const std::vector<float>& z) {
  std::vector<float> result;
  Padded gradient(1, 2, s);
  const MatrixView view = gradient.view();
  for (const float v : z) {
    Matrix logits(1, 2);
    logits[0][1] = v;
    Padded padded(logits, 0, s);
    const int32_t label = 0;
    double loss;
    mlp::loss(s.engine, LossKind::softmax_cross_entropy, {padded.view(), nullptr}, Activation::identity, 1, 2, {&label, nullptr}, &view,
              {&loss, nullptr});
    result.push_back(gradient.row(0)[1]);
  }
  return result;
}

uint64_t hash_of(const std::vector<float>& values) {
  Hash hash;
  hash.add(values.data(), values.size() * sizeof(float));
  return hash.value();
}

struct Function {
  const char* name;
  std::vector<float> (*compute)(const Setting&, const std::vector<float>&);
  double (*exact)(double);
  double (*scale)(double);  // of the error, by z
  double bound;             // units in the last place of the scale
  uint64_t pinned;
};

template <Activation A>
std::vector<float> activation(const Setting& s, const std::vector<float>& z) {
  return activated(s, A, z);
}

template <Activation A>
double exact(double z) {
  return reference::exact_activation(A, z);
}

double same(double z) { return z; }
double one(double) { return 1; }

const Function kFunctions[] = {
    {"tanh", activation<Activation::tanh>, exact<Activation::tanh>, exact<Activation::tanh>, 2, 0xd1276d12d9f4f229ull},
    {"sigmoid", activation<Activation::sigmoid>, exact<Activation::sigmoid>, exact<Activation::sigmoid>, 2.5,
     0x3b0d358eec8f9b4full},
    {"gelu", activation<Activation::gelu>, exact<Activation::gelu>, same, 2, 0x4a79f34a44fd40b0ull},
    {"elu", activation<Activation::elu>, exact<Activation::elu>, exact<Activation::elu>, 4, 0xe993ce2ae2aae70cull},
    {"selu", activation<Activation::selu>, exact<Activation::selu>, exact<Activation::selu>, 4,
     0xd6d0b5de2a2f8dcdull},
    {"silu", activation<Activation::silu>, exact<Activation::silu>, same, 2, 0x78a9479742b1359eull},
    {"mish", activation<Activation::mish>, exact<Activation::mish>, same, 3, 0xd2cc31117dd6f4ddull},
    {"derivative of silu", derivative<Activation::silu>, reference::exact_silu_derivative, one, 3, 0x3ab85a0eb157b223ull},
    {"derivative of mish", derivative<Activation::mish>, reference::exact_mish_derivative, one, 2, 0xbf22684ae18c3d06ull},
    {"derivative of gelu", derivative<Activation::gelu>, reference::exact_gelu_derivative, one, 2, 0x235f7dcce72b0e1full},
};

bool cut_off(const Function& f, double z) { return f.scale == f.exact && z < -64; }  // exp is +0 there by contract

void accurate_and_pinned() {
  const std::vector<float> z = samples();
  for (const Function& f : kFunctions) {
    const std::vector<float> first = f.compute(settings()[0], z);
    double worst = 0;
    float where = 0;
    for (size_t i = 0; i < z.size(); i++) {
      if (cut_off(f, z[i]) || std::abs(z[i]) > 1e18f) continue;
      const double off = ulps(first[i], f.exact(z[i]), f.scale(z[i]));
      if (off > worst) worst = off, where = z[i];
    }
    printf("%s: off by %.3f units in the last place at most, at %g\n", f.name, worst, where);
    CHECK(worst < f.bound, "%s: off by %g units in the last place at %.9g", f.name, worst, where);
    CHECK(hash_of(first) == f.pinned, "%s: 0x%016llxull", f.name, static_cast<unsigned long long>(hash_of(first)));
    for (size_t i = 1; i < settings().size(); i++) {
      CHECK(hash_of(f.compute(settings()[i], z)) == hash_of(first), "%s", describe(settings()[i], "%s", f.name));
    }
  }
}

void exponential_of_softmax() {
  std::vector<float> z;
  for (int i = 0; i < 30000; i++) z.push_back(-18 - static_cast<float>(i) * (46.0f / 30000));
  for (size_t i = 0; i < settings().size(); i++) {
    if (settings()[i].engine.threads > 1) continue;
    const std::vector<float> e = exponential(settings()[i], z);
    double worst = 0;
    bool reference_bits = true;
    for (size_t j = 0; j < z.size(); j++) {
      worst = std::max(worst, ulps(e[j], std::exp(static_cast<double>(z[j]))));
      reference_bits = reference_bits && bits_of(e[j]) == bits_of(reference::exp_nonpositive(z[j]));
    }
    CHECK(worst < 1, "%s", describe(settings()[i], "exp is off by %g units in the last place", worst));
    CHECK(reference_bits, "%s", describe(settings()[i], "exp"));
    const std::vector<float> past = exponential(settings()[i], {-64, std::nextafter(-64.0f, -65.0f), -65, -1e30f, -3.4e38f});
    CHECK(past[0] > 0x1p-126f, "%g", past[0]);
    for (size_t j = 1; j < past.size(); j++) CHECK(bits_of(past[j]) == 0, "%zu: %g", j, past[j]);
  }
  double worst = 0;
  for (int i = 1; i < 200000; i++) {
    const double x = i * 0.001;
    worst = std::max(worst, std::abs(reference::log_positive(x) - std::log(x)) / std::max(std::abs(std::log(x)), 0x1p-10));
  }
  CHECK(worst < 0x1p-51, "log is off by %g", worst);
}

std::vector<float> at(const Setting& s, Activation a, std::vector<float> z) {
  const size_t count = z.size();
  z.resize(4096);
  z = activated(s, a, z);
  z.resize(count);
  return z;
}

void edges() {
  const float infinity = std::numeric_limits<float>::infinity(), huge = std::numeric_limits<float>::max();
  for (size_t i = 0; i < settings().size(); i++) {
    if (settings()[i].engine.threads > 1) continue;
    const Setting& s = settings()[i];
    const char* what = describe(s, "edges");
    const auto is = [&](Activation a, const std::vector<float>& z, const std::vector<float>& wanted) {
      const std::vector<float> y = at(s, a, z);
      for (size_t j = 0; j < z.size(); j++) {
        CHECK(bits_of(y[j]) == bits_of(wanted[j]), "%s: activation %d of %g is %g", what, static_cast<int>(a), z[j], y[j]);
      }
    };
    is(Activation::identity, {0.0f, -0.0f, infinity, -infinity}, {0, 0, infinity, -infinity});
    is(Activation::relu, {0.0f, -0.0f, infinity, -infinity, 0x1p-149f, -0x1p-149f}, {0, 0, infinity, 0, 0x1p-149f, 0});
    is(Activation::leaky_relu, {0.0f, -0.0f, infinity, -infinity, -0x1p-149f}, {0, 0, infinity, -infinity, 0});
    is(Activation::tanh, {0.0f, -0.0f, infinity, -infinity, huge, -huge, 0x1p-149f, -0x1p-149f},
       {0, 0, 1, -1, 1, -1, 0x1p-149f, -0x1p-149f});
    is(Activation::sigmoid, {0.0f, -0.0f, infinity, -infinity, huge, -huge, -65}, {0.5f, 0.5f, 1, 0, 1, 0, 0});
    is(Activation::gelu, {0.0f, -0.0f, infinity, huge, -huge, -6}, {0, 0, infinity, huge, 0, 0});
    for (const Activation a :
         {Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::sigmoid, Activation::gelu}) {
      CHECK(std::isnan(at(s, a, {kNan})[0]), "%s: activation %d of NaN", what, static_cast<int>(a));
    }
  }
}

// Steps so wide that rounding cannot turn the order round
void monotone() {
  std::vector<float> z(4096);
  for (int i = 0; i < 4096; i++) z[static_cast<size_t>(i)] = static_cast<float>(i - 2048) * 0x1p-7f;
  for (size_t i = 0; i < settings().size(); i++) {
    if (settings()[i].engine.threads > 1) continue;
    for (const Activation a : {Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::sigmoid}) {
      const std::vector<float> y = activated(settings()[i], a, z);
      CHECK(std::is_sorted(y.begin(), y.end()), "%s", describe(settings()[i], "activation %d", static_cast<int>(a)));
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  accurate_and_pinned();
  exponential_of_softmax();
  edges();
  monotone();
  return finish();
}
