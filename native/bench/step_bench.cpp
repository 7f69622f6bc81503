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
#include "../program.h"
#include "sampling.h"

namespace mlp {
namespace {

constexpr int kPixels = 784, kClasses = 10;
constexpr double kSparseBelow = 0.5;  // as src/backend/native-backend.ts chooses
constexpr LayerRule kRule = {{RuleKind::sgd, 0.01f, 1e-4f}, {RuleKind::sgd, 0.01f, 0}};

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

// He-normal weights and zero biases of all layers, one after the other
Buffer<float> random_parameters(const std::vector<ProgramLayer>& layers, std::mt19937& random) {
  size_t floats = 0;
  for (const ProgramLayer& l : layers) floats += l.shape.floats();
  Buffer<float> parameters(floats);
  float* at = parameters.data();
  for (const ProgramLayer& l : layers) {
    std::normal_distribution<float> he(0, sqrtf(2.0f / static_cast<float>(l.shape.K)));
    std::vector<float> weights(static_cast<size_t>(l.shape.K) * static_cast<size_t>(l.shape.N)), biases(static_cast<size_t>(l.shape.N));
    for (float& w : weights) w = he(random);
    pack(l.shape, weights.data(), biases.data(), at);
    at += l.shape.floats();
  }
  return parameters;
}

// Matrices: outputs of the two layers, and their gradients
ProgramSpec step_program(const Data& data, int B, int H) {
  const InputStatistics s = measure(data.inputs());
  const double density = static_cast<double>(s.nonzeros) / static_cast<double>(data.pixels.size());
  ProgramSpec spec = {};
  spec.cols = kPixels;
  spec.kind = InputKind::bytes;
  spec.sparse = density < kSparseBelow && takes_sparse(H);
  spec.longest_row = s.longest_row;
  spec.capacity = B;
  spec.layers = {{{kPixels, H}, Activation::relu}, {{H, kClasses}, Activation::identity}};
  spec.matrices = {H, kClasses, H, kClasses};
  constexpr LossKind loss = LossKind::softmax_cross_entropy;
  spec.code = {{OpCode::gather, 0, kNone, kNone, kNone, loss},  {OpCode::forward, 0, kBatch, kNone, 0, loss},
               {OpCode::forward, 1, 0, kNone, 1, loss},         {OpCode::loss, 0, 1, 3, kNone, loss},
               {OpCode::backward, 1, 0, 3, 2, loss},            {OpCode::update, 1, 0, 3, kNone, loss},
               {OpCode::update, 0, kBatch, 2, kNone, loss}};
  const std::string problem = problem_of(spec);
  if (!problem.empty()) fail("program", problem.c_str());
  return spec;
}

// As TrainingStep in src/train/step.ts: one run of a program
class Step {
 public:
  Step(const Engine& engine, const Data& data, int B, int H)
      : engine_(engine),
        data_(data),
        B_(B),
        random_(1),
        program_(engine, step_program(data, B, H)),
        parameters_(random_parameters(program_.spec().layers, random_)),
        losses_(static_cast<size_t>(B)),
        labels_(data.labels.begin(), data.labels.end()),
        order_(static_cast<size_t>(data.rows())) {
    for (const int32_t label : labels_) {
      if (label >= kClasses) fail("labels", "expected classes from 0 to 9");
    }
    for (size_t i = 0; i < order_.size(); i++) order_[i] = static_cast<int32_t>(i);
    std::shuffle(order_.begin(), order_.end(), random_);
  }

  // the mean loss
  double run() {
    const size_t rows = static_cast<size_t>(B_);
    if (at_ + rows > order_.size()) at_ = 0;
    const int32_t* const indices = order_.data() + at_;
    at_ += rows;
    const Outcome outcome = program_.run(engine_, data_.inputs(), indices, B_,
                                         {parameters_.data(), {}, labels_.data(), nullptr, losses_.data(), nullptr, nullptr}, kRule);
    if (outcome.status == Outcome::data_changed) fail("batch", "the data have changed");
    double loss = 0;
    for (const double l : losses_) loss += l;
    return loss / B_;
  }

 private:
  const Engine engine_;
  const Data& data_;
  const int B_;
  std::mt19937 random_;
  Program program_;
  Buffer<float> parameters_;
  std::vector<double> losses_;
  std::vector<int32_t> labels_, order_;
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
