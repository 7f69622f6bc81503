#include "dispatch.h"

#include <string.h>

#include "cpu.h"

namespace mlp {
namespace {

// VBMI2 makes the same lists faster, and VNNI the same images, with the same results, so they are not a separate instruction set.
const Kernels* best_avx512(const CpuFeatures& cpu) {
  if (!avx512_kernels() || !cpu.vbmi2) return avx512_kernels();
  static const Kernels faster = [] {
    Kernels k = *avx512_kernels();
    k.lists = avx512_vbmi2_kernels()->lists;
    k.warp_image = avx512_vbmi2_kernels()->warp_image;
    return k;
  }();
  return &faster;
}

}  // namespace

const std::vector<IsaEntry>& isa_table() {
  const CpuFeatures& cpu = cpu_features();
#if defined(__x86_64__)
  const bool portable_supported = cpu.avx2_fma, portable_automatic = false;  // its region uses FMA; only by name
#else
  const bool portable_supported = true, portable_automatic = true;
#endif
  static const std::vector<IsaEntry> table = {
      {"avx512", best_avx512(cpu), cpu.avx512, true},
      {"avx2", avx2_kernels(), cpu.avx2_fma, true},
      {"neon", neon_kernels(), cpu.neon, true},
      {"portable", portable_kernels(), portable_supported, portable_automatic},
  };
  return table;
}

const Kernels* select_kernels(const char* name) {
  const bool any = strcmp(name, "auto") == 0;
  for (const IsaEntry& e : isa_table()) {
    if (!e.kernels || !e.supported) continue;
    if (any ? e.automatic : strcmp(name, e.name) == 0) return e.kernels;
  }
  return nullptr;
}

}  // namespace mlp
