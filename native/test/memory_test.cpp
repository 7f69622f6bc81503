// Every request for memory is refused once: the operation throws std::bad_alloc, leaks nothing, and the next one has its bits.
// On Linux calloc is wrapped by the linker (see CMakeLists.txt); elsewhere only operator new is.

#include <stdlib.h>

#include <new>

#include "gemm.h"
#include "pool.h"
#include "programs.h"

namespace {

thread_local long countdown = 0;  // of this thread's requests, the one that is refused; 0: none
thread_local bool refused = false;

bool refuses() {
  if (countdown == 0 || --countdown > 0) return false;
  refused = true;
  return true;
}

}  // namespace

extern "C" {
void* __real_calloc(size_t count, size_t size);
void* __wrap_calloc(size_t count, size_t size);
#if defined(__linux__)
void* __wrap_calloc(size_t count, size_t size) { return refuses() ? nullptr : __real_calloc(count, size); }
#endif
}

void* operator new(size_t size) {
  void* const memory = refuses() ? nullptr : malloc(size > 0 ? size : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }

namespace mlp {
namespace test {
namespace {

struct Scene {
  Random random{21};
  Set set{random, 600, 60};
  Network net{random, 60, {130, 20, 10}, Activation::gelu};
  Answers answers{random, kSoftmax, 600, 10};
  std::vector<int32_t> rows = random_rows(random, 600, 600);
};

uint64_t step(const Scene& scene, const Setting& s, const Form& form, bool in_parts) {
  const Inputs in = scene.set.inputs(form.kind);
  Program program(s.engine, training_program(scene.net, kSoftmax, in, form.sparse, 600));
  Training training(scene.net, RuleKind::adam, s);
  Guarded<double> losses(600, -1);
  const Arenas arenas = {training.parameters.data(), training.slot_view(), scene.answers.label_data(), nullptr, losses.data(), nullptr, nullptr};
  const LayerRule rule = optimizer_of(RuleKind::adam).rules(1);
  program.restart();
  while (program.run_part(s.engine, in, scene.rows.data(), 600, arenas, rule, in_parts ? 3e6 : Program::kEverything).status == Outcome::unfinished) {
  }
  return training.hash();
}

uint64_t evaluation(const Scene& scene, const Setting& s, const Form& form) {
  const Inputs in = scene.set.inputs(form.kind);
  Program program(s.engine, forward_program(scene.net, kSoftmax, in, form.sparse, 600));
  std::vector<float> parameters(scene.net.floats());
  scene.net.pack_into(parameters.data());
  Results results(600, 10);
  run(s, program, in, scene.rows,
      {parameters.data(), {}, scene.answers.label_data(), nullptr, results.losses.data(), results.predicted.data(), results.outputs.data()});
  Hash h;
  h.add(results.losses.data(), 600 * sizeof(double));
  return h.value();
}

uint64_t product(const Scene& scene, const Setting& s) {
  std::vector<float> c(100 * 100);
  gemm(s.engine, {false, true, 100, 100, 60, 1, scene.set.floats.data(), 60, scene.set.floats.data(), 60, 0, c.data(), 100});
  Hash h;
  h.add(c.data(), c.size() * sizeof(float));
  return h.value();
}

template <class F>
void refuse_each(const char* what, const F& f) {
  const uint64_t wanted = f();
  long n = 1;
  for (; n < 10000; n += quick() ? 3 : 1) {
    bool thrown = false;
    refused = false;
    countdown = n;
    try {
      f();
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    countdown = 0;
    if (!refused) break;
    CHECK(thrown, "%s: request %ld was refused in vain", what, n);
    CHECK(f() == wanted, "%s: after request %ld was refused", what, n);
  }
  CHECK(n > 1, "%s: %ld requests", what, n - 1);
}

void every_request() {
  const Scene scene;
  for (const Setting& s : settings()) {
    if (s.engine.threads == 3 && quick()) continue;
    refuse_each("a product", [&] { return product(scene, s); });
    for (const Form& form : kForms) {
      if (quick() && &form != kForms) continue;
      refuse_each("a step", [&] { return step(scene, s, form, false); });
      refuse_each("a step in parts", [&] { return step(scene, s, form, true); });
      refuse_each("an evaluation", [&] { return evaluation(scene, s, form); });
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  every_request();
  return finish();
}
