#pragma once
// Losses over a batch: rows are divided among the threads, every row is written by one of them.

#include "dense.h"

namespace mlp {

// Per row the softmax cross-entropy and the gradient of the logits; returns the number of rows classified correctly.
int softmax_cross_entropy(const Engine&, const MatrixView& logits, int rows, int classes, const int32_t* labels,
                          const MatrixView* gradient, double* losses);

// Per row the mean squared error and its gradient with respect to the pre-activations of the output layer.
void mean_squared_error(const Engine&, const Outputs& y, int rows, int outputs, Activation activation, const float* targets,
                        const MatrixView* gradient, double* losses);

}  // namespace mlp
