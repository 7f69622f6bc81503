// Training steps as programs have the bits of the single operations.

#include "programs.h"

namespace mlp {
namespace test {
namespace {

void trainings() {
  Random random(2);
  const Set set(random, 80, 100);
  struct Shape {
    std::vector<int> widths;
    LossKind kind;
    Activation hidden;
    int capacity;
  };
  const std::vector<Shape> shapes = {{{65, 48, 10}, kSoftmax, Activation::gelu, 70}, {{130, 16, 17}, kSquared, Activation::tanh, 33},
                                     {{33, 5, 1}, kBinary, Activation::leaky_relu, 40},  {{10}, kSoftmax, Activation::identity, 9},
                                     {{64, 20, 33}, kBinary, Activation::sigmoid, 65},  {{9, 65, 3}, kSquared, Activation::relu, 1}};
  int turn = 0;
  for (const Shape& shape : shapes) {
    const Network net(random, set.cols, shape.widths, shape.hidden);
    const Answers answers(random, shape.kind, set.rows, net.outputs());
    const Steps steps = some_steps(random, shape.capacity, set.rows);
    for (const RuleKind rule : kAllRules) {
      const Optimizer optimizer = optimizer_of(rule);
      const uint64_t wanted = train_operations(settings()[0], net, set.inputs(InputKind::floats), false, answers, optimizer, steps);
      for (const Setting& s : settings()) {
        for (const Form& form : kForms) {
          if (form.sparse && !takes_sparse(net.widths.front())) continue;
          if (quick() && ++turn % 3) continue;
          const char* what = describe(s, "training of %zu layers, loss %d, rule %d, bytes %d, sparse %d", shape.widths.size(),
                                      static_cast<int>(shape.kind), static_cast<int>(rule), form.kind == InputKind::bytes, form.sparse);
          const Inputs in = set.inputs(form.kind);
          CHECK(train_operations(s, net, in, form.sparse, answers, optimizer, steps) == wanted, "%s: single operations", what);
          CHECK(train_program(s, net, in, form.sparse, answers, optimizer, steps, shape.capacity) == wanted, "%s", what);
        }
      }
    }
  }
}

// Layers so large that the program uses all the threads it may
void many_threads() {
  Random random(3);
  const Set set(random, 300, 200);
  const Network net(random, set.cols, {200, 130, 10}, Activation::relu);
  const Answers answers(random, kSoftmax, set.rows, net.outputs());
  const Steps steps = {random_rows(random, 256, set.rows), random_rows(random, 200, set.rows)};
  const Optimizer optimizer = optimizer_of(RuleKind::adam);
  const uint64_t wanted = train_operations(settings()[0], net, set.inputs(InputKind::bytes), true, answers, optimizer, steps);
  for (const Setting& s : settings()) {
    for (const Form& form : kForms) {
      CHECK(train_program(s, net, set.inputs(form.kind), form.sparse, answers, optimizer, steps, 256) == wanted, "%s",
            describe(s, "large training, bytes %d, sparse %d", form.kind == InputKind::bytes, form.sparse));
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  trainings();
  many_threads();
  return finish();
}
