#include "dispatch.h"

#include <string.h>

#include "cpu.h"

namespace mlp {

const IsaEntry* isa_table() {
  const CpuFeatures& cpu = cpu_features();
#if defined(__x86_64__) || defined(_M_X64)
  const bool portable_supported = cpu.avx2_fma, portable_automatic = false;  // its region uses FMA; only by name
#else
  const bool portable_supported = true, portable_automatic = true;
#endif
  static const IsaEntry table[kIsaCount] = {
      {"avx512", avx512_kernels(), cpu.avx512, true},
      {"avx2", avx2_kernels(), cpu.avx2_fma, true},
      {"neon", neon_kernels(), cpu.neon, true},
      {"portable", portable_kernels(), portable_supported, portable_automatic},
  };
  return table;
}

const Kernels* select_kernels(const char* name) {
  const bool any = strcmp(name, "auto") == 0;
  for (int i = 0; i < kIsaCount; i++) {
    const IsaEntry& e = isa_table()[i];
    if (!e.kernels || !e.supported) continue;
    if (any ? e.automatic : strcmp(name, e.name) == 0) return e.kernels;
  }
  return nullptr;
}

}  // namespace mlp
