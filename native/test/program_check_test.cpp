// A program that cannot be run safely is refused, and so are answers that its loss cannot take.

#include "programs.h"

namespace mlp {
namespace test {
namespace {

// Every way in which a program may ask for memory that is not there
void malformed() {
  Random random(7);
  const Set set(random, 10, 30);
  const Network net(random, set.cols, {20, 12, 3}, Activation::relu);
  const Inputs in = set.inputs(InputKind::floats);
  const ProgramSpec good = training_program(net, kSoftmax, in, true, 5), forward_only = forward_program(net, kSoftmax, in, true, 5);
  CHECK(problem_of(good).empty(), "%s", problem_of(good).c_str());
  CHECK(problem_of(forward_only).empty(), "%s", problem_of(forward_only).c_str());

  int made = 0;
  const auto refuses = [&](const char* what, ProgramSpec spec, size_t operation) {
    const std::string problem = problem_of(spec), where = "operation " + std::to_string(operation) + ":";
    CHECK(problem.compare(0, where.size(), where) == 0, "%s: '%s', expected one at %s", what, problem.c_str(), where.c_str());
    made++;
  };
  const auto replaced = [&](size_t at, const Instruction& op) {
    ProgramSpec spec = good;
    spec.code[at] = op;
    return spec;
  };
  const auto inserted = [&](size_t at, const Instruction& op) {
    ProgramSpec spec = good;
    spec.code.insert(spec.code.begin() + static_cast<long>(at), op);
    return spec;
  };
  // good: 0 gather, 1-3 forward, 4 loss, 5 backward 2, 6 update 2, 7 backward 1, 8 update 1, 9 update 0; matrices 20 12 3 20 12 3
  for (const int wrong : {-1000, -5, -2, 6, 1000, 2147483647, -2147483647 - 1}) {
    const int layer = wrong == 6 ? 3 : wrong, matrix = wrong;
    refuses("forward of no layer", replaced(1, forward(layer, kBatch, 0)), 1);
    refuses("forward of no matrix", replaced(2, forward(1, matrix, 1)), 2);
    refuses("forward into no matrix", replaced(2, forward(1, 0, matrix)), 2);
    refuses("loss of no matrix", replaced(4, loss(kSoftmax, matrix, 5)), 4);
    if (wrong != kNone) refuses("loss into no matrix", replaced(4, loss(kSoftmax, 2, matrix)), 4);
    refuses("backward of no layer", replaced(5, backward(layer, 5, 1, 4)), 5);
    refuses("backward of no gradient", replaced(5, backward(2, matrix, 1, 4)), 5);
    refuses("backward past no matrix", replaced(5, backward(2, 5, matrix, 4)), 5);
    refuses("backward into no matrix", replaced(5, backward(2, 5, 1, matrix)), 5);
    refuses("update of no layer", replaced(6, update(layer, 1, 5)), 6);
    refuses("update from no matrix", replaced(6, update(2, matrix, 5)), 6);
    refuses("update by no gradient", replaced(6, update(2, 1, matrix)), 6);
  }
  refuses("forward into the batch", replaced(1, forward(0, kBatch, kBatch)), 1);
  refuses("loss of the batch", replaced(4, loss(kSoftmax, kBatch, 5)), 4);
  refuses("loss into the batch", replaced(4, loss(kSoftmax, 2, kBatch)), 4);
  refuses("backward of the batch", replaced(5, backward(2, kBatch, 1, 4)), 5);
  refuses("backward past the batch", replaced(5, backward(2, 5, kBatch, 4)), 5);
  refuses("backward into the batch", replaced(5, backward(2, 5, 1, kBatch)), 5);
  refuses("update by the batch", replaced(6, update(2, 1, kBatch)), 6);

  refuses("wrong columns of an input", replaced(2, forward(1, kBatch, 1)), 2);
  refuses("wrong columns of an output", replaced(1, forward(0, kBatch, 1)), 1);
  refuses("wrong columns of a loss gradient", replaced(4, loss(kSoftmax, 2, 4)), 4);
  refuses("wrong columns of a gradient", replaced(5, backward(1, 5, 1, 4)), 5);
  refuses("wrong columns of what is passed back", replaced(5, backward(2, 5, 0, 4)), 5);
  refuses("wrong columns of a gradient passed back", replaced(5, backward(2, 5, 1, 3)), 5);
  refuses("wrong columns of an updated input", replaced(6, update(2, 0, 5)), 6);
  refuses("wrong columns of an updating gradient", replaced(6, update(2, 1, 4)), 6);

  refuses("an input never written", replaced(2, forward(1, 3, 1)), 2);
  refuses("a loss of what was never written", replaced(4, loss(kSoftmax, 5, 2)), 4);
  refuses("a gradient never written", replaced(7, backward(2, 5, 4, 1)), 9);  // the last update wants matrix 3
  refuses("a gradient written later", replaced(5, update(1, 0, 4)), 5);
  {
    ProgramSpec spec = good;
    spec.matrices.push_back(3);
    spec.code[6] = update(2, 1, 6);
    refuses("an updating gradient never written", spec, 6);
    spec = good;
    spec.matrices.push_back(12);
    spec.code[5] = backward(2, 5, 6, 4);
    refuses("passing back what was never written", spec, 5);
    spec = good;
    spec.layers.push_back({{20, 20}, Activation::relu});
    spec.code.insert(spec.code.begin() + 2, forward(3, 0, 0));
    refuses("forward into its own input", spec, 2);
    spec = good;
    spec.layers.push_back({{3, 3}, Activation::relu});
    spec.code.insert(spec.code.begin() + 5, backward(3, 5, 2, 5));
    refuses("backward into its own gradient", spec, 5);
  }
  refuses("a loss into its own outputs", replaced(4, loss(kSoftmax, 2, 2)), 4);
  refuses("backward into its own input", replaced(5, backward(2, 5, 1, 1)), 5);
  refuses("a second loss", inserted(5, loss(kSoftmax, 2, kNone)), 5);
  refuses("rows gathered twice", inserted(1, gather()), 1);
  refuses("rows gathered late", inserted(5, gather()), 5);
  refuses("no rows gathered", replaced(0, forward(0, kBatch, 0)), 0);
  refuses("an operation unknown", replaced(3, {static_cast<OpCode>(kOpCodes), 0, 0, 0, 0, kSoftmax}), 3);
  refuses("an operation unknown", replaced(3, {static_cast<OpCode>(-1), 0, 0, 0, 0, kSoftmax}), 3);
  {
    const Network narrow(random, set.cols, {15, 3}, Activation::relu);
    refuses("lists for a narrow layer", training_program(narrow, kSoftmax, in, true, 5), 1);
    CHECK(problem_of(training_program(narrow, kSoftmax, in, false, 5)).empty());
    ProgramSpec spec = training_program(narrow, kSoftmax, in, true, 5);
    spec.layers.push_back({{set.cols, 20}, Activation::relu});
    spec.layers.push_back({{20, 15}, Activation::relu});
    spec.matrices.push_back(20);
    spec.code[1] = forward(2, kBatch, 4);
    spec.code.insert(spec.code.begin() + 2, forward(3, 4, 0));
    refuses("lists to update a narrow layer", spec, spec.code.size() - 1);
    ProgramSpec other = good;
    other.cols = 31;
    refuses("another data set", other, 1);
  }
  {
    ProgramSpec spec = training_program(Network(random, set.cols, {16, 3}, Activation::relu), kSoftmax, in, false, 5);
    spec.matrices.push_back(set.cols);
    spec.code.insert(spec.code.begin() + 1, mix(4));
    spec.code[2] = forward(0, 4, 0);
    CHECK(problem_of(spec).empty(), "%s", problem_of(spec).c_str());
    const auto mixed = [&](size_t at, const Instruction& op) {
      ProgramSpec changed = spec;
      changed.code.insert(changed.code.begin() + static_cast<long>(at), op);
      return changed;
    };
    refuses("rows mixed twice", mixed(2, mix(4)), 2);
    refuses("rows mixed after the loss", mixed(5, mix(4)), 5);
    refuses("rows mixed before they are gathered", mixed(0, mix(4)), 0);
    for (const int wrong : {-1000, kNone, kBatch, 3, 5, 2147483647}) {
      ProgramSpec changed = spec;
      changed.code[1] = mix(wrong);
      refuses("rows mixed into no matrix like them", changed, 1);
    }
    ProgramSpec lists = spec;
    lists.sparse = true;
    refuses("lists mixed", lists, 1);
    ProgramSpec evaluation = spec;
    evaluation.code.resize(5);
    CHECK(!problem_of(evaluation).empty(), "a mix without an update");
  }
  const auto nothing = [&](const char* what, const ProgramSpec& spec) { CHECK(!problem_of(spec).empty(), "%s", what); };
  ProgramSpec spec = good;
  spec.code = {gather()};
  nothing("no forward pass", spec);
  spec.code.clear();
  nothing("no operations", spec);
  spec = good;
  spec.layers.clear();
  nothing("no layers", spec);
  spec = good;
  spec.matrices.clear();
  nothing("no matrices", spec);
  CHECK(made > 100, "%d", made);
}

// Answers that a program's loss cannot take
void answers_taken() {
  Random random(8);
  const Set set(random, 10, 30);
  const Inputs in = set.inputs(InputKind::floats);
  const int32_t label = 0;
  const float target = 0;
  for (const LossKind kind : {kSoftmax, kSquared, kBinary}) {
    for (const int outputs : {1, 3}) {
      const Network net(random, set.cols, {16, outputs}, Activation::relu);
      const Program trains(settings()[0].engine, training_program(net, kind, in, true, 5));
      const Program evaluates(settings()[0].engine, forward_program(net, kind, in, true, 5));
      const bool labels = takes_labels(kind, outputs);
      for (const Program* p : {&trains, &evaluates}) {
        CHECK(p->takes({&label, nullptr}) == labels && p->takes({nullptr, &target}) == !labels, "loss %d", static_cast<int>(kind));
        CHECK(p->outputs() == outputs && p->parameters() == net.floats() && p->bytes() > 0, "loss %d", static_cast<int>(kind));
      }
      CHECK(!trains.takes({nullptr, nullptr}) && evaluates.takes({nullptr, nullptr}), "loss %d", static_cast<int>(kind));
      CHECK(trains.trains() && !evaluates.trains(), "loss %d", static_cast<int>(kind));
      ProgramSpec bare = forward_program(net, kind, in, true, 5);
      bare.code.pop_back();
      const Program without(settings()[0].engine, bare);
      CHECK(without.takes({nullptr, nullptr}) && !without.takes({&label, nullptr}) && !without.takes({nullptr, &target}), "no loss");
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  malformed();
  answers_taken();
  return finish();
}
