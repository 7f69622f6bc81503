#pragma once
// A process-wide fork-join pool: the caller plus up to threads - 1 workers. Work is divided into tasks that write disjoint
// outputs, so results do not depend on who runs which. Each participant begins with its own share and then takes tasks
// of the others (a busy core delays the job by at most one task). Idle workers spin about 50 us, then sleep.

namespace mlp {

constexpr int kMaxThreads = 64;

// fn(context, task, participant): participant is 0..threads-1, for scratch memory.
using TaskFn = void (*)(const void* context, int task, int participant);

// Returns when every task is done. While another thread of the process uses the pool, the caller runs all tasks itself.
void run_tasks(int threads, int tasks, TaskFn fn, const void* context);

// The same for a callable `void(int task, int participant) const`.
template <class F>
void parallel(int threads, int tasks, const F& f) {
  run_tasks(threads, tasks, [](const void* c, int task, int who) { (*static_cast<const F*>(c))(task, who); }, &f);
}

}  // namespace mlp
