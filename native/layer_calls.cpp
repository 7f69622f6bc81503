// The exports for one layer: data sets, batches, forward, loss, backward, update and gradient, the resampling of images, and the
// layout of parameters.

#include <vector>

#include "calls.h"
#include "fp_environment.h"
#include "operands.h"

namespace mlp {

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
  const LayerRule rule = read_rule(args, args.value(3), kind).others;
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

static Layout read_shape(const Args& args, size_t i) {
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

}  // namespace mlp
