#pragma once
// One dense layer: out = act(x W + b), its gradients and its update. Each operation divides its outputs into tasks (columns,
// or rows of the batch) and hands them to the threads; sums are never divided.

#include "inputs.h"
#include "kernels/kernels.h"
#include "layout.h"

namespace mlp {

// The kernels and the number of threads.
struct Engine {
  const Kernels* kernels;
  int threads;
};

struct LayerView {
  Layout shape;
  Activation activation;
  float* parameters;

  float* biases() const { return parameters + shape.weights(); }
};

struct MatrixView {
  float* data;
  size_t stride;
};

struct Outputs {
  MatrixView out;
  float* pre;  // same stride, or null
};

// Rows of a batch, or the activations of the layer before.
struct LayerInput {
  const Batch* batch;  // or null
  const float* x;
  size_t stride;

  bool sparse() const { return batch && batch->sparse(); }
  const float* data() const { return batch ? batch->dense() : x; }
  size_t row_stride() const { return batch ? batch->stride() : stride; }
};

// Wide layers take sparse input; a narrow first layer multiplies in lanes and wants dense rows.
inline bool takes_sparse(int outputs) { return outputs >= kLane; }

// Scratch memory of operations; it grows on the calling thread, before work is divided among threads, and is kept.
struct Scratch {
  Buffer<float> floats;

  // `each` floats for each of `participants`
  float* reserve(int participants, size_t each) {
    floats.reserve(static_cast<size_t>(participants) * each);
    return floats.data();
  }
};

// The rule of a step for weights and for biases.
struct LayerRule {
  Rule weights, biases;
};

// The same for the first layer and for the others of a network.
struct NetworkRule {
  LayerRule others, first;

  NetworkRule() = default;
  NetworkRule(const LayerRule& all) : others(all), first(all) {}
  NetworkRule(const LayerRule& of_others, const LayerRule& of_first) : others(of_others), first(of_first) {}
  const LayerRule& of(int layer) const { return layer == 0 ? first : others; }
};

// z = b + x W; out = act(z), for `rows` rows from `first`. A batch in parts has the bits of a whole one.
void forward(const Engine&, const LayerInput&, int first, int rows, const LayerView&, const Outputs&);
inline void forward(const Engine& e, const LayerInput& in, int rows, const LayerView& layer, const Outputs& o) {
  forward(e, in, 0, rows, layer, o);
}
// The same for rows row0.. of the input into rows 0.. of the output, on the calling thread.
void forward_rows(const Kernels&, const LayerInput&, int row0, int rows, const LayerView&, const Outputs&);

// dX = (dZ W^T) * act'(X): `previous` is X, the output of the layer before, with its own activation; for `rows` rows from `first`
void backward(const Engine&, const MatrixView& grad_out, int first, int rows, const LayerView&, const Outputs& previous,
              Activation previous_activation, const MatrixView& grad_in, Scratch&);
inline void backward(const Engine& e, const MatrixView& g, int rows, const LayerView& layer, const Outputs& previous,
                     Activation previous_activation, const MatrixView& grad_in, Scratch& scratch) {
  backward(e, g, 0, rows, layer, previous, previous_activation, grad_in, scratch);
}

// An update as tasks, each for the weights of some inputs and outputs, summed over all rows: they may run in any order.
struct UpdateTasks {
  int inputs;  // of a task
  int count;
};
UpdateTasks update_tasks(const Layout&, int threads, int most_inputs);

// W <- rule(W, X^T dZ); b <- rule(b, column sums of dZ), by the tasks from `first` to before `end`. `slots` are those of the
// layer's parameters.
void update(const Engine&, const LayerInput&, const MatrixView& grad_out, int rows, const LayerView&, const LayerRule&,
            const Slots&, Scratch&, const UpdateTasks&, int first, int end);
inline void update(const Engine& e, const LayerInput& in, const MatrixView& g, int rows, const LayerView& layer,
                   const LayerRule& rule, const Slots& slots, Scratch& scratch) {
  const UpdateTasks tasks = update_tasks(layer.shape, e.threads, layer.shape.K);
  update(e, in, g, rows, layer, rule, slots, scratch, tasks, 0, tasks.count);
}

// dW = X^T dZ as [K][N] row-major, db = column sums of dZ
void gradient(const Engine&, const LayerInput&, const MatrixView& grad_out, int rows, const Layout&, float* weights,
              float* biases, Scratch&);

// The same into memory laid out as the layer's parameters, by the tasks of an update from `first` to before `end`
void packed_gradient(const Engine&, const LayerInput&, const MatrixView& grad_out, int rows, const Layout&, float* into, Scratch&,
                     const UpdateTasks&, int first, int end);

// Scales the incoming weights of every unit whose norm exceeds `limit` to it
void limit_norms(const Engine&, const LayerView&, double limit);

void pack(const Layout&, const float* weights, const float* biases, float* parameters);
void unpack(const Layout&, const float* parameters, float* weights, float* biases);

}  // namespace mlp
