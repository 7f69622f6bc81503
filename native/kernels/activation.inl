// Activations and their derivatives over a run of n floats. No -0 leaves: z is made +0 before the activation.

MLP_INLINE void activate(Activation activation, float* MLP_RESTRICT z, int n) {
  switch (activation) {
    case Activation::identity:
      break;
    case Activation::relu:
      for (int i = 0; i < n; i++) z[i] = z[i] <= 0.0f ? 0.0f : z[i];
      break;
    case Activation::leaky_relu:
      for (int i = 0; i < n; i++) z[i] = z[i] <= 0.0f ? z[i] * kLeakySlope + 0.0f : z[i];
      break;
    case Activation::tanh:
      for (int i = 0; i < n; i++) z[i] = tanh1(z[i]) + 0.0f;
      break;
    case Activation::sigmoid:
      for (int i = 0; i < n; i++) z[i] = sigmoid1(z[i]);
      break;
    case Activation::gelu:
      for (int i = 0; i < n; i++) z[i] = z[i] * normal_cdf(z[i]) + 0.0f;
      break;
    case Activation::elu:
      for (int i = 0; i < n; i++) z[i] = elu1(z[i]) + 0.0f;
      break;
    case Activation::selu:
      for (int i = 0; i < n; i++) z[i] = selu1(z[i]) + 0.0f;
      break;
    case Activation::silu:
      for (int i = 0; i < n; i++) z[i] = z[i] * sigmoid1(z[i]) + 0.0f;
      break;
    case Activation::mish:
      for (int i = 0; i < n; i++) z[i] = mish1(z[i]) + 0.0f;
      break;
  }
}

// g <- g * act'(z), from the output y (and z itself, `pre`, where keeps_pre). ReLU: derivative 0 where z <= 0.
MLP_INLINE void multiply_derivative(Activation activation, float* MLP_RESTRICT g, const float* y, const float* pre, int n) {
  switch (activation) {
    case Activation::identity:
      for (int i = 0; i < n; i++) g[i] = g[i] + 0.0f;
      break;
    case Activation::relu:
      for (int i = 0; i < n; i++) g[i] = y[i] > 0.0f ? g[i] + 0.0f : 0.0f;
      break;
    case Activation::leaky_relu:
      for (int i = 0; i < n; i++) g[i] = (y[i] > 0.0f ? g[i] : g[i] * kLeakySlope) + 0.0f;
      break;
    case Activation::tanh:
      for (int i = 0; i < n; i++) g[i] = g[i] * (1.0f - y[i] * y[i]) + 0.0f;
      break;
    case Activation::sigmoid:
      for (int i = 0; i < n; i++) g[i] = g[i] * (y[i] * (1.0f - y[i])) + 0.0f;
      break;
    case Activation::gelu:
      for (int i = 0; i < n; i++) g[i] = g[i] * gelu_derivative(pre[i]) + 0.0f;
      break;
    case Activation::elu:
      for (int i = 0; i < n; i++) g[i] = (y[i] > 0.0f ? g[i] : g[i] * (y[i] + 1.0f)) + 0.0f;
      break;
    case Activation::selu:
      for (int i = 0; i < n; i++) g[i] = g[i] * (y[i] > 0.0f ? kSeluScale : y[i] + kSeluFloor) + 0.0f;
      break;
    case Activation::silu:
      for (int i = 0; i < n; i++) g[i] = g[i] * silu_derivative(pre[i]) + 0.0f;
      break;
    case Activation::mish:
      for (int i = 0; i < n; i++) g[i] = g[i] * mish_derivative(pre[i]) + 0.0f;
      break;
  }
}

// Out of line, for a tile's epilogue, which calls it once per row of the tile.
static void activate_run(Activation activation, float* z, int n) { activate(activation, z, n); }
static void derivative_run(Activation activation, float* g, const float* y, const float* pre, int n) {
  multiply_derivative(activation, g, y, pre, n);
}
