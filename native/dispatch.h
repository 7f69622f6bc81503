#pragma once
// THE ordered table of instruction sets: best first.

#include <vector>

#include "kernels/kernels.h"

namespace mlp {

struct IsaEntry {
  const char* name;
  const Kernels* kernels;  // null: not compiled into this build
  bool supported;          // by this processor and operating system
  bool automatic;          // may be chosen without being named
};

const std::vector<IsaEntry>& isa_table();

// By name, or the best for "auto"; null when unknown, not compiled in or not supported.
const Kernels* select_kernels(const char* name);

}  // namespace mlp
