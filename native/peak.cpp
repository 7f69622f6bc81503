#include "peak.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "fp_environment.h"

namespace mlp {
namespace {

constexpr int64_t kRounds = 2000;  // some ten microseconds between two looks at the clock

enum class Start { wait, go, give_up };

double rate_of_thread(const Kernels& k, double seconds) {
  using Clock = std::chrono::steady_clock;
  const IeeeDefaults defaults;
  float chains[kPeakFloats];
  for (int i = 0; i < kPeakFloats; i++) chains[i] = static_cast<float>(i % 7);
  double flops = 0, elapsed = 0;
  const Clock::time_point begin = Clock::now();
  while (elapsed < seconds) {
    flops += k.fma_chains(kRounds, chains);
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  return flops / elapsed;
}

}  // namespace

double fma_peak(const Engine& e, double seconds) {
  const size_t others = static_cast<size_t>(e.threads - 1);
  std::vector<double> rates(others);
  std::vector<std::thread> threads;
  std::atomic<Start> start{Start::wait};
  std::atomic<size_t> ready{0};
  try {
    for (size_t i = 0; i < others; i++) {
      threads.emplace_back([&, i] {
        ready++;
        while (start == Start::wait) std::this_thread::yield();
        if (start == Start::go) rates[i] = rate_of_thread(*e.kernels, seconds);
      });
    }
  } catch (...) {
    start = Start::give_up;
    for (std::thread& t : threads) t.join();
    return 0;
  }
  while (ready < others) std::this_thread::yield();
  start = Start::go;
  double sum = rate_of_thread(*e.kernels, seconds);
  for (size_t i = 0; i < others; i++) {
    threads[i].join();
    sum += rates[i];
  }
  return sum;
}

}  // namespace mlp
