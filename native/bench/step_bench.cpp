// Training steps of 784-H-10 without Node: what the JavaScript interface adds to a step is the difference to the same case of
// `npm run bench`. Prints a line of JSON a case.
//
//   step_bench <pixels> <labels> <isa> <threads> <milliseconds> <case>...
//
// pixels: rows of 784 bytes; labels: a byte each; a case: "step mnist B=256 H=128". Whatever the file holds is trained on;
// the word "mnist" only names it.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <random>

#include "../dispatch.h"
#include "../loss.h"
#include "sampling.h"

namespace mlp {
namespace {

constexpr int kPixels = 784, kClasses = 10;
constexpr double kSparseBelow = 0.5;  // as src/backend/native-backend.ts chooses
constexpr SgdRule kWeightsRule = {0.01f, 1e-4f}, kBiasesRule = {0.01f, 0};

[[noreturn]] void fail(const char* what, const char* which) {
  fprintf(stderr, "step_bench: %s: %s\n", what, which);
  exit(EXIT_FAILURE);
}

std::vector<uint8_t> read_bytes(const char* path) {
  FILE* const file = fopen(path, "rb");
  if (!file) fail("cannot open", path);
  std::vector<uint8_t> bytes;
  uint8_t chunk[1 << 16];
  for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) bytes.insert(bytes.end(), chunk, chunk + n);
  fclose(file);
  return bytes;
}

struct Data {
  std::vector<uint8_t> pixels, labels;
  std::vector<float> table;  // byte i means i / 255

  Data(const char* pixels_path, const char* labels_path)
      : pixels(read_bytes(pixels_path)), labels(read_bytes(labels_path)), table(256) {
    if (labels.empty() || pixels.size() != labels.size() * kPixels) fail("expected 784 bytes a label", pixels_path);
    for (int i = 0; i < 256; i++) table[static_cast<size_t>(i)] = static_cast<float>(i) / 255.0f;
  }
  int rows() const { return static_cast<int>(labels.size()); }
  Inputs inputs() const { return {pixels.data(), table.data(), nullptr, rows(), kPixels}; }
};

struct DenseLayer {
  Layout shape;
  Activation activation;
  Buffer<float> parameters;

  DenseLayer(int K, int N, Activation a, std::mt19937& random) : shape{K, N}, activation(a), parameters(shape.floats()) {
    std::normal_distribution<float> he(0, sqrtf(2.0f / static_cast<float>(K)));
    std::vector<float> weights(static_cast<size_t>(K) * static_cast<size_t>(N)), biases(static_cast<size_t>(N));
    for (float& w : weights) w = he(random);
    pack(shape, weights.data(), biases.data(), parameters.data());
  }
  LayerView view() const { return {shape, activation, parameters.data()}; }
};

struct Activations {
  Buffer<float> values;
  size_t stride;

  Activations(int rows, int cols) : values(static_cast<size_t>(rows) * row_stride(cols)), stride(row_stride(cols)) {}
  MatrixView view() const { return {values.data(), stride}; }
};

// As TrainingStep in src/train/step.ts, with the same operations in the same order
class Step {
 public:
  Step(const Engine& engine, const Data& data, int B, int H)
      : engine_(engine),
        data_(data),
        B_(B),
        random_(1),
        batch_(make_batch(engine, data, B, H)),
        first_(kPixels, H, Activation::relu, random_),
        second_(H, kClasses, Activation::identity, random_),
        hidden_(B, H),
        logits_(B, kClasses),
        hidden_gradient_(B, H),
        logits_gradient_(B, kClasses),
        labels_(static_cast<size_t>(B)),
        losses_(static_cast<size_t>(B)),
        order_(static_cast<size_t>(data.rows())) {
    for (size_t i = 0; i < order_.size(); i++) order_[i] = static_cast<int32_t>(i);
    std::shuffle(order_.begin(), order_.end(), random_);
  }

  // the mean loss
  double run() {
    const size_t rows = static_cast<size_t>(B_);
    if (at_ + rows > order_.size()) at_ = 0;
    const int32_t* const indices = order_.data() + at_;
    at_ += rows;
    if (!batch_.gather(data_.inputs(), indices, B_, true, engine_.threads)) fail("batch", "the data have changed");
    const LayerInput in = {&batch_, nullptr, 0}, hidden = {nullptr, hidden_.values.data(), hidden_.stride};
    forward(engine_, in, B_, first_.view(), {hidden_.view(), nullptr});
    forward(engine_, hidden, B_, second_.view(), {logits_.view(), nullptr});
    for (size_t r = 0; r < rows; r++) labels_[r] = data_.labels[static_cast<size_t>(indices[r])];
    const MatrixView gradient = logits_gradient_.view();
    softmax_cross_entropy(engine_, logits_.view(), B_, kClasses, labels_.data(), &gradient, losses_.data());
    double loss = 0;
    for (const double l : losses_) loss += l;
    backward(engine_, gradient, B_, second_.view(), {hidden_.view(), nullptr}, Activation::relu, hidden_gradient_.view());
    update(engine_, hidden, gradient, B_, second_.view(), kWeightsRule, kBiasesRule);
    update(engine_, in, hidden_gradient_.view(), B_, first_.view(), kWeightsRule, kBiasesRule);
    return loss / B_;
  }

 private:
  static Batch make_batch(const Engine& engine, const Data& data, int B, int H) {
    const InputStatistics s = measure(data.inputs());
    const double density = static_cast<double>(s.nonzeros) / static_cast<double>(data.pixels.size());
    return Batch(*engine.kernels, B, kPixels, InputKind::bytes, density < kSparseBelow && takes_sparse(H), s.longest_row);
  }

  const Engine engine_;
  const Data& data_;
  const int B_;
  std::mt19937 random_;
  Batch batch_;
  DenseLayer first_, second_;
  Activations hidden_, logits_, hidden_gradient_, logits_gradient_;
  std::vector<int32_t> labels_;
  std::vector<double> losses_;
  std::vector<int32_t> order_;
  size_t at_ = 0;
};

void run_case(const Engine& engine, const Data& data, const bench::Effort& effort, const char* name) {
  const char* const b = strstr(name, "B=");
  const char* const h = strstr(name, "H=");
  const int B = b ? atoi(b + 2) : 0, H = h ? atoi(h + 2) : 0;
  if (B < 1 || B > data.rows() || H < 1) fail("expected a case like 'step mnist B=256 H=128'", name);
  Step step(engine, data, B, H);
  double loss = 0;
  const std::vector<double> samples = bench::sample(effort, [&] { loss = step.run(); });
  if (!std::isfinite(loss)) fail("the loss is no longer finite", name);
  bench::print_samples(name, engine.threads, samples);
}

}  // namespace
}  // namespace mlp

int main(int argc, char** argv) {
  using namespace mlp;
  if (argc < 7) fail("usage", "step_bench <pixels> <labels> <isa> <threads> <milliseconds> <case>...");
  const Kernels* const kernels = select_kernels(argv[3]);
  if (!kernels) fail("not an instruction set of this build and processor", argv[3]);
  const Data data(argv[1], argv[2]);
  const double milliseconds = atof(argv[5]);
  printf("{\"version\": \"C++, %s\"}\n", kernels->name);
  for (int i = 6; i < argc; i++) run_case({kernels, atoi(argv[4])}, data, {milliseconds / 6, milliseconds}, argv[i]);
}
