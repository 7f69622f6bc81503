// The exports for programs: compile, run, runPart, restart, forwardPass, firstLayerNotFinite.

#include <vector>

#include "calls.h"
#include "fp_environment.h"
#include "operands.h"

namespace mlp {

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
    trains = trains || spec.code.back().code == OpCode::update || spec.code.back().code == OpCode::apply;
  }
  if (spec.sparse && trains && spec.capacity > kMaxListedRows) args.fail<Napi::RangeError>("capacity", "at most 65536 listed rows", std::to_string(spec.capacity));
  const std::string problem = problem_of(spec);
  if (!problem.empty()) args.fail<Napi::RangeError>("code", "a program that can be run", problem);
  return Handle<Program>::make(info.Env(), new Program(engine(info), spec), kProgramTag);
}

static Program& read_program(const Args& args, const Engine& e) {
  Program& program = Handle<Program>::get(args, args.value(0), "program", kProgramTag, "a program of this addon");
  same_kernels(args, "program", program, e);
  return program;
}

// What `run` and `runPart` take, checked
struct Run {
  Inputs inputs;
  const int32_t* indices;
  int count;
  Arenas arenas;
  NetworkRule rule;
};

// arenas: [parameters, slots | null, labels or targets | null, rowLosses | null, predicted | null, outputs | null, step | null,
//          warper | null, warps, average | null, row weights | null]
static Run read_run(const Args& args, const Engine& e, const Program& program, const Napi::Value& values, const Napi::Value& rows, int cols,
                    const Napi::Value& table, const Napi::Value& row_indices, const Napi::Value& arenas, const Napi::Value& rule) {
  if (!arenas.IsArray()) args.fail<Napi::TypeError>("arenas", "an array", "something else");
  const Napi::Array list = arenas.As<Napi::Array>();
  Napi::Value arena[11];  // reading the array may run JavaScript: done before any memory is looked at
  for (uint32_t i = 0; i < 11; i++) arena[i] = list.Get(i);
  Run run = {};
  run.inputs = read_inputs(args, values, table, args.integer(rows, "rows", 0, kMaxInt), cols);
  same_kind(args, program, run.inputs);
  run.indices = read_indices(args, row_indices, run.inputs.rows, run.count);
  if (run.count > program.spec().capacity) {
    args.fail<Napi::RangeError>("rowIndices", "at most " + std::to_string(program.spec().capacity) + " rows", std::to_string(run.count));
  }
  const size_t n = static_cast<size_t>(run.count), all = static_cast<size_t>(run.inputs.rows), outputs = static_cast<size_t>(program.outputs());
  Arenas& a = run.arenas;
  a.parameters = args.floats(arena[0], "parameters", program.parameters());
  if (program.trains()) {
    RuleKind kind;
    run.rule = read_rule(args, rule, kind);
    a.slots = read_slots(args, arena[1], kind, program.parameters());
    no_overlap(args, "slots", a.slots.data, slots_of(kind) * program.parameters(), a.parameters, program.parameters());
  }
  if (!Args::is_null(arena[2])) {
    if (args.is_ints(arena[2])) a.labels = args.ints(arena[2], "labels", all).data;
    else a.targets = args.floats(arena[2], "targets", all * outputs);
    a.losses = args.doubles(arena[3], "rowLosses", n);
  }
  if (!program.takes({a.labels, a.targets})) args.fail<Napi::TypeError>("labels or targets", "what the loss compares with", "something else");
  if (!Args::is_null(arena[4])) a.predicted = args.ints(arena[4], "predicted", n).data;
  if (!Args::is_null(arena[5])) a.outputs = args.floats(arena[5], "outputs", n * outputs);
  if (!Args::is_null(arena[6])) a.step = read_step(args, arena[6]);
  if (!Args::is_null(arena[7])) {
    if (!program.trains()) args.fail<Napi::TypeError>("warper", "null for a program without updates", "a warper");
    a.warper = &read_warper(args, arena[7], e, run.inputs);
    a.warps = read_warps(args, arena[8], run.count);
    if (a.warper->capacity() < run.count) {
      args.fail<Napi::RangeError>("warper", "room for " + std::to_string(run.count) + " rows", std::to_string(a.warper->capacity()));
    }
  }
  if (program.averages()) {
    a.average = args.floats(arena[9], "average", program.parameters());
    no_overlap(args, "average", a.average, program.parameters(), a.parameters, program.parameters());
  }
  if (!Args::is_null(arena[10])) a.row_weights = args.floats(arena[10], "rowWeights", all);
  return run;
}

static Napi::Value result_of(const Args& args, const Program& program, const Run& run, const Outcome& outcome) {
  switch (outcome.status) {
    case Outcome::data_changed: changed(args);
    case Outcome::rows_changed: args.fail<Napi::RangeError>("rowIndices", "those of the part before", "others");
    case Outcome::bad_label:
      args.fail<Napi::RangeError>("labels", "classes of the network", std::to_string(run.arenas.labels[outcome.row]) + " at row " + std::to_string(outcome.row));
    case Outcome::loss_not_finite: return Napi::Number::New(args.env(), -1);
    case Outcome::unfinished: return Napi::Number::New(args.env(), program.is_updating() ? -3 : -2);
    case Outcome::done: break;
  }
  return Napi::Number::New(args.env(), outcome.correct);
}

// run(program, values, rows, cols, table, rowIndices, arenas, rule | null) -> number correct, -1 where the loss is not finite
Napi::Value run_program(const Napi::CallbackInfo& info) {
  const Args args(info, "run");
  Program& program = read_program(args, engine(info));
  const int cols = args.integer(3, "cols", 1, kMaxCols);
  const Run run = read_run(args, engine(info), program, args.value(1), args.value(2), cols, args.value(4), args.value(5), args.value(6), args.value(7));
  const IeeeDefaults defaults;
  return result_of(args, program, run, program.run(engine(info), run.inputs, run.indices, run.count, run.arenas, run.rule));
}

// runPart(program, values, rows, table, rowIndices, arenas, rule, work) -> what `run` returns, or -2 where the run is unfinished,
// -3 where it is and has begun to update
Napi::Value run_part(const Napi::CallbackInfo& info) {
  const Args args(info, "runPart");
  Program& program = read_program(args, engine(info));
  if (!program.trains()) args.fail<Napi::TypeError>("program", "a training step", "one without updates");
  const double work = args.number(7, "work");
  if (!(work > 0)) args.fail<Napi::RangeError>("work", "more than 0", std::to_string(work));
  const Run run = read_run(args, engine(info), program, args.value(1), args.value(2), program.cols(), args.value(3), args.value(4), args.value(5), args.value(6));
  const IeeeDefaults defaults;
  return result_of(args, program, run, program.run_part(engine(info), run.inputs, run.indices, run.count, run.arenas, run.rule, work));
}

// restart(program): the next part is the first of a run
void restart_program(const Napi::CallbackInfo& info) {
  const Args args(info, "restart");
  read_program(args, engine(info)).restart();
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

}  // namespace mlp
