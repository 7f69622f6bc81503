// What JavaScript sees: `info`, and `open(isa, threads)` whose result holds the operations of src/backend/backend.ts bound to
// one instruction set and thread count. Here arguments are unpacked and checked for memory safety; no arithmetic.

#include <vector>

#include "dispatch.h"
#include "fp_environment.h"
#include "gemm.h"
#include "operands.h"
#include "peak.h"
#include "pool.h"

namespace mlp {
namespace {

constexpr int kAbi = 4;
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
  const int32_t* indices = read_indices(args, args.value(4), inputs.rows, count);
  Batch& batch = read_batch(args, args.value(5), engine(info));
  same_kind(args, batch, inputs);
  if (count > batch.capacity()) {
    args.fail<Napi::RangeError>("rowIndices", "at most " + std::to_string(batch.capacity()) + " rows", std::to_string(count));
  }
  const IeeeDefaults defaults;
  if (!batch.gather(inputs, indices, count, true, engine(info).threads)) changed(args);
}

// forward(input, layer, out)
void forward_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "forward");
  const InputFields input(args, 0);
  const LayerFields layer_fields(args, 1);
  const MatrixFields out_fields(args, 2);
  const LayerView layer = layer_fields.view(args);
  const Layout& shape = layer.shape;
  int rows;
  const LayerInput in = input.view(args, engine(info), shape.K, shape.N, rows);
  const MatrixView out = out_fields.view(args, "out", rows, shape.N);
  float* const pre = out_fields.pre(args, extent(out, rows));
  no_overlap(args, "out", out.data, extent(out, rows), in.data(), in.data() ? static_cast<size_t>(rows) * in.row_stride() : 0);
  no_overlap(args, "out", out.data, extent(out, rows), layer.parameters, shape.floats());
  const IeeeDefaults defaults;
  forward(engine(info), in, rows, layer, {out, pre});
}

// loss(kind, output, truth, cols, gradient | null, rowLosses) -> number correct
Napi::Value loss_of(const Napi::CallbackInfo& info) {
  const Args args(info, "loss");
  const LossKind kind = read_loss(args, 0);
  const MatrixFields output(args, 1);
  const bool wanted = !Args::is_null(args.value(4));
  const MatrixFields gradient_fields = wanted ? MatrixFields(args, 4) : output;
  const int rows = output.rows(args), outputs = args.integer(3, "outputs", 1, kMaxCols);
  const Activation activation = output.activation(args);
  const Outputs y = output.outputs(args, "output", rows, outputs);
  const Truth truth = read_truth(args, args.value(2), kind, rows, outputs);
  MatrixView gradient = {nullptr, 0};
  if (wanted) gradient = gradient_fields.view(args, "gradient", rows, outputs);
  no_overlap(args, "gradient", gradient.data, extent(gradient, rows), y.out.data, extent(y.out, rows));
  double* const losses = args.doubles(args.value(5), "rowLosses", static_cast<size_t>(rows));
  const IeeeDefaults defaults;
  return Napi::Number::New(info.Env(), loss(engine(info), kind, y, activation, rows, outputs, truth, wanted ? &gradient : nullptr, {losses, nullptr}));
}

// backward(gradOut, layer, previous, gradIn)
void backward_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "backward");
  const MatrixFields grad_out(args, 0);
  const LayerFields layer_fields(args, 1);
  const MatrixFields previous_fields(args, 2), grad_in_fields(args, 3);
  const LayerView layer = layer_fields.view(args);
  const int rows = grad_out.rows(args), K = layer.shape.K;
  const MatrixView g = grad_out.view(args, "gradOut", rows, layer.shape.N);
  const Activation activation = previous_fields.activation(args);
  const Outputs previous = previous_fields.outputs(args, "previous", rows, K);
  const MatrixView grad_in = grad_in_fields.view(args, "gradIn", rows, K);
  no_overlap(args, "gradIn", grad_in.data, extent(grad_in, rows), g.data, extent(g, rows));
  no_overlap(args, "gradIn", grad_in.data, extent(grad_in, rows), previous.out.data, extent(previous.out, rows));
  const IeeeDefaults defaults;
  backward(engine(info), g, rows, layer, previous, activation, grad_in, scratch());
}

// update(input, gradOut, layer, rule, slots | null)
void update_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "update");
  const InputFields input(args, 0);
  const MatrixFields grad_out(args, 1);
  const LayerFields layer_fields(args, 2);
  const LayerView layer = layer_fields.view(args);
  const Layout& shape = layer.shape;
  int rows;
  const LayerInput in = input.view(args, engine(info), shape.K, shape.N, rows);
  const MatrixView g = grad_out.view(args, "gradOut", rows, shape.N);
  RuleKind kind;
  const LayerRule rule = read_rule(args, args.value(3), kind);
  const Slots slots = read_slots(args, args.value(4), kind, shape.floats());
  no_overlap(args, "parameters", layer.parameters, shape.floats(), g.data, extent(g, rows));
  no_overlap(args, "slots", slots.data, slots_of(kind) * shape.floats(), layer.parameters, shape.floats());
  const IeeeDefaults defaults;
  update(engine(info), in, g, rows, layer, rule, slots, scratch());
}

// gradient(input, gradOut, layer, weightsGradient, biasesGradient)
void gradient_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "gradient");
  const InputFields input(args, 0);
  const MatrixFields grad_out(args, 1);
  const LayerFields layer_fields(args, 2);
  const Layout shape = layer_fields.view(args).shape;
  int rows;
  const LayerInput in = input.view(args, engine(info), shape.K, shape.N, rows);
  const MatrixView g = grad_out.view(args, "gradOut", rows, shape.N);
  float* weights = args.floats(args.value(3), "weightsGradient", static_cast<size_t>(shape.K) * static_cast<size_t>(shape.N));
  float* biases = args.floats(args.value(4), "biasesGradient", static_cast<size_t>(shape.N));
  const IeeeDefaults defaults;
  gradient(engine(info), in, g, rows, shape, weights, biases, scratch());
}

// createWarper([height, width, shift, radius or -1, down..., across...], bytes, capacity) -> handle
Napi::Value create_warper(const Napi::CallbackInfo& info) {
  const Args args(info, "createWarper");
  constexpr size_t kHead = 4;
  const Args::Ints given = args.ints(args.value(0), "shape", kHead);
  const std::vector<int32_t> shape(given.data, given.data + given.length);  // shared memory may change
  const auto fail = [&](const char* what, int64_t value) { args.fail<Napi::RangeError>("shape", what, std::to_string(value)); };
  const int32_t height = shape[0], width = shape[1], shift = shape[2], radius = shape[3];
  for (const int32_t side : {height, width}) {
    if (side < 1 || side > kMaxWarpSide) fail("sides from 1 to 1024", side);
  }
  if (shift < 1 || shift > 30) fail("a shift from 1 to 30", shift);
  if (radius < -1 || kHead + 2 * (static_cast<size_t>(radius) + 1) != shape.size()) fail("weights up to the radius", radius);
  const int32_t* const down = shape.data() + kHead;
  const int32_t* const across = down + (radius + 1);
  for (const int32_t* const weights : {down, across}) {
    int64_t sum = 0;
    for (int i = 0; i <= radius; i++) {
      if (weights[i] < 0 || weights[i] > 32767) fail("weights from 0 to 32767", weights[i]);
      sum += (i == 0 ? 1 : 2) * static_cast<int64_t>(weights[i]);
    }
    if (sum > 32768) fail("weights with a sum of at most 32768", sum);
  }
  const int capacity = args.integer(2, "capacity", 0, kMaxInt);
  Warper* warper = new Warper(engine(info), {height, width, shift, down, across, radius}, read_kind(args, 1), capacity);
  return Handle<Warper>::make(info.Env(), warper, kWarperTag);
}

// Integers of the transformations of `rows` images
const int32_t* read_warps(const Args& args, const Napi::Value& v, int rows) {
  return args.ints(v, "warps", static_cast<size_t>(rows) * kWarpValues).data;
}

// warp(warper, values, rows, cols, table, rowIndices, warps, out)
void warp_rows(const Napi::CallbackInfo& info) {
  const Args args(info, "warp");
  const Inputs inputs = read_inputs(args, 1);
  Warper& warper = read_warper(args, args.value(0), engine(info), inputs);
  int count;
  const int32_t* const indices = read_indices(args, args.value(5), inputs.rows, count);
  const int32_t* const warps = read_warps(args, args.value(6), count);
  const size_t values = static_cast<size_t>(count) * static_cast<size_t>(inputs.cols);
  uint8_t* const bytes = inputs.bytes ? args.bytes(args.value(7), "out", values) : nullptr;
  float* const floats = inputs.bytes ? nullptr : args.floats(args.value(7), "out", values);
  const IeeeDefaults defaults;
  warper.run(inputs, indices, count, warps, engine(info).threads, bytes, floats);
}

Layout read_shape(const Args& args, size_t i) {
  return {args.integer(i, "inputs", 1, kMaxCols), args.integer(i + 1, "outputs", 1, kMaxCols)};
}

Napi::Value parameter_length(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(read_shape(Args(info, "parameterLength"), 0).floats()));
}

// rowStride(cols) -> floats from one row of a matrix to the next
Napi::Value stride_of(const Napi::CallbackInfo& info) {
  const Args args(info, "rowStride");
  return Napi::Number::New(info.Env(), static_cast<double>(row_stride(args.integer(0, "cols", 1, kMaxCols))));
}

// pack(inputs, outputs, weights, biases, parameters)
void pack_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "pack");
  const Layout s = read_shape(args, 0);
  const float* weights = args.floats(args.value(2), "weights", static_cast<size_t>(s.K) * static_cast<size_t>(s.N));
  const float* biases = args.floats(args.value(3), "biases", static_cast<size_t>(s.N));
  pack(s, weights, biases, args.floats(args.value(4), "parameters", s.floats()));
}

// unpack(inputs, outputs, parameters, weights, biases)
void unpack_layer(const Napi::CallbackInfo& info) {
  const Args args(info, "unpack");
  const Layout s = read_shape(args, 0);
  const float* parameters = args.floats(args.value(2), "parameters", s.floats());
  float* weights = args.floats(args.value(3), "weights", static_cast<size_t>(s.K) * static_cast<size_t>(s.N));
  unpack(s, parameters, weights, args.floats(args.value(4), "biases", static_cast<size_t>(s.N)));
}

// compile(cols, bytes, sparse, longestRow, capacity, layers [K, N, activation]*, matrices [cols]*,
//         code [operation, layer, input, gradient, output, loss]*) -> handle
Napi::Value compile(const Napi::CallbackInfo& info) {
  const Args args(info, "compile");
  ProgramSpec spec = {};
  spec.cols = args.integer(0, "cols", 1, kMaxCols);
  spec.kind = read_kind(args, 1);
  spec.sparse = args.boolean(2, "sparse");
  spec.longest_row = args.integer(3, "longestRow", 0, spec.cols);
  spec.capacity = args.integer(4, "capacity", 1, kMaxInt);
  const Args::Ints layers = args.ints(args.value(5), "layers", 3), matrices = args.ints(args.value(6), "matrices", 1), code = args.ints(args.value(7), "code", 6);
  const auto in_range = [&](const char* name, int value, int min, int max) {
    if (value < min || value > max) args.fail<Napi::RangeError>(name, "integers from " + std::to_string(min) + " to " + std::to_string(max), std::to_string(value));
    return value;
  };
  for (size_t i = 0; i + 3 <= layers.length; i += 3) {
    const int32_t* l = layers.data + i;
    spec.layers.push_back({{in_range("layers", l[0], 1, kMaxCols), in_range("layers", l[1], 1, kMaxCols)},
                           static_cast<Activation>(in_range("layers", l[2], 0, kActivations - 1))});
  }
  for (size_t i = 0; i < matrices.length; i++) spec.matrices.push_back(in_range("matrices", matrices.data[i], 1, kMaxCols));
  bool trains = false;
  for (size_t i = 0; i + 6 <= code.length; i += 6) {
    const int32_t* c = code.data + i;
    spec.code.push_back({static_cast<OpCode>(in_range("code", c[0], 0, kOpCodes - 1)), c[1], c[2], c[3], c[4],
                         static_cast<LossKind>(in_range("code", c[5], 0, kLossKinds - 1))});
    trains = trains || spec.code.back().code == OpCode::update;
  }
  if (spec.sparse && trains && spec.capacity > kMaxListedRows) args.fail<Napi::RangeError>("capacity", "at most 65536 listed rows", std::to_string(spec.capacity));
  const std::string problem = problem_of(spec);
  if (!problem.empty()) args.fail<Napi::RangeError>("code", "a program that can be run", problem);
  return Handle<Program>::make(info.Env(), new Program(engine(info), spec), kProgramTag);
}

Program& read_program(const Args& args, const Engine& e) {
  Program& program = Handle<Program>::get(args, args.value(0), "program", kProgramTag, "a program of this addon");
  same_kernels(args, "program", program, e);
  return program;
}

// run(program, values, rows, cols, table, rowIndices, arenas, rule | null) -> number correct, -1 where the loss is not finite.
// arenas: [parameters, slots | null, labels or targets | null, rowLosses | null, predicted | null, outputs | null, step | null,
//          warper | null, warps]
Napi::Value run_program(const Napi::CallbackInfo& info) {
  const Args args(info, "run");
  Program& program = read_program(args, engine(info));
  if (!args.value(6).IsArray()) args.fail<Napi::TypeError>("arenas", "an array", "something else");
  const Napi::Array list = args.value(6).As<Napi::Array>();
  Napi::Value arena[9];  // reading the array may run JavaScript: done before any memory is looked at
  for (uint32_t i = 0; i < 9; i++) arena[i] = list.Get(i);
  const Inputs inputs = read_inputs(args, 1);
  same_kind(args, program, inputs);
  int count;
  const int32_t* const indices = read_indices(args, args.value(5), inputs.rows, count);
  if (count > program.spec().capacity) {
    args.fail<Napi::RangeError>("rowIndices", "at most " + std::to_string(program.spec().capacity) + " rows", std::to_string(count));
  }
  const size_t n = static_cast<size_t>(count), rows = static_cast<size_t>(inputs.rows), outputs = static_cast<size_t>(program.outputs());
  Arenas a = {args.floats(arena[0], "parameters", program.parameters()), {}, nullptr, nullptr, nullptr, nullptr, nullptr};
  LayerRule rule = {};
  if (program.trains()) {
    RuleKind kind;
    rule = read_rule(args, args.value(7), kind);
    a.slots = read_slots(args, arena[1], kind, program.parameters());
    no_overlap(args, "slots", a.slots.data, slots_of(kind) * program.parameters(), a.parameters, program.parameters());
  }
  if (!Args::is_null(arena[2])) {
    if (args.is_ints(arena[2])) a.labels = args.ints(arena[2], "labels", rows).data;
    else a.targets = args.floats(arena[2], "targets", rows * outputs);
    a.losses = args.doubles(arena[3], "rowLosses", n);
  }
  if (!program.takes({a.labels, a.targets})) args.fail<Napi::TypeError>("labels or targets", "what the loss compares with", "something else");
  if (!Args::is_null(arena[4])) a.predicted = args.ints(arena[4], "predicted", n).data;
  if (!Args::is_null(arena[5])) a.outputs = args.floats(arena[5], "outputs", n * outputs);
  if (!Args::is_null(arena[6])) a.step = read_step(args, arena[6]);
  if (!Args::is_null(arena[7])) {
    if (!program.trains()) args.fail<Napi::TypeError>("warper", "null for a program without updates", "a warper");
    a.warper = &read_warper(args, arena[7], engine(info), inputs);
    a.warps = read_warps(args, arena[8], count);
    if (a.warper->capacity() < count) args.fail<Napi::RangeError>("warper", "room for " + std::to_string(count) + " rows", std::to_string(a.warper->capacity()));
  }
  const IeeeDefaults defaults;
  const Outcome outcome = program.run(engine(info), inputs, indices, count, a, rule);
  switch (outcome.status) {
    case Outcome::data_changed: changed(args);
    case Outcome::bad_label:
      args.fail<Napi::RangeError>("labels", "classes of the network", std::to_string(a.labels[outcome.row]) + " at row " + std::to_string(outcome.row));
    case Outcome::loss_not_finite: return Napi::Number::New(info.Env(), -1);
    case Outcome::done: break;
  }
  return Napi::Number::New(info.Env(), outcome.correct);
}

// forwardPass(program, values, table, parameters, outputs, count): the outputs of the first `count` rows of `values`
void forward_pass(const Napi::CallbackInfo& info) {
  const Args args(info, "forwardPass");
  Program& program = read_program(args, engine(info));
  if (program.trains()) args.fail<Napi::TypeError>("program", "one without updates", "a training step");
  const int count = args.integer(5, "count", 0, program.spec().capacity);
  const Inputs inputs = read_inputs(args, args.value(1), args.value(2), count, program.cols());
  same_kind(args, program, inputs);
  const size_t n = static_cast<size_t>(count);
  static thread_local std::vector<int32_t> first;  // 0, 1, 2, ...
  while (first.size() < n) first.push_back(static_cast<int32_t>(first.size()));
  const Arenas a = {args.floats(args.value(3), "parameters", program.parameters()), {}, nullptr, nullptr, nullptr, nullptr,
                    args.floats(args.value(4), "outputs", n * static_cast<size_t>(program.outputs()))};
  const IeeeDefaults defaults;
  if (program.run(engine(info), inputs, first.data(), count, a, {}).status == Outcome::data_changed) changed(args);
}

// firstLayerNotFinite(program) -> 0-based layer, or -1
Napi::Value first_layer_not_finite(const Napi::CallbackInfo& info) {
  const Args args(info, "firstLayerNotFinite");
  const Program& program = read_program(args, engine(info));
  return Napi::Number::New(info.Env(), program.trains() ? program.first_layer_not_finite() : -1);
}

// allFinite(values)
Napi::Value all_finite(const Napi::CallbackInfo& info) {
  const Args args(info, "allFinite");
  const Args::Floats values = args.all_floats(args.value(0), "values");
  const uint32_t* bits = reinterpret_cast<const uint32_t*>(values.data);
  uint32_t bad = 0;
  for (size_t i = 0; i < values.length; i++) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
  return Napi::Boolean::New(info.Env(), bad == 0);
}

// Floats a row-major [rows][cols] matrix with leading dimension ld must have
size_t matrix_floats(const Args& args, const char* name, double leading, int rows, int cols, size_t& ld) {
  const int least = cols > 1 ? cols : 1;
  if (!(leading >= least && leading <= kMaxInt) || leading != static_cast<int>(leading)) {
    args.fail<Napi::RangeError>(name, "a leading dimension of at least " + std::to_string(least), std::to_string(leading));
  }
  ld = static_cast<size_t>(leading);
  return rows == 0 || cols == 0 ? 0 : static_cast<size_t>(rows - 1) * ld + static_cast<size_t>(cols);
}

// gemm(sizes [transA, transB, M, N, K, lda, ldb, ldc], alpha, A, B, beta, C)
void gemm_call(const Napi::CallbackInfo& info) {
  const Args args(info, "gemm");
  const double* const sizes = args.doubles(args.value(0), "sizes", 8);
  const auto size = [&](size_t i, const char* name) {
    if (!(sizes[i] >= 0 && sizes[i] <= kMaxInt) || sizes[i] != static_cast<int>(sizes[i])) {
      args.fail<Napi::RangeError>(name, "an integer from 0 to 2147483647", std::to_string(sizes[i]));
    }
    return static_cast<int>(sizes[i]);
  };
  GemmArguments g;
  g.trans_a = sizes[0] != 0;
  g.trans_b = sizes[1] != 0;
  g.M = size(2, "M");
  g.N = size(3, "N");
  g.K = size(4, "K");
  g.alpha = args.number(1, "alpha");
  const size_t a = matrix_floats(args, "lda", sizes[5], g.trans_a ? g.K : g.M, g.trans_a ? g.M : g.K, g.lda);
  const size_t b = matrix_floats(args, "ldb", sizes[6], g.trans_b ? g.N : g.K, g.trans_b ? g.K : g.N, g.ldb);
  const size_t c = matrix_floats(args, "ldc", sizes[7], g.M, g.N, g.ldc);
  g.a = args.floats(args.value(2), "A", a);
  g.b = args.floats(args.value(3), "B", b);
  g.beta = args.number(4, "beta");
  g.c = args.floats(args.value(5), "C", c);
  no_overlap(args, "C", g.c, c, g.a, a);
  no_overlap(args, "C", g.c, c, g.b, b);
  const IeeeDefaults defaults;
  gemm(engine(info), g);
}

// Bytes past the last 64-byte boundary at which an ArrayBuffer's memory begins
Napi::Value misalignment(const Napi::CallbackInfo& info) {
  const Args args(info, "misalignment");
  const uintptr_t at = reinterpret_cast<uintptr_t>(args.bytes(args.value(0), "buffer", 0));
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

[[noreturn]] void out_of_memory(Napi::Env env) {
  const Napi::RangeError error = Napi::RangeError::New(env, "native: out of memory");
  error.Value().Set("code", Napi::String::New(env, "OUT_OF_MEMORY"));
  throw error;
}

template <void (*F)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    F(info);
  } catch (const std::bad_alloc&) {
    out_of_memory(info.Env());
  }
  return info.Env().Undefined();
}

template <Napi::Value (*F)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return F(info);
  } catch (const std::bad_alloc&) {
    out_of_memory(info.Env());
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
  add("rowStride", guarded<stride_of>);
  add("pack", guarded<pack_layer>);
  add("unpack", guarded<unpack_layer>);
  add("measure", guarded<measure_inputs>);
  add("createBatch", guarded<create_batch>);
  add("gather", guarded<gather>);
  add("forward", guarded<forward_layer>);
  add("loss", guarded<loss_of>);
  add("backward", guarded<backward_layer>);
  add("update", guarded<update_layer>);
  add("gradient", guarded<gradient_layer>);
  add("compile", guarded<compile>);
  add("run", guarded<run_program>);
  add("forwardPass", guarded<forward_pass>);
  add("firstLayerNotFinite", guarded<first_layer_not_finite>);
  add("allFinite", guarded<all_finite>);
  add("createWarper", guarded<create_warper>);
  add("warp", guarded<warp_rows>);
  add("gemm", guarded<gemm_call>);
  add("misalignment", guarded<misalignment>);
  add("peak", guarded<peak>);
  return result;
}

Napi::Array names(Napi::Env env, const char* const* list, int count) {
  Napi::Array result = Napi::Array::New(env, static_cast<size_t>(count));
  for (int i = 0; i < count; i++) result.Set(static_cast<uint32_t>(i), list[i]);
  return result;
}

// info() -> { version, abi, contract, isas: [{ name, compiled, supported, automatic }], activations, losses, operations, rules,
// ruleValues, maxListedRows, narrowBelow }: instruction sets best first; the names and numbers that TypeScript works with
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  const std::vector<IsaEntry>& table = isa_table();
  Napi::Array isas = Napi::Array::New(env, table.size());
  for (size_t i = 0; i < table.size(); i++) {
    const IsaEntry& e = table[i];
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
  result.Set("activations", names(env, kActivationNames, kActivations));
  result.Set("losses", names(env, kLossNames, kLossKinds));
  result.Set("operations", kOpCodes);
  result.Set("rules", kRuleKinds);
  result.Set("ruleValues", static_cast<double>(kRuleValues));
  result.Set("maxListedRows", kMaxListedRows);
  result.Set("narrowBelow", kLane);
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
