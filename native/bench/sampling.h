#pragma once
// Times calls as src/bench/timing.ts does and prints the samples as a line of JSON, for a program to summarise.

#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace bench {

// Milliseconds before the first sample, and of samples
struct Effort {
  double warm_up, sampling;
};

constexpr double kShortestSample = 0.2;  // milliseconds: shorter calls are timed several at once
constexpr size_t kLeastSamples = 6;

inline double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Microseconds of one call, a sample each
template <class F>
std::vector<double> sample(const Effort& effort, const F& call) {
  double fastest = 1e300;
  for (const double start = now_ms(); fastest == 1e300 || now_ms() - start < effort.warm_up;) {
    const double before = now_ms();
    call();
    fastest = std::min(fastest, now_ms() - before);
  }
  const int calls = std::max(1, static_cast<int>(kShortestSample / std::max(fastest, 1e-5)) + 1);
  std::vector<double> samples;
  for (const double start = now_ms(); samples.size() < kLeastSamples || now_ms() - start < effort.sampling;) {
    const double before = now_ms();
    for (int i = 0; i < calls; i++) call();
    samples.push_back((now_ms() - before) * 1e3 / calls);
  }
  return samples;
}

// {"case": "...", "threads": 1, "samples": [...]}
inline void print_samples(const std::string& name, int threads, const std::vector<double>& samples) {
  printf("{\"case\": \"%s\", \"threads\": %d, \"samples\": [", name.c_str(), threads);
  for (size_t i = 0; i < samples.size(); i++) printf(i ? ", %.5g" : "%.5g", samples[i]);
  printf("]}\n");
  fflush(stdout);
}

}  // namespace bench
