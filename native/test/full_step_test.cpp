// A training step with all that it can do: augmented images mixed with each other, dropout, smoothed labels, weights of rows, gradients
// clipped by their norm, L1, L2, decay, learning rates of groups, limited norms, an average. Its bits are pinned: on every instruction
// set and number of threads, whole and in parts, interrupted in the middle.

#include "programs.h"
#include "warp.h"

namespace mlp {
namespace test {
namespace {

constexpr int kSide = 6;

struct Recipe {
  const char* name;
  std::vector<int> widths;
  int batch, steps;
  bool mixes, warps;  // images resampled as bytes are not those resampled as floats
  uint64_t pinned[kRuleKinds];  // in the order of kAllRules; they change only with the numeric contract
};

const Recipe kRecipes[] = {
    {"600 steps", {33, 18, 10}, 20, 600, true, true,
     {0xaf695b2026b83bb2ull, 0x5b2b10f424a0301full, 0x7643e7063c6fb429ull,
      0xb2c52c7a6d8e4f0cull, 0x343c949b25d864a5ull}},
    {"without images", {33, 10}, 20, 100, false, false,
     {0xf3be1785db386594ull, 0x301ec4c61ec018c2ull, 0x2ece55ca80ec214full,
      0x61888b13b5db1e33ull, 0xbef75e6318d8202full}},
    {"on several threads", {300, 130, 10}, 96, 12, true, true,
     {0xfe14a0ccd06d0940ull, 0x706e47409dfa5bd8ull, 0xaf2387eac4e412cfull,
      0xee83e5964628ac6dull, 0x693bace661bd3709ull}},
};

// gather, mix, forward and dropout of each layer, loss, then backward, undrop and gradient from the last, apply, limits, average
ProgramSpec full_program(const Network& net, const Inputs& in, bool sparse, int capacity, bool mixes) {
  const int L = net.count(), H = L - 1;
  ProgramSpec spec = empty_spec(net, in, sparse, capacity);
  spec.longest_row = net.cols;
  spec.matrices = net.widths;
  spec.matrices.insert(spec.matrices.end(), net.widths.begin(), net.widths.end());
  for (int copy = 0; copy < 2; copy++) spec.matrices.insert(spec.matrices.end(), net.widths.begin(), net.widths.end() - 1);
  const auto mask = [&](int l) { return 2 * L + l; };
  const auto kept = [&](int l) { return 2 * L + H + l; };
  const int mixed = static_cast<int>(spec.matrices.size());
  const auto input = [&](int l) { return l > 0 ? kept(l - 1) : mixes ? mixed : kBatch; };
  spec.code = {gather()};
  if (mixes) {
    spec.matrices.push_back(net.cols);
    spec.code.push_back(mix(mixed));
  }
  for (int l = 0; l < L; l++) {
    spec.code.push_back(forward(l, input(l), l));
    if (l < H) spec.code.push_back({OpCode::dropout, l, l, mask(l), kept(l), kSoftmax});
  }
  spec.code.push_back(loss(kSoftmax, H, L + H));
  for (int l = H; l >= 0; l--) {
    if (l > 0) {
      spec.code.push_back(backward(l, L + l, l - 1, L + l - 1));
      spec.code.push_back({OpCode::undrop, l - 1, l - 1, L + l - 1, mask(l - 1), kSoftmax});
    }
    spec.code.push_back({OpCode::gradient, l, input(l), L + l, kNone, kSoftmax});
  }
  spec.code.push_back({OpCode::apply, 0, kNone, kNone, kNone, kSoftmax});
  for (int l = 0; l < L; l++) spec.code.push_back({OpCode::limit, l, kNone, kNone, kNone, kSoftmax});
  spec.code.push_back({OpCode::average, 0, kNone, kNone, kNone, kSoftmax});
  return spec;
}

// All steps have their own rows, transformations, masks and shares.
struct Plan {
  const Recipe& recipe;
  Random random;
  Set set;
  Network net;
  Answers answers;
  std::vector<float> row_weights;
  std::vector<std::vector<int32_t>> rows, warps;
  std::vector<StepValues> values;
  std::vector<int32_t> down = {9000, 5000, 1000}, across = {8000, 4000, 2000};

  explicit Plan(const Recipe& r)
      : recipe(r), random(21), set(random, 150, kSide * kSide), net(random, set.cols, r.widths, Activation::gelu), answers(random, kSoftmax, set.rows, net.outputs()) {
    for (int i = 0; i < set.rows; i++) row_weights.push_back(0.5f + std::abs(random.uniform()));
    for (int t = 0; t < r.steps; t++) {
      // the last step of an epoch has fewer rows
      rows.push_back(random_rows(random, t % 10 == 9 ? r.batch / 2 : r.batch, set.rows));
      warps.emplace_back();
      for (size_t i = 0; i < rows.back().size() * kWarpValues; i++) {
        const size_t which = i % kWarpValues;
        const bool diagonal = which == 3 || which == 7;
        warps.back().push_back(which < 2 ? static_cast<int32_t>(random.next() >> 32) : (diagonal ? 65536 : 0) + random.below(20000) - 10000);
      }
      StepValues step;
      step.dropout_key = static_cast<uint32_t>(random.next() >> 32);
      step.dropout_rate = 0.2;
      step.smoothing = 0.1f;
      step.clip_norm = 0.5;
      step.max_norm = 1.5;
      step.average_share = t < 9 ? 0.5f : 0.05f;
      step.mix_share = r.mixes ? static_cast<double>(std::abs(random.uniform())) : 0;
      values.push_back(step);
    }
  }
  WarpShape shape() const { return {kSide, kSide, 10, down.data(), across.data(), 2}; }
};

NetworkRule rule_of(RuleKind kind, int t) {
  const LayerRule others = Optimizer{kind, 0.01f, 1e-3f, 1e-3f, 0.1f, 1e-4f}.rules(t);
  LayerRule first = Optimizer{kind, 0.005f, 1e-3f, 1e-3f, 0.1f, 1e-4f}.rules(t);
  first.biases = Optimizer{kind, 0.002f, 1e-3f, 1e-3f, 0, 0}.rule(t, true);
  return {others, first};
}

// `interrupted`: begins anew in the middle, in other memory. work: of a part, or of the whole step
uint64_t train(const Setting& s, const Plan& plan, RuleKind kind, InputKind inputs, bool sparse, bool interrupted, double work) {
  const Recipe& r = plan.recipe;
  const Inputs in = plan.set.inputs(inputs);
  std::unique_ptr<Program> program;
  std::unique_ptr<Warper> warper;
  Training training(plan.net, kind, s);
  Guarded<float> average(training.floats, 0, s.shift);
  memcpy(average.data(), training.parameters.data(), training.floats * sizeof(float));
  for (int t = 0; t < r.steps; t++) {
    if (t == 0 || (interrupted && t == r.steps / 2)) {
      program.reset(new Program(s.engine, full_program(plan.net, in, sparse, r.batch, r.mixes)));
      warper.reset(new Warper(s.engine, plan.shape(), inputs, r.batch));
    }
    const size_t at = static_cast<size_t>(t);
    const std::vector<int32_t>& rows = plan.rows[at];
    Guarded<double> losses(rows.size(), -1);
    Arenas arenas = {training.parameters.data(), training.slot_view(), plan.answers.label_data(), nullptr, losses.data(), nullptr, nullptr};
    arenas.step = plan.values[at];
    if (r.warps) {
      arenas.warper = warper.get();
      arenas.warps = plan.warps[at].data();
    }
    arenas.average = average.data();
    arenas.row_weights = plan.row_weights.data();
    program->restart();
    Outcome outcome = {Outcome::unfinished, 0, 0};
    while (outcome.status == Outcome::unfinished) {
      outcome = program->run_part(s.engine, in, rows.data(), static_cast<int>(rows.size()), arenas, rule_of(kind, t + 1), work);
    }
    CHECK(outcome.status == Outcome::done && losses.intact(), "%s", describe(s, "step %d of '%s', rule %d", t, r.name, static_cast<int>(kind)));
    training.losses.insert(training.losses.end(), losses.data(), losses.data() + rows.size());
    training.correct.push_back(outcome.correct);
  }
  CHECK(training.intact() && average.intact(), "%s", describe(s, "guard bands"));
  CHECK(std::all_of(training.losses.begin(), training.losses.end(), [](double v) { return std::isfinite(v); }), "%s", r.name);
  Hash h;
  const uint64_t own = training.hash();
  h.add(&own, sizeof own);
  h.add(average.data(), training.floats * sizeof(float));
  return h.value();
}

void recipes() {
  int turn = 0;
  for (const Recipe& recipe : kRecipes) {
    const Plan plan(recipe);
    for (int i = 0; i < kRuleKinds; i++) {
      const RuleKind kind = kAllRules[i];
      for (size_t n = 0; n < settings().size(); n++) {
        const Setting& s = settings()[n];
        if (quick() && n != static_cast<size_t>(i) % 3) continue;
        // of the forms of the data, ways to interrupt and lengths of parts, another combination for each setting
        const int way = turn++;
        const bool sparse = !recipe.mixes && way % 2;
        const double works[] = {Program::kEverything, 2e5, Program::kEverything, 1e4};
        const double work = recipe.steps > 100 && way % 4 == 3 ? Program::kEverything : works[way % 4];
        const uint64_t hash = train(s, plan, kind, way % 3 || recipe.warps ? InputKind::bytes : InputKind::floats, sparse, way % 5 < 2, work);
        CHECK(hash == recipe.pinned[i], "%s",
              describe(s, "'%s', rule %d, way %d: 0x%016llxull", recipe.name, static_cast<int>(kind), way, static_cast<unsigned long long>(hash)));
      }
    }
  }
}

// The bits of mixed rows, losses and gradients by plain loops
void mixed_rows() {
  Random random(5);
  const Set set(random, 30, 40);
  const Inputs in = set.inputs(InputKind::floats);
  const Network net(random, set.cols, {17}, Activation::identity);
  const Layer& layer = net.layers.front();
  const Answers answers(random, kSoftmax, set.rows, 17);
  const double share = 0.3;
  for (const int count : {1, 2, 13}) {
    const std::vector<int32_t> rows = random_rows(random, count, set.rows);
    std::vector<int32_t> others = rows;
    std::rotate(others.begin(), others.begin() + 1, others.end());
    const Matrix own = set.chosen(rows), other = set.chosen(others);
    Matrix x = own;
    const auto mixed = [&](float a, float b) { return std::fma(static_cast<float>(1 - share), a, static_cast<float>(share) * b) + 0.0f; };
    for (size_t i = 0; i < x.values.size(); i++) x.values[i] = mixed(own.values[i], other.values[i]);
    const Matrix z = reference::forward(x, layer.w, layer.b);
    reference::Classified result = answers.of(z, rows);
    const reference::Classified of_others = answers.of(z, others);
    for (size_t i = 0; i < result.gradient.values.size(); i++) result.gradient.values[i] = mixed(result.gradient.values[i], of_others.gradient.values[i]);
    Matrix w = layer.w;
    std::vector<float> b = layer.b;
    reference::Memory none;
    const LayerRule rule = Optimizer{RuleKind::sgd, 0.1f, 0, 0}.rules(1);
    reference::update(x, result.gradient, w, b, rule.weights, rule.biases, none);
    for (const Setting& s : settings()) {
      ProgramSpec spec = training_program(net, kSoftmax, in, false, 13);
      spec.matrices.push_back(set.cols);
      spec.code.insert(spec.code.begin() + 1, mix(2));
      spec.code[2] = forward(0, 2, 0);
      spec.code.back() = update(0, 2, 1);
      CHECK(problem_of(spec).empty(), "%s", problem_of(spec).c_str());
      Program program(s.engine, spec);
      Parameters parameters(layer.w, layer.b, s);
      Guarded<double> losses(rows.size(), -1);
      Arenas arenas = {parameters.view().parameters, {}, answers.label_data(), nullptr, losses.data(), nullptr, nullptr};
      arenas.step.mix_share = share;
      CHECK(run(s, program, in, rows, arenas, rule).correct == result.correct, "%s", describe(s, "correct of %d", count));
      parameters.expect(w, b, describe(s, "%d mixed rows", count));
      for (size_t r = 0; r < rows.size(); r++) {
        const double wanted = (1 - share) * result.losses[r] + share * of_others.losses[r];
        CHECK(same_bits(&losses[r], &wanted, 1), "%s", describe(s, "loss of row %zu of %d", r, count));
      }
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  mixed_rows();
  recipes();
  return finish();
}
