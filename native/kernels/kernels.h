#pragma once
// The contract between the drivers (dense.cpp, gemm.cpp, ...) and the kernels of one instruction set. A kernel is called
// for one task of one thread; it allocates nothing and asserts nothing about memory: drivers and addon.cpp have checked.
//
// Dimension letters: B rows of a batch, K inputs of a layer, N outputs, C classes.
//
// Layer parameters. A *wide* layer (N >= 16) keeps its weights in column panels: panel p holds columns 64p..64p+width-1 as
// [K][width], width a multiple of 16 (see layout.h); then the biases. A *narrow* layer (N < 16) keeps its weights
// transposed, [N][K16], K16 = K rounded up to 16; then the biases. Padding is zero and stays zero.
//
// Every matrix row is padded with zeros to a multiple of 16 floats.

#include <stddef.h>
#include <stdint.h>

namespace mlp {

enum class Activation : int32_t { identity = 0, relu = 1, leaky_relu = 2, tanh = 3, sigmoid = 4, gelu = 5, elu = 6, selu = 7, silu = 8, mish = 9 };

// Whether the derivative needs z, not only the output
inline bool keeps_pre(Activation a) { return a == Activation::gelu || a == Activation::silu || a == Activation::mish; }

constexpr float kLeakySlope = 0.01f;
constexpr float kSeluScale = 1.05070098735548049342f;   // lambda
constexpr float kSeluFloor = 1.75809934084737685994f;   // lambda alpha
constexpr int kLane = 16;        // lanes of the numeric contract, for every instruction set
constexpr int kShiftBits = 0x4b400000;  // bits of 1.5 * 2^23: adding it to a float rounds it to an integer in the low bits
constexpr int kPanel = 64;       // columns of a full panel
constexpr int kInputBlock = 208;  // inputs of one block of the sparse forward pass, at most 256; found by measuring, a multiple of 16
constexpr int kPeakFloats = 512;  // floats that fma_chains updates

// The optimisers, in the order of RULE_KINDS in src/backend/rules.ts; rules.inl defines them.
enum class RuleKind : int32_t { sgd = 0, momentum = 1, nesterov = 2, adam = 3, rms_prop = 4 };
constexpr int kRuleKinds = 5;

// One step of an optimiser for one kind of parameter (weights or biases). Fields that a kind does not use are ignored.
struct Rule {
  RuleKind kind;
  float learning_rate;  // adam: divided by 1 - beta1^t
  float l2;             // coupled: g + l2 p
  float keep = 1;       // decoupled decay: p is multiplied by it first
  float momentum = 0;
  float beta1 = 0, rest1 = 0;  // rest1 = 1 - beta1
  float beta2 = 0, rest2 = 0;
  float epsilon = 0;
  float root_scale = 0;  // 1 / sqrt(1 - beta2^t)
  float l1 = 0;          // coupled: g + l1 sign(p)
};

// State of the optimiser for the parameters at some address: slot s of parameter w[i] is data[s * stride + i].
struct Slots {
  float* data = nullptr;  // null: a rule without slots
  size_t stride = 0;

  Slots at(size_t offset) const { return {data ? data + offset : nullptr, stride}; }
};

// Where the value of a listed input comes from: a byte whose meaning is table[byte], or a float.
struct Values {
  const uint8_t* bytes;  // or null
  const float* table;    // 256 floats, when bytes
  const float* floats;   // or null
};

// A batch as lists of its non-zero inputs, ascending. Those of block b of row r (inputs b*kInputBlock ..) are at positions
// block_start[r * (blocks + 1) + b] .. block_start[r * (blocks + 1) + b + 1] of ids + r * stride and values + r * stride; an
// id counts from the first input of its block.
struct RowLists {
  const uint8_t* ids;
  Values values;
  const uint32_t* block_start;
  size_t stride;
  int blocks;
};

// The same batch by groups of Kernels::input_group neighbouring inputs: rows + q * capacity lists, ascending, the counts[q]
// rows in which one of group q's inputs is not zero. The values are those of the transposed batch, [K][value_stride].
struct GroupLists {
  const uint16_t* rows;
  const uint32_t* counts;
  size_t capacity;
  Values values;
  size_t value_stride;
};

// The transposed batch (bytes or floats) of `rows` rows, and where the lists of the groups that hold inputs k0..k1-1 go.
struct GroupBuild {
  Values values;
  size_t value_stride;
  int rows, k0, k1;
  uint16_t* out;
  size_t capacity;
  uint32_t* counts;
};

// out[r][j] = act(bias[j] + sum_k x[r][k] w[k][j]), k ascending, by fma, for `rows` rows and `width` columns of a panel
struct PanelForward {
  const float* w;
  const float* bias;
  float* out;
  float* pre;  // z before the activation, same stride, where its derivative needs it (keeps_pre); not written for ReLU; or null
  size_t out_stride;
  int rows, K, width;
  Activation activation;
};

// w[k][j] <- rule(w[k][j], sum_r x[r][k] g[r][j]), r ascending, for k in [k0, k1) of one panel. `slots` are those of `w`.
// store != null: writes the plain gradient to store[k * store_stride + j] for j < store_width instead.
struct PanelUpdate {
  float* w;
  const float* g;
  size_t g_stride;
  int B, k0, k1, width;
  Rule rule;
  Slots slots;
  float* store;
  size_t store_stride;
  int store_width;
};

// grad_in[r][k] = (sum_n g[r][n] wt[n][k]) * act'(previous[r][k]), n ascending from +0, for `rows` rows, `width` columns
struct Backward {
  const float* g;
  size_t g_stride;
  const float* wt;  // [N][wt_stride]
  size_t wt_stride;
  const float* previous;
  const float* previous_pre;
  size_t previous_stride;
  float* grad_in;
  size_t grad_in_stride;
  int rows, N, width;
  Activation activation;
};

// out[r][n] = act(bias[n] + dot(x[r], wt[n])), element k in lane k mod 16 (numeric contract, rule 2). bias and out have 16
// columns, those past N zero.
struct NarrowForward {
  const float* x;
  size_t x_stride;
  const float* wt;
  size_t wt_stride;
  const float* bias;
  float* out;
  float* pre;
  size_t out_stride;
  int rows, K, N;
  Activation activation;
};

// wt[n][k] <- rule(wt[n][k], sum_r g[r][n] x[r][k]) for k in [k0, k1), both multiples of 16
struct NarrowUpdate {
  float* wt;
  size_t wt_stride;
  const float* x;
  size_t x_stride;
  const float* g;
  size_t g_stride;
  int B, N, k0, k1;
  Rule rule;
  Slots slots;
  float* store;  // not null: store[n * store_stride + k] = plain gradient instead
  size_t store_stride;
};

// bias[j] <- rule(bias[j], sum_r g[r][j]) for `width` columns (a multiple of 16); store != null: the plain sums instead
struct BiasUpdate {
  float* bias;
  const float* g;
  size_t g_stride;
  int B, width;
  Rule rule;
  Slots slots;
  float* store;
};

// loss[r] = log sum_c exp(z[r][c]) - sum_c q[c] z[r][c]; gradient[r][c] = (softmax - q) * scale, where q is onehot, with
// smoothing s (1 - s) onehot + s / C
struct Softmax {
  const float* z;
  size_t z_stride;
  const int32_t* labels;   // null: only `predicted`
  float* gradient;         // or null
  size_t gradient_stride;
  double* losses;          // or null
  int32_t* predicted;      // or null
  int rows, C;
  float scale;
  float smoothing;  // in [0, 1)
};

// loss[r] = mean_c (y - t)^2; gradient = 2 (y - t) * scale * act'(y), scale = 1 / (B N). With `huber` (delta 1) loss[r] =
// mean_c of d^2 / 2 where |d| <= 1, else |d| - 1/2, d = y - t; gradient = d cut to -1..1 instead of 2 d
struct SquaredError {
  const float* y;
  const float* pre;
  size_t y_stride;
  const float* targets;  // [rows][N]
  float* gradient;       // or null
  size_t gradient_stride;
  double* losses;
  int rows, N;
  float scale;
  Activation activation;
  bool huber;
};

// loss[r] = mean_c [max(z, 0) - z t + log(1 + exp(-|z|))], z the logits of N independent yes-or-no outputs;
// gradient = (sigmoid(z) - t) * scale, scale = 1 / (B N). t is the label (0 or 1, N = 1) or one target in 0..1 an output,
// with smoothing s (1 - s) t + s / 2.
struct BinaryLoss {
  const float* z;
  size_t z_stride;
  const int32_t* labels;  // [rows], or null
  const float* targets;   // [rows][N], without labels; both null: only `predicted` is wanted
  float* gradient;        // or null
  size_t gradient_stride;
  double* losses;
  int32_t* predicted;  // z > 0 of the first output, or null
  int rows, N;
  float scale;
  float smoothing;  // in [0, 1)
};

constexpr uint32_t kRowStep = 0x9e3779b9u, kUnitStep = 0x85ebca6bu;

// out[r][c] = x[r][c] mask[r][c]; mask is 0 where the hash of (key, layer, row0 + r, c) lies below `threshold`, else `scale`
struct Dropout {
  const float* x;
  float* mask;
  float* out;
  size_t stride;  // of all three
  int rows, width, layer, row0;
  uint32_t key, threshold;
  float scale;
};

// g[r][c] <- g[r][c] mask[r][c] act'(y[r][c])
struct Undrop {
  float* g;
  const float* mask;
  const float* y;
  const float* pre;  // or null
  size_t stride;     // of all four
  int rows, width;
  Activation activation;
};

// out[c] = rest x[c] + share other[c]; width is a multiple of 16
struct Mix {
  const float* x;
  const float* other;
  float* out;
  int width;
  float rest, share;
};

// p[i] <- rule(p[i], g[i] * scale) for n parameters, a multiple of 16
struct Apply {
  float* p;
  const float* g;
  size_t n;
  float scale;
  Rule rule;
  Slots slots;
};

// c[i][j] = c0 + sum_k a(i,k) b[k][j] for M rows and `width` columns (a multiple of 16), k ascending by fma;
// c0 = beta * c (0 when beta is 0: c is not read). a(i,k) = a[i * a_stride + k], or a[k * a_stride + i] when a_by_k.
struct GemmPanel {
  const float* a;
  size_t a_stride;
  bool a_by_k;
  const float* b;
  size_t b_stride;
  float* c;
  size_t c_stride;
  int M, K, width;
  float beta;
};

constexpr int kWarpColumns = 32;  // columns of a chunk of WarpPlan's matrices
constexpr int kWarpValues = 8;    // integers of one image's transformation, see src/backend/warp.ts

// How images are resampled. Weights are pairs of 16-bit integers: element j of a row holds those of inputs 2j and 2j + 1.
struct WarpPlan {
  int height, width;
  int radius;             // of the smoothing of the displacement fields; -1: none
  int shift;              // of its sums, to 2^-16 pixels
  const int16_t* down;    // [height][2 pairs]
  const int32_t* across;  // [stride / 2][stride], pairs

  int pairs() const { return (height + 1) / 2; }
  int padded_width() const { return width + 3; }
  size_t stride() const { return (static_cast<size_t>(width) + kWarpColumns - 1) / kWarpColumns * kWarpColumns; }
  size_t padded() const { return (static_cast<size_t>(height) + 3) * static_cast<size_t>(padded_width()); }
};

// What one thread works in. The borders of the padded images are zero: a row and a column before the image, two after.
struct WarpScratch {
  int32_t* noise;       // [pairs][stride]
  int16_t* smooth;      // [height][stride]
  int32_t* fields[2];   // [height][stride]
  int32_t *at, *wx, *wy, *four;  // [stride]
  uint8_t* copy;        // [height][width], and a chunk
  uint32_t* quads;      // [padded]
  uint8_t* padded_bytes;
  float* padded_floats;
};

struct WarpImage {
  const uint8_t* bytes;  // [height][width], or null
  const float* floats;   // the same, without bytes
  uint8_t* out_bytes;
  float* out_floats;
};

struct ListKernels {
  // lists of one row's non-zero bytes or floats; false when there are more than `limit`, for which there is room, and for 64
  // more that may be written past the last
  bool (*list_bytes)(const uint8_t* row, int cols, uint32_t limit, uint8_t* ids, uint8_t* values, uint32_t* block_start);
  bool (*list_floats)(const float* row, int cols, uint32_t limit, uint8_t* ids, float* values, uint32_t* block_start);
  // to[k * stride + r] = row r's byte k, for k0 <= k < k1, row r at from + indices[r] * cols
  void (*transpose_bytes)(const uint8_t* from, size_t cols, const int32_t* indices, int rows, int k0, int k1, uint8_t* to,
                          size_t stride);
  void (*list_groups)(const GroupBuild&);
  // to[k] = byte k / divisor, rounded once (divisor 1: exact)
  void (*expand_bytes)(const uint8_t* row, int cols, float divisor, float* to);
};

// `warp`: kWarpValues integers; every position is clamped to the padded image, whatever they are
using WarpKernel = void(const WarpPlan&, const WarpImage&, const int32_t* warp, const WarpScratch&);

struct Kernels {
  const char* name;
  const ListKernels* lists;
  int tile_columns;  // columns of the dense kernels' register tile
  int input_group;  // inputs a sparse update handles at once: 1, 2 or 4
  void (*forward_dense)(const PanelForward&, const float* x, size_t x_stride);
  // rows row0 .. row0 + rows - 1 of the lists
  void (*forward_sparse)(const PanelForward&, const RowLists&, int row0);
  void (*update_dense)(const PanelUpdate&, const float* x, size_t x_stride);
  void (*update_sparse)(const PanelUpdate&, const GroupLists&);
  void (*backward)(const Backward&);
  void (*narrow_forward)(const NarrowForward&);
  void (*narrow_update)(const NarrowUpdate&);
  void (*bias_update)(const BiasUpdate&);
  // returns the number of rows whose first arg max is the label
  int (*softmax)(const Softmax&);
  void (*squared_error)(const SquaredError&);
  // returns the number of rows in which z > 0 holds for exactly the outputs with t > 1/2
  int (*binary_loss)(const BinaryLoss&);
  void (*dropout)(const Dropout&);
  void (*undrop)(const Undrop&);
  void (*mix)(const Mix&);
  double (*square_sum)(const float* x, size_t n);
  void (*apply)(const Apply&);
  void (*average)(const float* p, size_t n, float share, float* average);
  void (*limit_columns)(float* w, int K, int width, double limit);
  void (*gemm)(const GemmPanel&);
  // `rounds` multiply-adds in registers on each of chains[0..kPeakFloats), or as many as there are; returns the operations done
  double (*fma_chains)(int64_t rounds, float* chains);
  WarpKernel* warp_image;
};

// Kernels to use in place of those of an instruction set, with the same results
struct FasterKernels {
  const ListKernels* lists;
  WarpKernel* warp_image;
};

// Each in its own file; null when the compiler does not target that instruction set.
const Kernels* avx512_kernels();
const FasterKernels* avx512_vbmi2_kernels();  // those of avx512 that VBMI2 and VNNI make faster
const Kernels* avx2_kernels();
const Kernels* neon_kernels();
const Kernels* portable_kernels();

}  // namespace mlp
