#pragma once
// Common code of the tests of the drivers: every instruction set of this machine on 1, 2 and 3 threads, numbers from a
// fixed generator, and matrices as the drivers take them.

#include <stdarg.h>

#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "dense.h"
#include "dispatch.h"
#include "guarded.h"
#include "reference.h"

namespace mlp {
namespace test {

using reference::Matrix;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Fewer cases where a case takes long: under an emulator or a sanitizer (set by CMakeLists.txt).
inline bool quick() { return getenv("NATIVE_MLP_QUICK_TESTS") != nullptr; }

struct Setting {
  Engine engine;
  size_t shift;  // floats by which all memory misses 64-byte alignment, which no driver asks for
};

inline const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> list;
    for (const IsaEntry& isa : isa_table()) {
      if (!isa.kernels || !isa.supported) continue;
      for (int threads = 1; threads <= 3; threads++)
        list.push_back({{isa.kernels, threads}, static_cast<size_t>(threads - 1) * 3});
      // a processor without VBMI2 makes its lists otherwise
      const Kernels* plain = avx512_kernels();
      if (plain && isa.kernels != plain && strcmp(isa.name, plain->name) == 0) list.push_back({{plain, 2}, 1});
    }
    return list;
  }();
  return all;
}

// Text for a check that failed; one at a time.
__attribute__((format(printf, 2, 3))) inline const char* describe(const Setting& s, const char* format, ...) {
  static char text[256];
  const int n = snprintf(text, sizeof text, "%s, %d threads: ", s.engine.kernels->name, s.engine.threads);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + n, sizeof text - static_cast<size_t>(n), format, arguments);
  va_end(arguments);
  return text;
}

// splitmix64
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
  }
  int below(int n) { return static_cast<int>(next() >> 33) % n; }
  // in [-1, 1), on a grid of 2^-23
  float uniform() { return static_cast<float>(static_cast<int>(next() >> 40) - (1 << 23)) * 0x1p-23f; }

 private:
  uint64_t state_;
};

// How the numbers of a matrix are drawn. The odd ones are where an order of summation or a lost sign of zero shows.
enum class Draw { normal, signed_zeros, denormals, zero };

inline float draw(Random& random, Draw kind) {
  switch (kind) {
    case Draw::signed_zeros: return random.below(2) ? 0.0f : -0.0f;
    case Draw::denormals: return random.uniform() * (random.below(3) ? 0x1p-130f : 0x1p-75f);
    case Draw::zero: return 0.0f;
    default: return random.uniform();
  }
}

inline Matrix random_matrix(Random& random, int rows, int cols, Draw kind = Draw::normal) {
  Matrix m(rows, cols);
  for (float& v : m.values) v = draw(random, kind);
  return m;
}

inline std::vector<float> random_vector(Random& random, int count, Draw kind = Draw::normal) {
  return random_matrix(random, 1, count, kind).values;
}

// A matrix with padded rows between guard bands. As an output it begins full of NaN.
class Padded {
 public:
  Padded(int rows, int cols, const Setting& s)
      : rows_(rows), cols_(cols), stride_(row_stride(cols)), memory_(static_cast<size_t>(rows) * stride_, kNan, s.shift) {}
  Padded(const Matrix& m, float padding, const Setting& s) : Padded(m.rows, m.cols, s) {
    for (size_t i = 0; i < memory_.size(); i++) memory_[i] = padding;
    for (int r = 0; r < rows_; r++) {
      for (int c = 0; c < cols_; c++) row(r)[c] = m[r][c];
    }
  }

  float* row(int r) { return memory_.data() + static_cast<size_t>(r) * stride_; }
  const float* row(int r) const { return memory_.data() + static_cast<size_t>(r) * stride_; }
  size_t stride() const { return stride_; }
  MatrixView view() { return {memory_.data(), stride_}; }
  LayerInput input() { return {nullptr, memory_.data(), stride_}; }
  bool intact() const { return memory_.intact(); }

  // Bit for bit, zeros up to the next multiple of 16 columns, beyond it untouched
  void expect(const Matrix& wanted, const char* what) const {
    for (int r = 0; r < rows_; r++) {
      if (!same_bits(row(r), wanted[r], static_cast<size_t>(cols_))) {
        int c = 0;
        while (same_bits(row(r) + c, wanted[r] + c, 1)) c++;
        CHECK(false, "%s: [%d][%d] is %.9g (%08x), not %.9g (%08x)", what, r, c, row(r)[c], bits_of(row(r)[c]), wanted[r][c],
              bits_of(wanted[r][c]));
        return;
      }
    }
    CHECK(true);
    expect_padding(what);
  }

  void expect_padding(const char* what) const {
    bool zeros = true, untouched = true;
    for (int r = 0; r < rows_; r++) {
      for (size_t c = static_cast<size_t>(cols_); c < stride_; c++) {
        if (c < static_cast<size_t>(round16(cols_))) zeros = zeros && bits_of(row(r)[c]) == 0;
        else untouched = untouched && bits_of(row(r)[c]) == bits_of(kNan);
      }
    }
    CHECK(zeros, "%s: padding", what);
    CHECK(untouched, "%s: written past the padding", what);
    CHECK(intact(), "%s: guard bands", what);
  }

 private:
  int rows_, cols_;
  size_t stride_;
  Guarded<float> memory_;
};

// A layer's parameters, or a slot of them, as their drivers keep them: the bits of the row-major form, and padding of zeros
inline void expect_packed(const Layout& shape, const float* packed, const Matrix& w, const std::vector<float>& b, const char* what) {
  Matrix weights(w.rows, w.cols);
  std::vector<float> biases(b.size());
  unpack(shape, packed, weights.values.data(), biases.data());
  CHECK(same_bits(weights.values.data(), w.values.data(), w.values.size()), "%s: weights", what);
  CHECK(same_bits(biases.data(), b.data(), b.size()), "%s: biases", what);
  std::vector<bool> used(shape.floats());
  for (int k = 0; k < shape.K; k++) {
    for (int n = 0; n < shape.N; n++) used[shape.at(k, n)] = true;
  }
  for (int n = 0; n < shape.N; n++) used[shape.weights() + static_cast<size_t>(n)] = true;
  bool zeros = true;
  for (size_t i = 0; i < used.size(); i++) zeros = zeros && (used[i] || bits_of(packed[i]) == 0);
  CHECK(zeros, "%s: padding", what);
}

// Parameters of a layer, packed between guard bands
class Parameters {
 public:
  Parameters(const Matrix& w, const std::vector<float>& b, const Setting& s)
      : shape_{w.rows, w.cols}, memory_(shape_.floats(), kNan, s.shift) {
    pack(shape_, w.values.data(), b.data(), memory_.data());
  }
  LayerView view(Activation activation = Activation::identity) { return {shape_, activation, memory_.data()}; }
  const Guarded<float>& memory() const { return memory_; }

  void expect(const Matrix& w, const std::vector<float>& b, const char* what) {
    expect_packed(shape_, memory_.data(), w, b, what);
    CHECK(memory_.intact(), "%s: guard bands", what);
  }

 private:
  Layout shape_;
  Guarded<float> memory_;
};

// What an optimiser remembers of a layer, packed slot after slot with a gap between, all between guard bands
class PackedMemory {
 public:
  PackedMemory(const reference::Memory& from, const Layout& shape, const Setting& s)
      : shape_(shape),
        stride_(shape.floats() + kGap),
        count_(from.weights.size()),
        memory_(count_ * stride_, kNan, s.shift) {
    for (size_t i = 0; i < count_; i++) pack(shape_, from.weights[i].values.data(), from.biases[i].data(), slot(i));
  }
  Slots view() { return {count_ ? memory_.data() : nullptr, stride_}; }

  void save(reference::Memory& to) {
    for (size_t i = 0; i < count_; i++) unpack(shape_, slot(i), to.weights[i].values.data(), to.biases[i].data());
  }

  void expect(const reference::Memory& wanted, const char* what) {
    for (size_t i = 0; i < count_; i++) {
      char text[300];
      snprintf(text, sizeof text, "%s: slot %zu", what, i);
      expect_packed(shape_, slot(i), wanted.weights[i], wanted.biases[i], text);
      bool untouched = true;
      for (size_t j = 0; j < kGap; j++) untouched = untouched && bits_of(slot(i)[shape_.floats() + j]) == bits_of(kNan);
      CHECK(untouched, "%s: written past the slot", text);
    }
    CHECK(memory_.intact(), "%s: slots' guard bands", what);
  }

 private:
  static constexpr size_t kGap = 16;
  float* slot(size_t i) { return memory_.data() + i * stride_; }

  Layout shape_;
  size_t stride_, count_;
  Guarded<float> memory_;
};

constexpr RuleKind kAllRules[] = {RuleKind::sgd, RuleKind::momentum, RuleKind::nesterov, RuleKind::adam, RuleKind::rms_prop};
static_assert(sizeof kAllRules / sizeof *kAllRules == kRuleKinds, "each kind of rule");

struct Optimizer {
  RuleKind kind;
  float rate, l2, l2_biases;
  float decay = 0;  // of the weights, adam only
  float l1 = 0;     // of the weights

  // The rule of step t, t = 1 the first. What a kind does not use is not a number.
  Rule rule(int t, bool biases) const {
    Rule r = {kind, rate, biases ? l2_biases : l2, kNan, kNan, kNan, kNan, kNan, kNan, kNan, kNan, biases ? 0 : l1};
    if (kind == RuleKind::momentum || kind == RuleKind::nesterov) r.momentum = 0.9f;
    if (kind == RuleKind::rms_prop) {
      r.beta2 = 0.99f;
      r.rest2 = 0.01f;
      r.epsilon = 1e-8f;
    }
    if (kind != RuleKind::adam) return r;
    double beta1_t = 1, beta2_t = 1;
    for (int i = 0; i < t; i++) {
      beta1_t *= 0.9;
      beta2_t *= 0.999;
    }
    r.learning_rate = static_cast<float>(static_cast<double>(rate) / (1 - beta1_t));
    r.keep = biases ? 1 : 1 - rate * decay;
    r.beta1 = 0.9f;
    r.rest1 = 0.1f;
    r.beta2 = 0.999f;
    r.rest2 = 0.001f;
    r.epsilon = 1e-8f;
    r.root_scale = static_cast<float>(1 / std::sqrt(1 - beta2_t));
    return r;
  }
  LayerRule rules(int t) const { return {rule(t, false), rule(t, true)}; }
};

// A mini-batch drawn with repetition from a data set that is there as bytes and as the floats these bytes mean.
class Data {
 public:
  // `kind` is how the meaning of the bytes is drawn. None, most or nearly all bytes are 0, which means `zero_means`.
  Data(Random& random, int rows, int cols, Draw kind, float zero_means = 0)
      : Data(random, rows, cols, random_vector(random, 256, kind), zero_means) {}
  Data(Random& random, int rows, int cols, const std::vector<float>& table, float zero_means)
      : x(rows, cols),
        set_rows_(rows / 2 + 1),
        bytes_(size(set_rows_, cols), 0, 1),
        floats_(size(set_rows_, cols), 0, 1),
        table_(table) {
    table_[0] = zero_means;
    const int one_in[] = {1, 5, 30}, density = one_in[random.below(3)];
    for (size_t i = 0; i < bytes_.size(); i++) {
      bytes_[i] = static_cast<uint8_t>(random.below(density) ? 0 : random.below(256));
      floats_[i] = table_[bytes_[i]];
    }
    for (int r = 0; r < rows; r++) {
      indices_.push_back(random.below(set_rows_));
      for (int k = 0; k < cols; k++) x[r][k] = floats_[size(indices_.back(), cols) + static_cast<size_t>(k)];
    }
  }

  Matrix x;  // the batch

  Inputs inputs(InputKind kind) const {
    if (kind == InputKind::bytes) return {bytes_.data(), table_.data(), nullptr, set_rows_, x.cols};
    return {nullptr, nullptr, floats_.data(), set_rows_, x.cols};
  }

  Batch batch(InputKind kind, bool sparse, const Setting& s) const {
    const Inputs in = inputs(kind);
    Batch batch(*s.engine.kernels, x.rows ? x.rows : 1, x.cols, kind, sparse, measure(in).longest_row);
    CHECK(batch.gather(in, indices_.data(), x.rows, true, s.engine.threads), "%s", describe(s, "gather %d x %d", x.rows, x.cols));
    return batch;
  }

  // Every form in which a layer of `outputs` outputs may get the batch: fn(input, what it is called)
  template <class F>
  void each_form(int outputs, const Setting& s, const F& fn) const {
    Padded matrix(x, 0, s);
    fn(matrix.input(), "matrix");
    for (const InputKind kind : {InputKind::bytes, InputKind::floats}) {
      for (const bool sparse : {false, true}) {
        if (sparse && (!takes_sparse(outputs) || measure(inputs(kind)).longest_row < 0)) continue;
        const Batch form = batch(kind, sparse, s);
        const char* const names[2][2] = {{"bytes", "floats"}, {"sparse bytes", "sparse floats"}};
        fn(LayerInput{&form, nullptr, 0}, names[sparse][kind == InputKind::floats]);
      }
    }
  }

 private:
  static size_t size(int rows, int cols) { return static_cast<size_t>(rows) * static_cast<size_t>(cols); }

  int set_rows_;
  Guarded<uint8_t> bytes_;
  Guarded<float> floats_;
  std::vector<float> table_;
  std::vector<int32_t> indices_;
};

// |actual - exact| in units of the last place of a float of the size of `scale`
inline double ulps(float actual, double exact, double scale) {
  const double size = std::abs(scale) < 0x1p-126 ? 0x1p-126 : std::abs(scale);
  const double unit = std::ldexp(1.0, std::ilogb(size) - 23);
  return std::abs(static_cast<double>(actual) - exact) / unit;
}

inline double ulps(float actual, double exact) { return ulps(actual, exact, exact); }

// Shapes around every tile edge
inline std::vector<int> widths() {
  if (quick()) return {1, 10, 15, 16, 17, 47, 64, 65, 130, 192};
  return {1, 9, 10, 15, 16, 17, 47, 63, 64, 65, 100, 128, 130, 192, 200};
}
inline std::vector<int> depths() {
  if (quick()) return {1, 16, 49, 65, kInputBlock + 1};
  return {1, 3, 16, 47, 48, 49, 65, kInputBlock, kInputBlock + 1, 784};
}
inline std::vector<int> heights() {
  if (quick()) return {0, 1, 7, 65};
  return {0, 1, 5, 6, 7, 33, 64, 65, 256};
}

// fn(rows, a, b) for every height and every pair of the two lists; of the products that take long, for one in seven
template <class F>
void each_shape(const std::vector<int>& as, const std::vector<int>& bs, const F& fn) {
  int turn = 0;
  for (const int rows : heights()) {
    for (const int a : as) {
      for (const int b : bs) {
        if (static_cast<long>(rows) * a * b < 500000 || ++turn % 7 == 0) fn(rows, a, b);
      }
    }
  }
}

}  // namespace test
}  // namespace mlp
