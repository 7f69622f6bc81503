// The thread pool: every task runs once, participants have different numbers, callers do not deadlock.

#include "pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "cases.h"

namespace mlp {
namespace test {
namespace {

// One job: counts how often each task ran, and whether two at once had the same participant number.
struct Job {
  const int threads, tasks;
  std::unique_ptr<std::atomic<int>[]> runs, inside;
  std::atomic<int> wrong{0};

  Job(int n, int t)
      : threads(n),
        tasks(t),
        runs(new std::atomic<int>[static_cast<size_t>(t) + 1]()),
        inside(new std::atomic<int>[kMaxThreads]()) {}

  void run() {
    parallel(threads, tasks, [&](int task, int who) {
      if (task < 0 || task >= tasks || who < 0 || who >= kMaxThreads || who >= (threads > 1 ? threads : 1)) {
        wrong++;
        return;
      }
      if (inside[who]++ != 0) wrong++;
      runs[static_cast<size_t>(task)]++;
      inside[who]--;
    });
  }
  bool right() const {
    for (int t = 0; t < tasks; t++) {
      if (runs[static_cast<size_t>(t)] != 1) return false;
    }
    return wrong == 0;
  }
};

void every_task_once() {
  for (const int threads : {1, 2, 3, 8, 2, 1, kMaxThreads, 3, 1000}) {
    for (const int tasks : {0, 1, 2, 3, 5, 64, 1000}) {
      Job job(threads, tasks);
      job.run();
      CHECK(job.right(), "%d threads, %d tasks", threads, tasks);
    }
  }
}

// Several Node threads may train at once.
void several_callers() {
  const int rounds = quick() ? 300 : 3000;
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; c++) {
    callers.emplace_back([&wrong, c, rounds] {
      for (int i = 0; i < rounds; i++) {
        Job job(1 + (i + c) % 4, 1 + (i * 7 + c) % 13);
        job.run();
        if (!job.right()) wrong++;
      }
    });
  }
  for (std::thread& t : callers) t.join();
  CHECK(wrong == 0, "%d of %d jobs", wrong.load(), 4 * rounds);
}

// The writes of a job are visible when it returns, and earlier writes to its tasks.
void results_are_seen() {
  std::vector<double> numbers(64, 1);
  for (int i = 0; i < (quick() ? 500 : 5000); i++) {
    parallel(1 + i % 4, 64, [&](int task, int) { numbers[static_cast<size_t>(task)] += 1; });
    std::swap(numbers[static_cast<size_t>(i % 64)], numbers[static_cast<size_t>(i % 7)]);
  }
  bool right = true;
  for (const double n : numbers) right = right && n == numbers[0];
  CHECK(right);
}

void job_within_a_job() {
  std::atomic<int> runs{0};
  parallel(3, 10, [&](int, int) { parallel(3, 10, [&](int, int) { runs++; }); });
  CHECK(runs == 100, "%d", runs.load());
}

// Sleeping workers are woken, and those that are about to sleep are not missed.
void pauses() {
  for (int i = 0; i < 100; i++) {
    std::this_thread::sleep_for(std::chrono::microseconds(i % 4 == 0 ? 3000 : 30 + i));
    Job job(3, 20);
    job.run();
    CHECK(job.right(), "after pause %d", i);
  }
}

// Workers take part even if all of them slept.
void workers_wake() {
  std::atomic<bool> others{false};
  for (int i = 0; i < 100 && !others; i++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    parallel(3, 12, [&](int, int who) {
      if (who != 0) others = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
  }
  CHECK(others);
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  every_task_once();
  several_callers();
  results_are_seen();
  job_within_a_job();
  pauses();
  workers_wake();
  return finish();
}
