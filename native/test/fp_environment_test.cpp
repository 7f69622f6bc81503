// The floating-point environment: IEEE defaults inside a guard, the previous environment afterwards, on the caller and
// on the workers.

#include "fp_environment.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "cases.h"
#include "pool.h"

namespace mlp {
namespace test {
namespace {

#if defined(__x86_64__)
void flush_denormals() { _mm_setcsr(_mm_getcsr() | 0x8040); }  // FTZ and DAZ
#else
void flush_denormals() {
  uint64_t word;
  __asm__ volatile("mrs %0, fpcr" : "=r"(word));
  __asm__ volatile("msr fpcr, %0" : : "r"(word | 1ull << 24));  // FZ
}
#endif

// Out of line, so that the compiler cannot move the product across a change of the environment
__attribute__((noinline)) bool keeps_denormals() {
  volatile float small = 0x1p-100f, factor = 0x1p-40f;
  volatile float product = small * factor;
  return product != 0;
}

void guard() {
  CHECK(keeps_denormals());
  { const IeeeDefaults defaults; CHECK(keeps_denormals()); }
  flush_denormals();
  const bool before = keeps_denormals();
  bool within;
  {
    const IeeeDefaults defaults;
    within = keeps_denormals();
  }
  const bool after = keeps_denormals();
  { const IeeeDefaults defaults; }
  CHECK(!before, "the test itself: flushing has no effect here");
  CHECK(within);
  CHECK(!after);
}

// Workers inherit the environment of the thread that makes them, here one that flushes.
void workers() {
  flush_denormals();
  std::atomic<int> wrong{0};
  std::atomic<bool> others{false};
  const auto task = [&](int, int who) {
    if (who != 0) {
      others = true;
      if (!keeps_denormals()) wrong++;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // leave tasks to the others
  };
  for (int i = 0; i < 100 && !others; i++) parallel(3, 12, task);
  CHECK(others, "no worker ever took a task");
  CHECK(wrong == 0, "%d tasks ran without denormals", wrong.load());
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  guard();
  workers();
  return finish();
}
