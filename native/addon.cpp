// What JavaScript sees: `info`, and `open(isa, threads)` whose result holds the operations of src/backend/backend.ts bound to
// one instruction set and thread count. Here arguments are unpacked and checked for memory safety; no arithmetic.

#include <vector>

#include "dispatch.h"
#include "evaluate.h"
#include "fp_environment.h"
#include "gemm.h"
#include "loss.h"
#include "operands.h"
#include "peak.h"
#include "pool.h"

namespace mlp {
namespace {

constexpr int kAbi = 1;
constexpr int kContract = 1;
constexpr float kMaxPeakMs = 1000;

// measure(values, rows, cols, table) -> [number of non-zeros, most in one row]
Napi::Value measure_inputs(const Napi::CallbackInfo& info) {
  const Args args(info, "measure");
  const InputStatistics s = measure(read_inputs(args, 0));
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, static_cast<double>(s.nonzeros));
  result.Set(1u, s.longest_row);
  return result;
}

// createBatch(capacity, cols, bytes, sparse, longestRow) -> handle
Napi::Value create_batch(const Napi::CallbackInfo& info) {
  const Args args(info, "createBatch");
  const bool sparse = args.boolean(3, "sparse");
  const int capacity = args.integer(0, "capacity", 1, sparse ? kMaxListedRows : kMaxInt), cols = args.integer(1, "cols", 1, kMaxCols);
  const int longest = args.integer(4, "longestRow", 0, cols);
  Batch* batch = new Batch(*engine(info).kernels, capacity, cols, read_kind(args, 2), sparse, longest);
  return Handle<Batch>::make(info.Env(), batch, kBatchTag);
}

// gather(values, rows, cols, table, rowIndices, batch)
void gather(const Napi::CallbackInfo& info) {
  const Args args(info, "gather");
  const Inputs inputs = read_inputs(args, 0);
  int count;
  const int32_t* indices = read_indices(args, 4, inputs.rows, count);
  Batch& batch = read_batch(args, 5, engine(info));
  same_kind(args, batch, inputs);
  if (count > batch.capacity()) {
    args.fail<Napi::RangeError>("rowIndices", "at most " + std::to_string(batch.capacity()) + " rows", std::to_string(count));
  }
  const IeeeDefaults defaults;
  if (!batch.gather(inputs, indices, count, true, engine(info).threads)) changed(args);
}

// forward(input, stride, rows, parameters, inputs, outputs, activation, out, outStride, pre | null)
void forward_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "forward");
  const Layout shape = read_shape(args, 4);
  int rows;
  const LayerInput in = read_layer_input(args, 0, engine(info), shape.K, shape.N, rows);
  const LayerView layer = {shape, read_activation(args, 6), args.floats(3, "parameters", shape.floats())};
  const MatrixView out = read_matrix(args, 7, "out", rows, shape.N);
  float* pre = args.is_null(9) ? nullptr : args.floats(9, "preActivations", extent(out, rows));
  no_overlap(args, "out", out.data, extent(out, rows), in.data(), in.data() ? static_cast<size_t>(rows) * in.row_stride() : 0);
  no_overlap(args, "out", out.data, extent(out, rows), layer.parameters, shape.floats());
  const IeeeDefaults defaults;
  forward(engine(info), in, rows, layer, {out, pre});
}

// softmaxCrossEntropy(logits, stride, rows, classes, labels, gradient | null, gradientStride, losses) -> number correct
Napi::Value softmax_loss(const Napi::CallbackInfo& info) {
  const Args args(info, "softmaxCrossEntropy");
  const int rows = args.integer(2, "rows", 0, kMaxInt), classes = args.integer(3, "classes", 1, kMaxCols);
  const MatrixView logits = read_matrix(args, 0, "logits", rows, classes);
  const int32_t* labels = copy_ints(args, 4, "labels", static_cast<size_t>(rows), "classes", classes - 1, 1);
  MatrixView gradient = {nullptr, 0};
  const bool wanted = !args.is_null(5);
  if (wanted) gradient = read_matrix(args, 5, "gradient", rows, classes);
  no_overlap(args, "gradient", gradient.data, extent(gradient, rows), logits.data, extent(logits, rows));
  double* losses = args.doubles(7, "rowLosses", static_cast<size_t>(rows));
  const IeeeDefaults defaults;
  return Napi::Number::New(info.Env(), softmax_cross_entropy(engine(info), logits, rows, classes, labels, wanted ? &gradient : nullptr, losses));
}

// meanSquaredError(output, stride, rows, outputs, activation, pre | null, targets, gradient | null, gradientStride, losses)
void squared_loss(const Napi::CallbackInfo& info) {
  const Args args(info, "meanSquaredError");
  const int rows = args.integer(2, "rows", 0, kMaxInt), outputs = args.integer(3, "outputs", 1, kMaxCols);
  const MatrixView y = read_matrix(args, 0, "output", rows, outputs);
  const Activation activation = read_activation(args, 4);
  float* pre = args.is_null(5) ? nullptr : args.floats(5, "preActivations", extent(y, rows));
  const float* targets = args.floats(6, "targets", static_cast<size_t>(rows) * static_cast<size_t>(outputs));
  MatrixView gradient = {nullptr, 0};
  const bool wanted = !args.is_null(7);
  if (wanted) gradient = read_matrix(args, 7, "gradient", rows, outputs);
  if (activation == Activation::gelu && wanted && !pre) args.fail<Napi::TypeError>("preActivations", "a Float32Array for gelu", "null");
  no_overlap(args, "gradient", gradient.data, extent(gradient, rows), y.data, extent(y, rows));
  double* losses = args.doubles(9, "rowLosses", static_cast<size_t>(rows));
  const IeeeDefaults defaults;
  mean_squared_error(engine(info), {y, pre}, rows, outputs, activation, targets, wanted ? &gradient : nullptr, losses);
}

// backward(gradOut, stride, rows, parameters, inputs, outputs, previous, previousStride, previousPre | null, activation,
//          gradIn, gradInStride)
void backward_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "backward");
  const int rows = args.integer(2, "rows", 0, kMaxInt);
  const Layout shape = read_shape(args, 4);
  const MatrixView g = read_matrix(args, 0, "gradOut", rows, shape.N);
  const LayerView layer = {shape, Activation::identity, args.floats(3, "parameters", shape.floats())};
  const MatrixView previous = read_matrix(args, 6, "previous", rows, shape.K);
  float* pre = args.is_null(8) ? nullptr : args.floats(8, "preActivations", extent(previous, rows));
  const Activation activation = read_activation(args, 9);
  if (activation == Activation::gelu && !pre) args.fail<Napi::TypeError>("preActivations", "a Float32Array for gelu", "null");
  const MatrixView grad_in = read_matrix(args, 10, "gradIn", rows, shape.K);
  no_overlap(args, "gradIn", grad_in.data, extent(grad_in, rows), g.data, extent(g, rows));
  no_overlap(args, "gradIn", grad_in.data, extent(grad_in, rows), previous.data, extent(previous, rows));
  const IeeeDefaults defaults;
  backward(engine(info), g, rows, layer, {previous, pre}, activation, grad_in);
}

// update(input, stride, rows, gradOut, gradOutStride, parameters, inputs, outputs, learningRate, l2, l2Biases)
void update_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "update");
  const Layout shape = read_shape(args, 6);
  int rows;
  const LayerInput in = read_layer_input(args, 0, engine(info), shape.K, shape.N, rows);
  const MatrixView g = read_matrix(args, 3, "gradOut", rows, shape.N);
  const LayerView layer = {shape, Activation::identity, args.floats(5, "parameters", shape.floats())};
  const float rate = args.number(8, "learningRate");
  no_overlap(args, "parameters", layer.parameters, shape.floats(), g.data, extent(g, rows));
  const IeeeDefaults defaults;
  update(engine(info), in, g, rows, layer, {rate, args.number(9, "l2")}, {rate, args.number(10, "l2Biases")});
}

// gradient(input, stride, rows, gradOut, gradOutStride, inputs, outputs, weightsGradient, biasesGradient)
void gradient_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "gradient");
  const Layout shape = read_shape(args, 5);
  int rows;
  const LayerInput in = read_layer_input(args, 0, engine(info), shape.K, shape.N, rows);
  const MatrixView g = read_matrix(args, 3, "gradOut", rows, shape.N);
  float* weights = args.floats(7, "weightsGradient", static_cast<size_t>(shape.K) * static_cast<size_t>(shape.N));
  float* biases = args.floats(8, "biasesGradient", static_cast<size_t>(shape.N));
  const IeeeDefaults defaults;
  gradient(engine(info), in, g, rows, shape, weights, biases);
}

Napi::Value parameter_length(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(read_shape(Args(info, "parameterLength"), 0).floats()));
}

// pack(inputs, outputs, weights, biases, parameters)
void pack_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "pack");
  const Layout s = read_shape(args, 0);
  const float* weights = args.floats(2, "weights", static_cast<size_t>(s.K) * static_cast<size_t>(s.N));
  const float* biases = args.floats(3, "biases", static_cast<size_t>(s.N));
  pack(s, weights, biases, args.floats(4, "parameters", s.floats()));
}

// unpack(inputs, outputs, parameters, weights, biases)
void unpack_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "unpack");
  const Layout s = read_shape(args, 0);
  const float* parameters = args.floats(2, "parameters", s.floats());
  float* weights = args.floats(3, "weights", static_cast<size_t>(s.K) * static_cast<size_t>(s.N));
  unpack(s, parameters, weights, args.floats(4, "biases", static_cast<size_t>(s.N)));
}

// createEvaluator(cols, bytes, sparse, longestRow, widths) -> handle
Napi::Value create_evaluator(const Napi::CallbackInfo& info) {
  const Args args(info, "createEvaluator");
  const int cols = args.integer(0, "cols", 1, kMaxCols);
  const bool sparse = args.boolean(2, "sparse");
  const int longest = args.integer(3, "longestRow", 0, cols);
  const int32_t* widths = args.ints(4, "widths", 1);
  const std::vector<int> list(widths, widths + args.length(4));
  for (const int w : list) {
    if (w < 1 || w > kMaxCols) args.fail<Napi::RangeError>("widths", "integers from 1 to 2^24", std::to_string(w));
  }
  if (sparse && !takes_sparse(list.front())) args.fail<Napi::RangeError>("sparse", "false for a narrow first layer", "true");
  return Handle<Evaluator>::make(info.Env(), new Evaluator(engine(info), cols, read_kind(args, 1), sparse, longest, list), kEvaluatorTag);
}

// evaluate(evaluator, values, rows, cols, table, rowIndices, activations, parameters[], labels | null, losses | null,
//          predicted, outputs | null)
void evaluate_rows(const Napi::CallbackInfo& info) {
  const Args args(info, "evaluate");
  Evaluator& evaluator = Handle<Evaluator>::get(args, 0, "evaluator", kEvaluatorTag, "an evaluator of this addon");
  same_kernels(args, "evaluator", evaluator, engine(info));
  const std::vector<int>& widths = evaluator.widths();
  if (!args.value(7).IsArray()) args.fail<Napi::TypeError>("parameters", "an array of Float32Arrays", "something else");
  const Napi::Array list = args.value(7).As<Napi::Array>();
  std::vector<Napi::Value> parameters;  // reading the array may run JavaScript: done before any memory is looked at
  for (size_t l = 0; l < widths.size(); l++) parameters.push_back(list.Get(static_cast<uint32_t>(l)));
  const Inputs inputs = read_inputs(args, 1);
  same_kind(args, evaluator, inputs);
  int count;
  const int32_t* indices = read_indices(args, 5, inputs.rows, count);
  const int32_t* activations = args.ints(6, "activations", widths.size());
  std::vector<LayerView> layers;
  for (size_t l = 0; l < widths.size(); l++) {
    const Layout shape = {l ? widths[l - 1] : inputs.cols, widths[l]};
    const Napi::Value value = parameters[l];
    const int activation = activations[l];
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array ||
        value.As<Napi::Float32Array>().ElementLength() < shape.floats() || activation < 0 || activation > 5) {
      args.fail<Napi::RangeError>("parameters", "a Float32Array of " + std::to_string(shape.floats()) + " elements for layer " +
                                  std::to_string(l + 1), "something else");
    }
    layers.push_back({shape, static_cast<Activation>(activation), value.As<Napi::Float32Array>().Data()});
  }
  const size_t n = static_cast<size_t>(count);
  EvaluationResult result = {nullptr, nullptr, args.ints(10, "predicted", n), nullptr};
  std::vector<int32_t> labels;
  if (!args.is_null(8)) {
    const int32_t* all = args.ints(8, "labels", static_cast<size_t>(inputs.rows));
    for (int i = 0; i < count; i++) {
      labels.push_back(all[indices[i]]);
      if (labels.back() < 0 || labels.back() >= widths.back()) {
        args.fail<Napi::RangeError>("labels", "classes from 0 to " + std::to_string(widths.back() - 1),
                                    std::to_string(labels.back()) + " at row " + std::to_string(indices[i]));
      }
    }
    result.labels = labels.data();
    result.losses = args.doubles(9, "rowLosses", n);
  }
  if (!args.is_null(11)) result.outputs = args.floats(11, "outputs", n * static_cast<size_t>(widths.back()));
  const IeeeDefaults defaults;
  if (!evaluator.evaluate(engine(info), inputs, indices, count, layers, result)) changed(args);
}

// allFinite(values)
Napi::Value all_finite(const Napi::CallbackInfo& info) {
  const Args args(info, "allFinite");
  const float* values = args.floats(0, "values", 0);
  const uint32_t* bits = reinterpret_cast<const uint32_t*>(values);
  uint32_t bad = 0;
  for (size_t i = 0, n = args.length(0); i < n; i++) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
  return Napi::Boolean::New(info.Env(), bad == 0);
}

// Floats a row-major [rows][cols] matrix with leading dimension ld must have
size_t matrix_floats(const Args& args, size_t i, int rows, int cols) {
  const int ld = args.integer(i, "leading dimension", cols > 1 ? cols : 1, kMaxInt);
  return rows == 0 || cols == 0 ? 0 : static_cast<size_t>(rows - 1) * static_cast<size_t>(ld) + static_cast<size_t>(cols);
}

// gemm(transA, transB, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc)
void gemm_call(const Napi::CallbackInfo& info) {
  const Args args(info, "gemm");
  GemmArguments g;
  g.trans_a = args.boolean(0, "transA");
  g.trans_b = args.boolean(1, "transB");
  g.M = args.integer(2, "M", 0, kMaxInt);
  g.N = args.integer(3, "N", 0, kMaxInt);
  g.K = args.integer(4, "K", 0, kMaxInt);
  g.alpha = args.number(5, "alpha");
  const size_t a = g.trans_a ? matrix_floats(args, 7, g.K, g.M) : matrix_floats(args, 7, g.M, g.K);
  const size_t b = g.trans_b ? matrix_floats(args, 9, g.N, g.K) : matrix_floats(args, 9, g.K, g.N);
  const size_t c = matrix_floats(args, 12, g.M, g.N);
  g.a = args.floats(6, "A", a);
  g.lda = static_cast<size_t>(args.integer(7, "lda", 1, kMaxInt));
  g.b = args.floats(8, "B", b);
  g.ldb = static_cast<size_t>(args.integer(9, "ldb", 1, kMaxInt));
  g.beta = args.number(10, "beta");
  g.c = args.floats(11, "C", c);
  g.ldc = static_cast<size_t>(args.integer(12, "ldc", 1, kMaxInt));
  no_overlap(args, "C", g.c, c, g.a, a);
  no_overlap(args, "C", g.c, c, g.b, b);
  const IeeeDefaults defaults;
  gemm(engine(info), g);
}

// Bytes past the last 64-byte boundary at which an ArrayBuffer's memory begins
Napi::Value misalignment(const Napi::CallbackInfo& info) {
  const Args args(info, "misalignment");
  const uintptr_t at = reinterpret_cast<uintptr_t>(args.bytes(0, "buffer", 0));
  return Napi::Number::New(info.Env(), static_cast<double>(at % 64));
}

// peak(milliseconds) -> FLOP/s of multiply-adds in registers, all threads together
Napi::Value peak(const Napi::CallbackInfo& info) {
  const Args args(info, "peak");
  const float milliseconds = args.number(0, "milliseconds");
  if (!(milliseconds > 0 && milliseconds <= kMaxPeakMs)) {
    args.fail<Napi::RangeError>("milliseconds", "more than 0 and at most 1000", std::to_string(milliseconds));
  }
  const double rate = fma_peak(engine(info), milliseconds / 1e3);
  if (rate == 0) throw Napi::Error::New(info.Env(), "native peak: could not start " + std::to_string(engine(info).threads) + " threads");
  return Napi::Number::New(info.Env(), rate);
}

template <void (*F)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    F(info);
  } catch (const std::bad_alloc&) {
    throw Napi::RangeError::New(info.Env(), "native: out of memory");
  }
  return info.Env().Undefined();
}

template <Napi::Value (*F)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return F(info);
  } catch (const std::bad_alloc&) {
    throw Napi::RangeError::New(info.Env(), "native: out of memory");
  }
}

// open(isa, threads) -> { isa, threads, and the operations }; throws RangeError for what this machine has not
Napi::Value open(const Napi::CallbackInfo& info) {
  const Args args(info, "open");
  if (!info[0].IsString()) args.fail<Napi::TypeError>("isa", "a string", "something else");
  const std::string isa = info[0].As<Napi::String>().Utf8Value();
  const int threads = args.integer(1, "threads", 1, kMaxThreads);
  const Kernels* kernels = select_kernels(isa.c_str());
  if (!kernels) args.fail<Napi::RangeError>("isa", "an instruction set of this build and processor", isa);

  const Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  Engine* data = new Engine{kernels, threads};
  napi_add_env_cleanup_hook(env, [](void* e) { delete static_cast<Engine*>(e); }, data);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    result.Set(name, Napi::Function::New(env, function, name, data));
  };
  result.Set("isa", kernels->name);
  result.Set("threads", threads);
  add("parameterLength", guarded<parameter_length>);
  add("pack", guarded<pack_layer>);
  add("unpack", guarded<unpack_layer>);
  add("measure", guarded<measure_inputs>);
  add("createBatch", guarded<create_batch>);
  add("gather", guarded<gather>);
  add("forward", guarded<forward_layer>);
  add("softmaxCrossEntropy", guarded<softmax_loss>);
  add("meanSquaredError", guarded<squared_loss>);
  add("backward", guarded<backward_layer>);
  add("update", guarded<update_layer>);
  add("gradient", guarded<gradient_layer>);
  add("createEvaluator", guarded<create_evaluator>);
  add("evaluate", guarded<evaluate_rows>);
  add("allFinite", guarded<all_finite>);
  add("gemm", guarded<gemm_call>);
  add("misalignment", guarded<misalignment>);
  add("peak", guarded<peak>);
  return result;
}

// info() -> { version, abi, contract, isas: [{ name, compiled, supported, automatic }] }, best first
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  Napi::Array isas = Napi::Array::New(env, kIsaCount);
  for (int i = 0; i < kIsaCount; i++) {
    const IsaEntry& e = isa_table()[i];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", e.name);
    entry.Set("compiled", e.kernels != nullptr);
    entry.Set("supported", e.supported);
    entry.Set("automatic", e.automatic);
    isas.Set(static_cast<uint32_t>(i), entry);
  }
  result.Set("version", NATIVE_MLP_VERSION);
  result.Set("abi", kAbi);
  result.Set("contract", kContract);
  result.Set("isas", isas);
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("version", NATIVE_MLP_VERSION);
  exports.Set("abi", kAbi);
  exports.Set("info", Napi::Function::New(env, describe, "info"));
  exports.Set("open", Napi::Function::New(env, guarded<open>, "open"));
  return exports;
}

}  // namespace

NODE_API_MODULE(native_mlp, init)

}  // namespace mlp
