#include "dense.h"

#include <string.h>

#include <cmath>

#include "pool.h"

namespace mlp {
namespace {

constexpr int kRowChunk = 128;    // rows of a forward task: few enough to divide, many enough to reuse the weights in L1
constexpr int kTasksPerThread = 4;
constexpr int kInputUnit = 12;    // inputs of an update task are a multiple of this: of every tile height and input group
constexpr int kNarrowRows = 32;
constexpr int kNarrowInputs = 64;

int ceil_div(int a, int b) { return (a + b - 1) / b; }
int smaller(int a, int b) { return a < b ? a : b; }

PanelForward panel_forward(const LayerView& layer, int panel, const Outputs& o, int row, int rows) {
  const Layout& s = layer.shape;
  const size_t at = static_cast<size_t>(row) * o.out.stride + static_cast<size_t>(panel) * kPanel;
  return {layer.parameters + s.panel_offset(panel),
          layer.biases() + panel * kPanel,
          o.out.data + at,
          o.pre ? o.pre + at : nullptr,
          o.out.stride,
          rows,
          s.K,
          s.panel_width(panel),
          layer.activation};
}

// Padding columns hold act(0); the products that read them rely on zero.
void clear_padding(const LayerView& layer, const Outputs& o, int row, int rows) {
  const int N = layer.shape.N, padding = layer.shape.padded() - N;
  if (layer.activation != Activation::sigmoid || padding == 0) return;
  for (int r = row; r < row + rows; r++) {
    memset(o.out.data + static_cast<size_t>(r) * o.out.stride + N, 0, static_cast<size_t>(padding) * sizeof(float));
  }
}

void wide_forward(const Kernels& k, const LayerInput& in, int row0, int row, int rows, const LayerView& layer, int panel,
                  const Outputs& o) {
  const PanelForward f = panel_forward(layer, panel, o, row, rows);
  if (in.sparse()) k.forward_sparse(f, in.batch->row_lists(), row0 + row);
  else k.forward_dense(f, in.data() + static_cast<size_t>(row0 + row) * in.row_stride(), in.row_stride());
  if (panel + 1 == layer.shape.panels()) clear_padding(layer, o, row, rows);
}

void narrow_forward(const Kernels& k, const LayerInput& in, int row0, int row, int rows, const LayerView& layer,
                    const Outputs& o) {
  const Layout& s = layer.shape;
  const size_t at = static_cast<size_t>(row) * o.out.stride;
  k.narrow_forward({in.data() + static_cast<size_t>(row0 + row) * in.row_stride(), in.row_stride(), layer.parameters,
                    s.narrow_stride(), layer.biases(), o.out.data + at, o.pre ? o.pre + at : nullptr, o.out.stride, rows, s.K, s.N,
                    layer.activation});
}

PanelUpdate panel_update(const Layout& s, float* parameters, int panel, const MatrixView& g, int B, int k0, int k1,
                         const Rule& rule, const Slots& slots) {
  return {parameters ? parameters + s.panel_offset(panel) : nullptr,
          g.data + panel * kPanel,
          g.stride,
          B,
          k0,
          k1,
          s.panel_width(panel),
          rule,
          slots.at(s.panel_offset(panel)),
          nullptr,
          0,
          0};
}

bool all_zero(const float* values, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (values[i] != 0.0f) return false;
  }
  return true;
}

// The panel's columns of dZ are copied into contiguous memory first: where they lie their rows are spread over so many pages
// that every tile would miss the first-level TLB. Where no unit of the panel was alive the sum over no rows is the same +0.
// `copy` has room for the rows.
void run_panel_update(const Kernels& k, const LayerInput& in, PanelUpdate u, float* copy) {
  const size_t width = static_cast<size_t>(u.width);
  for (int r = 0; r < u.B; r++) memcpy(copy + static_cast<size_t>(r) * width, u.g + static_cast<size_t>(r) * u.g_stride, width * sizeof(float));
  u.g = copy;
  u.g_stride = width;
  if (all_zero(u.g, static_cast<size_t>(u.B) * width)) {
    u.B = 0;
    k.update_dense(u, copy, 0);
    return;
  }
  if (in.sparse()) k.update_sparse(u, in.batch->group_lists());
  else k.update_dense(u, in.data(), in.row_stride());
}

}  // namespace

void forward_rows(const Kernels& k, const LayerInput& in, int row0, int rows, const LayerView& layer, const Outputs& o) {
  if (layer.shape.narrow()) return narrow_forward(k, in, row0, 0, rows, layer, o);
  for (int panel = 0; panel < layer.shape.panels(); panel++) wide_forward(k, in, row0, 0, rows, layer, panel, o);
}

void forward(const Engine& e, const LayerInput& in, int first, int rows, const LayerView& layer, const Outputs& o) {
  if (layer.shape.narrow()) {
    parallel(e.threads, ceil_div(rows, kNarrowRows), [&](int task, int) {
      const int row = task * kNarrowRows;
      narrow_forward(*e.kernels, in, 0, first + row, smaller(kNarrowRows, rows - row), layer, o);
    });
    return;
  }
  // A thread begins with the columns whose weights it updates, so that they stay in its cache.
  const int chunk = e.threads == 1 && rows > 0 ? rows : kRowChunk;
  const int chunks = ceil_div(rows, chunk);
  parallel(e.threads, layer.shape.panels() * chunks, [&](int task, int) {
    const int row = task % chunks * chunk;
    wide_forward(*e.kernels, in, 0, first + row, smaller(chunk, rows - row), layer, task / chunks, o);
  });
}

void backward(const Engine& e, const MatrixView& g, int first, int rows, const LayerView& layer, const Outputs& previous,
              Activation previous_activation, const MatrixView& grad_in, Scratch& scratch) {
  const Layout& s = layer.shape;
  const auto arguments = [&](int row, int count, int column, int width, const float* wt, size_t wt_stride) {
    const size_t at = static_cast<size_t>(row) * previous.out.stride + static_cast<size_t>(column);
    return Backward{g.data + static_cast<size_t>(row) * g.stride,
                    g.stride,
                    wt,
                    wt_stride,
                    previous.out.data + at,
                    previous.pre ? previous.pre + at : nullptr,
                    previous.out.stride,
                    grad_in.data + static_cast<size_t>(row) * grad_in.stride + column,
                    grad_in.stride,
                    count,
                    s.N,
                    width,
                    previous_activation};
  };
  if (s.narrow()) {
    const int width = round16(s.K), slices = e.threads == 1 ? 1 : ceil_div(width, kPanel);
    parallel(e.threads, slices, [&](int slice, int) {  // by columns, as the layer below is updated
      const int k0 = slice * kPanel, end = slices == 1 ? width : smaller(k0 + kPanel, width);
      e.kernels->backward(arguments(first, rows, k0, end - k0, layer.parameters + k0, s.narrow_stride()));
    });
    return;
  }
  // W^T, 64 inputs at a time: [N][64] in scratch memory of the task
  const int slices = ceil_div(round16(s.K), kPanel);
  const size_t each = static_cast<size_t>(s.N) * kPanel;
  float* const transposed = scratch.reserve(smaller(e.threads, slices), each);
  parallel(e.threads, slices, [&](int slice, int who) {
    const int k0 = slice * kPanel, width = smaller(kPanel, round16(s.K) - k0);
    float* wt = transposed + static_cast<size_t>(who) * each;
    for (int n = 0; n < s.N; n++) {
      for (int i = 0; i < width; i++) wt[n * kPanel + i] = k0 + i < s.K ? layer.parameters[s.at(k0 + i, n)] : 0.0f;
    }
    e.kernels->backward(arguments(first, rows, k0, width, wt, kPanel));
  });
}

UpdateTasks update_tasks(const Layout& s, int threads, int most_inputs) {
  if (s.narrow()) return {kNarrowInputs, ceil_div(round16(s.K), kNarrowInputs)};
  // Enough tasks for the threads to share evenly, as few as that allows: each copies its columns of dZ
  const int wanted = threads == 1 ? 1 : ceil_div(kTasksPerThread * threads, s.panels());
  const int units = smaller(ceil_div(ceil_div(s.K, wanted), kInputUnit), most_inputs / kInputUnit + (most_inputs % kInputUnit > 0));
  const int inputs = units * kInputUnit;
  return {inputs, s.panels() * ceil_div(s.K, inputs)};
}

namespace {

// What becomes of a layer's gradient: a step of its parameters, or `store`, laid out as they are.
struct Destination {
  float* parameters;  // or null
  LayerRule rule;
  Slots slots;
  float* store;  // or null
};

void run_update(const Engine& e, const LayerInput& in, const MatrixView& g, int rows, const Layout& s, const Destination& to,
                Scratch& scratch, const UpdateTasks& tasks, int first, int end) {
  const auto from = [](float* values, size_t at) { return values ? values + at : nullptr; };
  const auto update_biases = [&](int column, int width) {
    const size_t at = s.weights() + static_cast<size_t>(column);
    e.kernels->bias_update({from(to.parameters, at), g.data + column, g.stride, rows, width, to.rule.biases, to.slots.at(at), from(to.store, at)});
  };
  if (s.narrow()) {
    parallel(e.threads, end - first, [&](int i, int) {
      const int k0 = (first + i) * kNarrowInputs;
      e.kernels->narrow_update({to.parameters, s.narrow_stride(), in.data(), in.row_stride(), g.data, g.stride, rows, s.N, k0,
                                smaller(k0 + kNarrowInputs, round16(s.K)), to.rule.weights, to.slots, to.store, s.narrow_stride()});
      if (k0 == 0) update_biases(0, kLane);
    });
    return;
  }
  const int chunks = tasks.count / s.panels();
  const size_t each = static_cast<size_t>(rows) * kPanel;
  float* const copies = scratch.reserve(e.threads, each);
  parallel(e.threads, end - first, [&](int i, int who) {
    const int panel = (first + i) / chunks, k0 = (first + i) % chunks * tasks.inputs;
    PanelUpdate u = panel_update(s, to.parameters, panel, g, rows, k0, smaller(k0 + tasks.inputs, s.K), to.rule.weights, to.slots);
    u.store = from(to.store, s.panel_offset(panel));
    u.store_stride = static_cast<size_t>(s.panel_width(panel));
    u.store_width = s.panel_width(panel);
    run_panel_update(*e.kernels, in, u, copies + static_cast<size_t>(who) * each);
    if (k0 == 0) update_biases(panel * kPanel, s.panel_width(panel));
  });
}

}  // namespace

void update(const Engine& e, const LayerInput& in, const MatrixView& g, int rows, const LayerView& layer, const LayerRule& rule,
            const Slots& slots, Scratch& scratch, const UpdateTasks& tasks, int first, int end) {
  run_update(e, in, g, rows, layer.shape, {layer.parameters, rule, slots, nullptr}, scratch, tasks, first, end);
}

void packed_gradient(const Engine& e, const LayerInput& in, const MatrixView& g, int rows, const Layout& s, float* into, Scratch& scratch,
                     const UpdateTasks& tasks, int first, int end) {
  const Rule none = {RuleKind::sgd, 0, 0};
  run_update(e, in, g, rows, s, {nullptr, {none, none}, {}, into}, scratch, tasks, first, end);
}

void gradient(const Engine& e, const LayerInput& in, const MatrixView& g, int rows, const Layout& s, float* weights,
              float* biases, Scratch& scratch) {
  const Rule none = {RuleKind::sgd, 0, 0};
  const size_t N = static_cast<size_t>(s.N);
  float* const sums = scratch.reserve(1, static_cast<size_t>(s.padded()));
  e.kernels->bias_update({nullptr, g.data, g.stride, rows, s.padded(), none, {}, sums});
  memcpy(biases, sums, N * sizeof(float));
  if (s.narrow()) {
    float* const wt = scratch.reserve(1, s.narrow_stride() * N);
    e.kernels->narrow_update({nullptr, 0, in.data(), in.row_stride(), g.data, g.stride, rows, s.N, 0, round16(s.K), none, {}, wt,
                              s.narrow_stride()});
    for (int k = 0; k < s.K; k++) {
      for (int n = 0; n < s.N; n++) weights[static_cast<size_t>(k) * N + static_cast<size_t>(n)] = wt[s.at(k, n)];
    }
    return;
  }
  const size_t each = static_cast<size_t>(rows) * kPanel;
  float* const copies = scratch.reserve(e.threads, each);
  parallel(e.threads, s.panels(), [&](int panel, int who) {
    PanelUpdate u = panel_update(s, nullptr, panel, g, rows, 0, s.K, none, {});
    u.store = weights + panel * kPanel;
    u.store_stride = N;
    u.store_width = smaller(s.N - panel * kPanel, kPanel);
    run_panel_update(*e.kernels, in, u, copies + static_cast<size_t>(who) * each);
  });
}

void limit_norms(const Engine& e, const LayerView& layer, double limit) {
  const Layout& s = layer.shape;
  if (s.narrow()) {
    for (int n = 0; n < s.N; n++) {
      float* const w = layer.parameters + static_cast<size_t>(n) * s.narrow_stride();
      const double norm = std::sqrt(e.kernels->square_sum(w, s.narrow_stride()));
      if (!(norm > limit)) continue;
      const float factor = static_cast<float>(limit / norm);
      for (size_t k = 0; k < s.narrow_stride(); k++) w[k] *= factor;
    }
    return;
  }
  parallel(e.threads, s.panels(), [&](int panel, int) { e.kernels->limit_columns(layer.parameters + s.panel_offset(panel), s.K, s.panel_width(panel), limit); });
}

void pack(const Layout& s, const float* weights, const float* biases, float* parameters) {
  memset(parameters, 0, s.floats() * sizeof(float));
  for (int k = 0; k < s.K; k++) {
    for (int n = 0; n < s.N; n++) parameters[s.at(k, n)] = weights[static_cast<size_t>(k) * static_cast<size_t>(s.N) + static_cast<size_t>(n)];
  }
  memcpy(parameters + s.weights(), biases, static_cast<size_t>(s.N) * sizeof(float));
}

void unpack(const Layout& s, const float* parameters, float* weights, float* biases) {
  for (int k = 0; k < s.K; k++) {
    for (int n = 0; n < s.N; n++) weights[static_cast<size_t>(k) * static_cast<size_t>(s.N) + static_cast<size_t>(n)] = parameters[s.at(k, n)];
  }
  memcpy(biases, parameters + s.weights(), static_cast<size_t>(s.N) * sizeof(float));
}

}  // namespace mlp
