// Training steps as programs, whole and in parts, have the bits of the single operations.

#include "programs.h"

namespace mlp {
namespace test {
namespace {

// Every step in parts of random sizes, some of which are given up and begun again before they update
uint64_t train_in_parts(const Setting& s, const Network& net, const Inputs& in, bool sparse, const Answers& answers,
                        const Optimizer& optimizer, const Steps& steps, int capacity, double most) {
  Random random(11);
  Program program(s.engine, training_program(net, answers.kind, in, sparse, capacity));
  Training training(net, optimizer.kind, s);
  long parts = 0;
  for (size_t i = 0; i < steps.size(); i++) {
    const std::vector<int32_t>& rows = steps[i];
    Guarded<double> losses(rows.size(), -1);
    const Arenas arenas = {training.parameters.data(), training.slot_view(), answers.label_data(), answers.target_data(), losses.data(),
                           nullptr, nullptr};
    program.restart();
    bool again = random.below(2) == 0;
    for (;;) {
      const double work = 1 + most * random.below(1000) / 1000;
      const Outcome outcome = program.run_part(s.engine, in, rows.data(), static_cast<int>(rows.size()), arenas,
                                               optimizer.rules(static_cast<int>(i) + 1), work);
      parts++;
      if (outcome.status == Outcome::unfinished) {
        if (again && !program.is_updating() && random.below(5) == 0) {
          again = false;
          program.restart();
        }
        continue;
      }
      CHECK(outcome.status == Outcome::done, "%s", describe(s, "step %zu in parts", i));
      training.losses.insert(training.losses.end(), losses.data(), losses.data() + rows.size());
      training.correct.push_back(outcome.correct);
      break;
    }
    CHECK(losses.intact() && training.intact(), "%s", describe(s, "guard bands of step %zu", i));
  }
  CHECK(most > 1e5 || parts > static_cast<long>(steps.size()), "%s", describe(s, "%ld parts of %zu steps", parts, steps.size()));
  return training.hash();
}

// Another batch than the part before had is refused, and so is a part of another one; the run can be begun again.
void other_rows() {
  Random random(12);
  const Set set(random, 50, 40);
  const Network net(random, set.cols, {33, 10}, Activation::relu);
  const Answers answers(random, kSoftmax, set.rows, net.outputs());
  const Inputs in = set.inputs(InputKind::bytes);
  const std::vector<int32_t> rows = random_rows(random, 30, set.rows), others = random_rows(random, 30, set.rows);
  for (const Setting& s : settings()) {
    Program program(s.engine, training_program(net, kSoftmax, in, true, 30));
    Training training(net, RuleKind::sgd, s), untouched(net, RuleKind::sgd, s);
    Guarded<double> losses(30, -1);
    const Arenas arenas = {training.parameters.data(), {}, answers.label_data(), nullptr, losses.data(), nullptr, nullptr};
    const auto part = [&](const std::vector<int32_t>& of, double work) {
      return program.run_part(s.engine, in, of.data(), static_cast<int>(of.size()), arenas, optimizer_of(RuleKind::sgd).rules(1), work).status;
    };
    CHECK(part(rows, 1) == Outcome::unfinished && !program.is_updating(), "%s", describe(s, "the first part"));
    CHECK(part(others, 1) == Outcome::rows_changed, "%s", describe(s, "other rows"));
    CHECK(part({rows.begin(), rows.end() - 1}, 1) == Outcome::rows_changed, "%s", describe(s, "fewer rows"));
    CHECK(same_bits(training.parameters.data(), untouched.parameters.data(), training.floats), "%s", describe(s, "updated"));
    program.restart();
    CHECK(part(others, Program::kEverything) == Outcome::done, "%s", describe(s, "begun again"));
    CHECK(!program.is_updating() && losses.intact(), "%s", describe(s, "done"));
  }
}

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
          for (const double most : {1.0, 3e4, 3e5}) {
            CHECK(train_in_parts(s, net, in, form.sparse, answers, optimizer, steps, shape.capacity, most) == wanted,
                  "%s, in parts of up to %g", what, most);
          }
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
      CHECK(train_in_parts(s, net, set.inputs(form.kind), form.sparse, answers, optimizer, steps, 256, 4e6) == wanted, "%s",
            describe(s, "large training in parts, bytes %d, sparse %d", form.kind == InputKind::bytes, form.sparse));
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
  other_rows();
  return finish();
}
