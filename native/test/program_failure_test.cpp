// Steps that fail (changed data, labels that are no class, a loss that is not finite) are reported and update nothing.

#include "programs.h"

namespace mlp {
namespace test {
namespace {

// A run on data that have changed reports it and updates nothing; the next run gathers its rows anew.
void changed_data() {
  Random random(4);
  const int rows = 300, cols = 50;
  Set set(random, 1, 1);
  set.rows = rows, set.cols = cols;
  set.floats.assign(static_cast<size_t>(rows) * cols, 0);
  for (int r = 0; r < rows; r++) set.floats[static_cast<size_t>(r) * cols] = random.uniform() + 2;
  const Inputs in = set.inputs(InputKind::floats);
  const Network net(random, cols, {20, 10}, Activation::relu);
  const Answers answers(random, kSoftmax, rows, 10);
  std::vector<int32_t> a, b, bad;
  for (int r = 0; r < rows; r++) {
    bad.push_back(r);
    if (r < 270) a.push_back(269 - r), b.push_back(r);
  }
  float& extra = set.floats[280 * cols + 9];
  for (const Setting& s : settings()) {
    Program evaluation(s.engine, forward_program(net, kSoftmax, in, true, rows));
    Guarded<float> parameters(net.floats(), kNan);
    net.pack_into(parameters.data());
    Results results(rows, 10);
    const Arenas to = {parameters.data(), {}, answers.labels.data(), nullptr, results.losses.data(), results.predicted.data(),
                       results.outputs.data()};
    CHECK(run(s, evaluation, in, bad, to).status == Outcome::done, "%s", describe(s, "as measured"));
    extra = 1;
    CHECK(run(s, evaluation, in, bad, to).status == Outcome::data_changed, "%s", describe(s, "a row has grown"));
    CHECK(results.intact(), "%s", describe(s, "guard bands"));
    extra = 0;

    const Optimizer optimizer = optimizer_of(RuleKind::momentum);
    Program program(s.engine, training_program(net, kSoftmax, in, true, rows));
    Training training(net, optimizer.kind, s), wanted(net, optimizer.kind, s);
    const auto step = [&](int t, const std::vector<int32_t>& indices) {
      CHECK(run_step(s, program, in, answers, optimizer, t, indices, training).status == Outcome::done, "%s", describe(s, "step %d", t));
      step_by_operations(s, net, in, true, answers, optimizer, t, indices, wanted);
      CHECK(training.hash() == wanted.hash(), "%s", describe(s, "step %d around a failed one", t));
    };
    step(1, a);
    extra = 1;
    Training before(net, optimizer.kind, s);
    std::copy_n(training.parameters.data(), training.floats, before.parameters.data());
    std::copy_n(training.slots.data(), training.floats, before.slots.data());
    for (int twice = 0; twice < 2; twice++) {  // rows that could not be gathered are not held
      Guarded<double> losses(bad.size(), -1);
      const Outcome outcome = run(s, program, in, bad,
                                  {training.parameters.data(), training.slot_view(), answers.labels.data(), nullptr, losses.data(),
                                   nullptr, nullptr},
                                  optimizer.rules(2));
      CHECK(outcome.status == Outcome::data_changed, "%s", describe(s, "a row has grown"));
      CHECK(same_bits(training.parameters.data(), before.parameters.data(), training.floats) &&
                same_bits(training.slots.data(), before.slots.data(), training.floats),
            "%s", describe(s, "updated from a failed run"));
    }
    step(2, a);
    extra = 0;
    step(3, bad);
    step(4, b);
    step(5, a);
  }
}

// A label that is no class is reported with its row; nothing is updated.
void labels_out_of_range() {
  Random random(5);
  const Set set(random, 40, 30);
  for (const LossKind kind : {kSoftmax, kBinary}) {
    const Network net(random, set.cols, {16, kind == kBinary ? 1 : 7}, Activation::relu);
    const std::vector<int32_t> indices = {3, 1, 39, 17, 4, 17};
    const int classes = label_classes(kind, net.outputs());
    for (const int32_t wrong : {-1, classes, 1000000, -2147483647 - 1}) {
      Answers answers(random, kind, set.rows, net.outputs());
      answers.labels[17] = wrong;
      for (const Setting& s : settings()) {
        const Inputs in = set.inputs(InputKind::bytes);
        const char* what = describe(s, "label %d of loss %d", wrong, static_cast<int>(kind));
        Program program(s.engine, training_program(net, kind, in, true, 6));
        Training training(net, RuleKind::adam, s), untouched(net, RuleKind::adam, s);
        const Outcome outcome = run_step(s, program, in, answers, optimizer_of(RuleKind::adam), 1, indices, training);
        CHECK(outcome.status == Outcome::bad_label && outcome.row == 17, "%s: status %d, row %d", what, outcome.status, outcome.row);
        training.losses.clear();
        training.correct.clear();
        CHECK(training.hash() == untouched.hash(), "%s: updated", what);
        answers.labels[17] = classes - 1;
        CHECK(run_step(s, program, in, answers, optimizer_of(RuleKind::adam), 1, indices, training).status == Outcome::done, "%s", what);
        answers.labels[17] = wrong;

        Program evaluation(s.engine, forward_program(net, kind, in, true, 6));
        Results results(indices.size(), 1);
        const Outcome evaluated = run(s, evaluation, in, indices,
                                      {training.parameters.data(), {}, answers.labels.data(), nullptr, results.losses.data(), nullptr, nullptr});
        CHECK(evaluated.status == Outcome::bad_label && evaluated.row == 17, "%s: evaluation, status %d, row %d", what,
              evaluated.status, evaluated.row);
        CHECK(results.intact(), "%s: guard bands", what);
      }
    }
  }
}

// A loss that is not finite updates nothing, and the first layer at fault is named.
void not_finite() {
  Random random(6);
  const Set set(random, 40, 30);
  const Inputs in = set.inputs(InputKind::floats);
  const std::vector<int32_t> indices = random_rows(random, 20, set.rows);
  for (const LossKind kind : {kSoftmax, kSquared, kBinary}) {
    for (const float bad : {kNan, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
      for (int layer = 0; layer < 3; layer++) {
        Network net(random, set.cols, {17, 20, 4}, Activation::identity);
        const Answers answers(random, kind, set.rows, net.outputs());
        net.layers[static_cast<size_t>(layer)].b[1] = bad;
        for (const Setting& s : settings()) {
          const char* what = describe(s, "loss %d, layer %d, bias %g", static_cast<int>(kind), layer, bad);
          Program program(s.engine, training_program(net, kind, in, true, 20));
          Training training(net, RuleKind::nesterov, s), untouched(net, RuleKind::nesterov, s);
          const Outcome outcome = run_step(s, program, in, answers, optimizer_of(RuleKind::nesterov), 1, indices, training);
          CHECK(outcome.status == Outcome::loss_not_finite, "%s: status %d", what, outcome.status);
          CHECK(program.first_layer_not_finite() == layer, "%s: layer %d is named", what, program.first_layer_not_finite());
          CHECK(same_bits(training.parameters.data(), untouched.parameters.data(), training.floats) &&
                    same_bits(training.slots.data(), untouched.slots.data(), training.slots.size()),
                "%s: updated", what);
        }
      }
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  changed_data();
  labels_out_of_range();
  not_finite();
  return finish();
}
