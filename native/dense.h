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

// z = b + x W; out = act(z)
void forward(const Engine&, const LayerInput&, int rows, const LayerView&, const Outputs&);
// The same for rows row0.. of the input into rows 0.. of the output, on the calling thread.
void forward_rows(const Kernels&, const LayerInput&, int row0, int rows, const LayerView&, const Outputs&);

// dX = (dZ W^T) * act'(X): `previous` is X, the output of the layer before, with its own activation
void backward(const Engine&, const MatrixView& grad_out, int rows, const LayerView&, const Outputs& previous,
              Activation previous_activation, const MatrixView& grad_in, Scratch&);

// W <- rule(W, X^T dZ); b <- rule(b, column sums of dZ). `slots` are those of the layer's parameters.
void update(const Engine&, const LayerInput&, const MatrixView& grad_out, int rows, const LayerView&, const LayerRule&,
            const Slots&, Scratch&);

// dW = X^T dZ as [K][N] row-major, db = column sums of dZ
void gradient(const Engine&, const LayerInput&, const MatrixView& grad_out, int rows, const Layout&, float* weights,
              float* biases, Scratch&);

// The same into memory laid out as the layer's parameters
void packed_gradient(const Engine&, const LayerInput&, const MatrixView& grad_out, int rows, const Layout&, float* into, Scratch&);

// Scales the incoming weights of every unit whose norm exceeds `limit` to it
void limit_norms(const Engine&, const LayerView&, double limit);

void pack(const Layout&, const float* weights, const float* biases, float* parameters);
void unpack(const Layout&, const float* parameters, float* weights, float* biases);

}  // namespace mlp
