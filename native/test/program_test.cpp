// Programs without updates: forward passes over many rows have the bits of the reference.

#include "programs.h"

namespace mlp {
namespace test {
namespace {

void expect_evaluation(const Setting& s, const Network& net, const Inputs& in, bool sparse, const std::vector<int32_t>& indices,
                       const Answers& answers, const Matrix& outputs, const reference::Classified& wanted) {
  const size_t count = indices.size(), C = static_cast<size_t>(net.outputs());
  const char* what = describe(s, "evaluation, loss %d, bytes %d, sparse %d, %zu layers, C=%zu, %zu rows",
                              static_cast<int>(answers.kind), in.bytes != nullptr, sparse, net.widths.size(), C, count);
  // one made for another number of threads does as well
  const Engine other = {s.engine.kernels, 4 - s.engine.threads};
  Program program(count % 2 ? s.engine : other, forward_program(net, answers.kind, in, sparse, std::max<int>(1, static_cast<int>(count))));
  Guarded<float> parameters(net.floats(), kNan, s.shift);
  net.pack_into(parameters.data());
  Results all(count, C), bare(count, C);
  const bool classifies = answers.kind != kSquared;
  const Outcome outcome = run(s, program, in, indices,
                              {parameters.data(), {}, answers.label_data(), answers.target_data(), all.losses.data(),
                               classifies ? all.predicted.data() : nullptr, all.outputs.data()});
  CHECK(outcome.status == Outcome::done && outcome.correct == wanted.correct, "%s: %d correct, not %d", what, outcome.correct,
        wanted.correct);
  CHECK(same_bits(all.outputs.data(), outputs.values.data(), count * C), "%s: outputs", what);
  CHECK(same_bits(all.losses.data(), wanted.losses.data(), count), "%s: losses", what);
  if (classifies) CHECK(same_bits(all.predicted.data(), wanted.predicted.data(), count), "%s: predictions", what);
  const Outcome again = run(s, program, in, indices,
                            {parameters.data(), {}, nullptr, nullptr, nullptr, bare.predicted.data(), bare.outputs.data()});
  CHECK(again.status == Outcome::done, "%s: without answers", what);
  CHECK(same_bits(bare.outputs.data(), outputs.values.data(), count * C), "%s: outputs alone", what);
  if (classifies) CHECK(same_bits(bare.predicted.data(), wanted.predicted.data(), count), "%s: predictions alone", what);
  CHECK(all.intact() && bare.intact() && parameters.intact(), "%s: guard bands", what);
}

void evaluations() {
  Random random(1);
  const Set set(random, 90, 100);
  struct Shape {
    std::vector<int> widths;
    LossKind kind;
  };
  const std::vector<Shape> shapes = {{{10}, kSoftmax},           {{1}, kSoftmax},          {{17}, kSquared},
                                     {{65, 10}, kSoftmax},       {{130, 33, 17}, kBinary}, {{5, 20, 3}, kSquared},
                                     {{128, 64, 64, 15}, kBinary}, {{33, 1}, kBinary},     {{64, 64, 64, 15}, kSoftmax}};
  for (const Shape& shape : shapes) {
    const Network net(random, set.cols, shape.widths, shape.widths.size() % 2 ? Activation::leaky_relu : Activation::relu);
    const Answers answers(random, shape.kind, set.rows, net.outputs());
    for (const int count : {0, 1, 255, 256, 257, 600}) {
      if (quick() && count % 2 == 0) continue;
      const std::vector<int32_t> indices = random_rows(random, count, set.rows);
      const Matrix outputs = net.outputs(set.chosen(indices));
      const reference::Classified wanted = answers.of(outputs, indices);
      for (const Setting& s : settings()) {
        for (const Form& form : kForms) {
          if (form.sparse && !takes_sparse(net.widths.front())) continue;
          expect_evaluation(s, net, set.inputs(form.kind), form.sparse, indices, answers, outputs, wanted);
        }
      }
    }
  }
}

// Capacity 1, in every form: one row at a time is what many at once are.
void one_row_at_a_time() {
  Random random(9);
  const Set set(random, 20, 30);
  const Network net(random, set.cols, {33, 10}, Activation::relu);
  const Answers answers(random, kSoftmax, set.rows, 10);
  std::vector<int32_t> all;
  for (int r = 0; r < set.rows; r++) all.push_back(r);
  const Matrix outputs = net.outputs(set.chosen(all));
  const reference::Classified wanted = answers.of(outputs, all);
  for (const Setting& s : settings()) {
    Guarded<float> parameters(net.floats(), kNan, s.shift);
    net.pack_into(parameters.data());
    for (const Form& form : kForms) {
      const Inputs in = set.inputs(form.kind);
      Program program(s.engine, forward_program(net, kSoftmax, in, form.sparse, 1));
      for (const int32_t r : all) {
        Results one(1, 10);
        const Outcome outcome = run(s, program, in, {r},
                                    {parameters.data(), {}, answers.labels.data(), nullptr, one.losses.data(), one.predicted.data(), one.outputs.data()});
        const size_t at = static_cast<size_t>(r);
        CHECK(outcome.status == Outcome::done && same_bits(one.outputs.data(), outputs[r], 10) &&
                  same_bits(&one.losses[0], &wanted.losses[at], 1) && one.predicted[0] == wanted.predicted[at] && one.intact(),
              "%s", describe(s, "row %d alone", r));
      }
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  evaluations();
  one_row_at_a_time();
  return finish();
}
