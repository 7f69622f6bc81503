#pragma once
// A program: the operations of a training step, or of a forward pass, over named operands, checked once and run in one call.
// Parameters, optimiser slots and results are the caller's; the batch and all matrices are the program's own. A program
// without updates divides its rows among the threads, each with operands of its own; one with updates divides each operation.

#include <limits>
#include <string>
#include <vector>

#include "loss.h"
#include "warp.h"

namespace mlp {

// In the order of OPERATIONS in src/backend/program.ts
enum class OpCode : int32_t { gather = 0, forward = 1, loss = 2, backward = 3, update = 4, dropout = 5, undrop = 6, gradient = 7, apply = 8, limit = 9, average = 10, mix = 11 };
constexpr int kOpCodes = 12;
constexpr int kBatch = -1;  // as an operand: the gathered rows
constexpr int kNone = -2;   // no operand

// gather                                         batch <- rows of the data set
// forward   layer, input, output                 output = act(input W + b)
// loss      loss, input, gradient (or none)      losses of input; gradient of its pre-activations
// backward  layer, gradient, input, output       output = (gradient W^T) * act'(input): input is the layer's own input
// update    layer, input, gradient               W, b <- rule(W, b, input^T gradient)
// dropout   layer, input, gradient, output       `gradient` is the mask; output = input mask
// undrop    layer, input, gradient, output       `output` is the mask; gradient = gradient mask act'(input)
// gradient  layer, input, gradient               the program's own gradient of the layer = input^T gradient
// apply                                          W, b <- rule(W, b, that gradient) of all layers that have one, clipped by their norm
// limit     layer                                norms of the units' incoming weights <= the limit of the step
// average                                        average of the parameters <- towards them
// mix       output                               output = each row of the batch and a share of the row after it (mixup); so its loss
struct Instruction {
  OpCode code;
  int layer, input, gradient, output;
  LossKind loss;
};

struct ProgramLayer {
  Layout shape;
  Activation activation;
};

struct ProgramSpec {
  int cols;  // of the data set
  InputKind kind;
  bool sparse;
  int longest_row;
  int capacity;  // most rows of a run
  std::vector<ProgramLayer> layers;
  std::vector<int> matrices;  // columns of each
  std::vector<Instruction> code;
};

// A sparse layer multiplies about this share of its inputs.
constexpr double kSparseShare = 0.2;
// Gathering an input takes about as long as so many multiply-adds.
constexpr double kGatherWork = 8;

// Parameters of one task of `apply` and `average`
constexpr size_t kApplyFloats = 16384;
inline size_t chunk_length(size_t n, size_t at) { return n - at < kApplyFloats ? n - at : kApplyFloats; }

// As many threads as so many multiply-adds are worth
Engine with_threads(const Engine&, double work);

// Why a program cannot be run safely; empty for one that can.
std::string problem_of(const ProgramSpec&);

// What differs between the steps of a run besides the rule; see StepValues in src/backend/program.ts
struct StepValues {
  uint32_t dropout_key = 0;
  double dropout_rate = 0;  // in [0, 1)
  float smoothing = 0;      // of labels, in [0, 1)
  double clip_norm = 0;     // largest norm of all gradients together; 0: any
  double max_norm = 0;      // of a unit's incoming weights; 0: any
  float average_share = 0;  // of the parameters in their average
  double mix_share = 0;     // of the row after each in a mix, 0 to 1
};

struct Arenas {
  float* parameters;  // the layers' own, one after the other
  Slots slots;        // of `parameters`
  const int32_t* labels;  // of every row of the data set; or null
  const float* targets;   // [rows][outputs]; or null
  double* losses;         // [count]; needed where there are labels or targets
  int32_t* predicted;     // [count]; or null
  float* outputs;         // [count][outputs of the last forward pass]; or null
  StepValues step = {};
  Warper* warper = nullptr;        // resamples the rows of a training step; or null
  const int32_t* warps = nullptr;  // [count][kWarpValues], with `warper`
  float* average = nullptr;            // of `parameters`; needed by an `average` operation
  const float* row_weights = nullptr;  // of every row of the data set, in its loss and its gradient; or null
};

struct Outcome {
  enum Status { done, data_changed, bad_label, loss_not_finite, unfinished, rows_changed } status;
  int correct;
  int row;  // of an invalid label
};

class Program {
 public:
  static constexpr int kChunk = 256;  // rows a thread takes at once from a program without updates

  // More work than any run is
  static constexpr double kEverything = std::numeric_limits<double>::infinity();

  // `spec` has no problem
  Program(const Engine&, const ProgramSpec& spec);

  // Every index < inputs.rows; count <= capacity; always the same data set, whose rows a program with updates keeps
  // gathered. Does not update where the sum of the losses is not finite.
  Outcome run(const Engine&, const Inputs&, const int32_t* indices, int count, const Arenas&, const NetworkRule&);

  // A run in parts, of a program with updates: after `restart` each call does about `work` multiply-adds, or one piece of an
  // operation if that is more, and is unfinished until all is done. The calls have the same rows, or the rows have changed.
  // In the end the run has the bits of a whole one.
  void restart() { next_ = {}; }
  Outcome run_part(const Engine& e, const Inputs& inputs, const int32_t* indices, int count, const Arenas& arenas,
                   const NetworkRule& rule, double work) {
    return train(e, inputs, indices, count, arenas, rule, work);
  }
  // Whether the run in parts has begun to update
  bool is_updating() const { return next_.updating; }

  // The first layer whose outputs of the last run were not all finite, or -1; only for a program with updates
  int first_layer_not_finite() const;

  const ProgramSpec& spec() const { return spec_; }
  bool trains() const { return trains_; }
  bool averages() const { return averages_; }
  size_t parameters() const { return offsets_.back(); }
  // Outputs of the last forward pass
  int outputs() const { return spec_.matrices[static_cast<size_t>(last_output_)]; }
  bool takes(const Truth& truth) const;
  const Kernels* kernels() const { return workers_.front().batch.kernels(); }
  int cols() const { return spec_.cols; }
  InputKind kind() const { return spec_.kind; }
  size_t bytes() const;

 private:
  struct MatrixMemory {
    Buffer<float> values, pre;
    size_t stride;
    Activation activation;
  };
  // Expected outputs of the rows of a worker
  struct TruthMemory {
    Buffer<int32_t> labels;
    Buffer<float> targets;

    TruthMemory(LossKind, int outputs, int rows);
    size_t bytes() const { return labels.bytes() + targets.bytes(); }
  };
  // Operands of one participant
  struct Worker {
    Batch batch;
    std::vector<MatrixMemory> matrices;
    TruthMemory truth;
  };
  // The loss of rows against the truth of the rows after them, where a program mixes these
  struct PartnerMemory {
    TruthMemory truth;
    Buffer<double> losses;
    Buffer<float> gradient;
    size_t stride;
  };

  Worker make_worker(const Engine&, int rows) const;
  TruthMemory make_truth(int rows) const;
  void add_partners();
  LayerView layer(int l, float* parameters) const;
  LayerInput operand(const Worker&, int operand) const;
  MatrixView view(const Worker&, int matrix) const;
  Outputs outputs_of(const Worker&, int matrix) const;
  // Of the rows from `first`; truth.labels and truth.targets are those of all rows
  bool gather_truth(const TruthMemory&, const int32_t* indices, int first, int count, const Arenas&, Truth&, int& bad_row) const;
  Outcome train(const Engine&, const Inputs&, const int32_t* indices, int count, const Arenas&, const NetworkRule&, double work);
  Outcome step(const Engine&, const Engine& all, const Instruction&, const Inputs&, const int32_t* indices, int count, const Arenas&,
               const NetworkRule&, double& work);
  Outcome step_loss(const Engine&, const Instruction&, const int32_t* indices, int count, const Arenas&, double& work);
  bool loss_of_rows(const Engine&, const Instruction&, const int32_t* indices, int first, int rows, int count, const Arenas&, int& bad_row);
  bool loss_of_partners(const Engine&, const Instruction&, int first, int rows, int count, const Arenas&, int& correct, int& bad_row);
  void mix(const Engine&, const Worker&, const Instruction&, int first, int rows, int count, double share) const;
  Outcome rows(const Engine&, Worker&, const Inputs&, const int32_t* indices, int first, int count, const Arenas&) const;
  Outcome::Status gather(const Engine&, const Engine& all, const Inputs&, const int32_t* indices, int count, const Arenas&, double& work);
  bool holds(const int32_t* indices, int count, const Arenas&) const;
  void dropout(const Engine&, Worker&, const Instruction&, int first, int count, const StepValues&) const;
  void undrop(const Engine&, Worker&, const Instruction&, int first, int count) const;
  bool weights_of(const Engine&, const Instruction&, int count, const Arenas&, const NetworkRule&, double& work);
  bool apply(const Engine&, const Arenas&, const NetworkRule&, double& work);
  bool average(const Engine&, const Arenas&, double& work);
  void add_parts(int layer);
  double share(int operand) const { return operand == kBatch && spec_.sparse ? kSparseShare : 1; }

  ProgramSpec spec_;
  bool trains_ = false, averages_ = false, mixes_ = false;
  const Instruction* loss_ = nullptr;
  int last_output_ = 0;
  std::vector<size_t> offsets_;  // of each layer's parameters, and the length of all
  double work_per_row_;          // multiply-adds of a forward pass, and what gathering takes
  std::vector<Worker> workers_;
  Scratch scratch_;
  Buffer<float> gradients_;  // laid out as the parameters; for `gradient` operations
  struct Part {
    size_t at, n;
    int layer;
    bool biases;
  };
  std::vector<Part> parts_;                 // of `apply`: those of all layers with a `gradient`
  std::vector<double> partial_;             // their sums of squares
  std::vector<int32_t> held_, held_warps_;  // the rows the batch holds, or will when it is whole, and how they were resampled
  std::vector<int32_t> first_rows_;         // 0, 1, 2, ...
  std::vector<int32_t> next_rows_;          // the row after each row of the batch, where the program mixes them
  std::vector<PartnerMemory> partners_;     // one or none
  bool is_whole_ = true;
  // What the next part of a run begins with
  struct {
    size_t operation = 0;
    int piece = 0;               // of the operation
    UpdateTasks tasks = {0, 0};  // its pieces, where it is an update or a gradient
    float scale = 1;             // of the gradients, where it is `apply`
    int correct = 0;
    bool updating = false;
  } next_;
  int rows_ = 0;               // of the last run
};

}  // namespace mlp
