#include "pool.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <new>
#include <thread>

#if defined(_WIN32)
#include <condition_variable>
#include <mutex>
#else
#include <pthread.h>
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "fp_environment.h"

namespace mlp {
namespace {

constexpr int kCacheLine = 128;
constexpr auto kSpin = std::chrono::microseconds(50);

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Mutex and condition in one. pthread on POSIX: std::condition_variable would need a newer libstdc++ than old systems have.
class Parking {
 public:
#if defined(_WIN32)
  template <class Ready>
  void wait(const Ready& ready) {
    std::unique_lock<std::mutex> lock(mutex_);
    condition_.wait(lock, ready);
  }
  void wake_all() {
    { std::lock_guard<std::mutex> lock(mutex_); }
    condition_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
#else
  template <class Ready>
  void wait(const Ready& ready) {
    pthread_mutex_lock(&mutex_);
    while (!ready()) pthread_cond_wait(&condition_, &mutex_);
    pthread_mutex_unlock(&mutex_);
  }
  void wake_all() {
    pthread_mutex_lock(&mutex_);
    pthread_mutex_unlock(&mutex_);
    pthread_cond_broadcast(&condition_);
  }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
#endif
};

struct alignas(kCacheLine) Share {
  std::atomic<int> next{0};
  int end = 0;
};

// Tickets: the low half counts participants inside the job, kOpen admits workers; the high half numbers the jobs.
constexpr uint64_t kOpen = 1u << 31;
constexpr uint64_t kCountMask = kOpen - 1;

class Pool {
 public:
  void run(int threads, int tasks, TaskFn fn, const void* context) {
    if (busy_.test_and_set(std::memory_order_acquire)) {  // another Node thread's job: do not wait for it
      for (int t = 0; t < tasks; t++) fn(context, t, 0);
      return;
    }
    start_workers(threads - 1);
    threads = started_ + 1 < threads ? started_ + 1 : threads;
    fn_ = fn;
    context_ = context;
    participants_ = threads;
    for (int p = 0; p < threads; p++) {
      shares_[p].next.store(static_cast<int>(static_cast<int64_t>(tasks) * p / threads), std::memory_order_relaxed);
      shares_[p].end = static_cast<int>(static_cast<int64_t>(tasks) * (p + 1) / threads);
    }
    const uint64_t job = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
    ticket_.store(job << 32 | kOpen);
    if (asleep_.load() > 0) parking_.wake_all();
    work(0);
    ticket_.fetch_and(~kOpen);
    for (int spins = 0; ticket_.load(std::memory_order_acquire) & kCountMask; spins++) pause_or_yield(spins);
    busy_.clear(std::memory_order_release);
  }

 private:
  void start_workers(int count) {
    while (started_ < count && started_ < kMaxThreads - 1) {
      const int index = started_ + 1;
      try {
        std::thread([this, index] { serve(index); }).detach();
      } catch (...) {
        return;  // no more threads available: the caller works with those that started
      }
      started_++;
    }
  }

  void serve(int index) {
    const IeeeDefaults defaults;
    uint64_t seen = 0;
    for (;;) {
      wait_for_job(seen);
      uint64_t ticket = ticket_.load();
      seen = ticket >> 32;
      // participants_ is stable only after entering the job: enter first, then read it
      bool entered = false;
      while ((ticket & kOpen) && ticket >> 32 == seen) {
        if (ticket_.compare_exchange_weak(ticket, ticket + 1)) {
          entered = true;
          break;
        }
      }
      if (!entered) continue;
      if (index < participants_) work(index);
      ticket_.fetch_sub(1, std::memory_order_release);
    }
  }

  void wait_for_job(uint64_t seen) {
    const auto until = std::chrono::steady_clock::now() + kSpin;
    for (int spins = 1;; spins++) {
      if (ticket_.load(std::memory_order_acquire) >> 32 != seen) return;
      relax();
      if (spins % 64 == 0 && std::chrono::steady_clock::now() > until) break;
    }
    asleep_.fetch_add(1);
    parking_.wait([&] { return ticket_.load() >> 32 != seen; });
    asleep_.fetch_sub(1);
  }

  void work(int who) {
    const int n = participants_;
    for (int i = 0; i < n; i++) {
      Share& share = shares_[(who + i) % n];
      while (share.next.load(std::memory_order_relaxed) < share.end) {
        const int task = share.next.fetch_add(1, std::memory_order_relaxed);
        if (task >= share.end) break;
        fn_(context_, task, who);
      }
    }
  }

  static void pause_or_yield(int spins) {
    relax();
#if !defined(_WIN32)
    if (spins > 4096 && spins % 64 == 0) sched_yield();
#endif
  }

  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  TaskFn fn_ = nullptr;
  const void* context_ = nullptr;
  int participants_ = 1;
  int started_ = 0;
  alignas(kCacheLine) std::atomic<uint64_t> ticket_{0};
  alignas(kCacheLine) std::atomic<int> asleep_{0};
  Parking parking_;
  Share shares_[kMaxThreads];
};

// Never destroyed: its detached threads may outlive static destruction.
Pool& pool() {
  alignas(Pool) static unsigned char storage[sizeof(Pool)];
  static Pool* const instance = new (storage) Pool;
  return *instance;
}

}  // namespace

void run_tasks(int threads, int tasks, TaskFn fn, const void* context) {
  if (threads > tasks) threads = tasks;
  if (threads <= 1) {
    for (int t = 0; t < tasks; t++) fn(context, t, 0);
    return;
  }
  pool().run(threads < kMaxThreads ? threads : kMaxThreads, tasks, fn, context);
}

}  // namespace mlp
