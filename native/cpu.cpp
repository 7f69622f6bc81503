#include "cpu.h"

#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace mlp {
namespace {

#if defined(__x86_64__)

struct Registers {
  uint32_t eax, ebx, ecx, edx;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r = {0, 0, 0, 0};
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
  return r;
}

uint64_t saved_states() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

CpuFeatures detect() {
  CpuFeatures f;
  if (cpuid(0, 0).eax < 7) return f;
  const Registers one = cpuid(1, 0);
  const bool osxsave = one.ecx >> 27 & 1, avx = one.ecx >> 28 & 1, fma = one.ecx >> 12 & 1;
  if (!osxsave || !avx) return f;
  const uint64_t xcr0 = saved_states();
  const Registers seven = cpuid(7, 0);
  f.avx2_fma = fma && (seven.ebx >> 5 & 1) && (xcr0 & 0x06) == 0x06;
  const bool f512 = seven.ebx >> 16 & 1, dq = seven.ebx >> 17 & 1, bw = seven.ebx >> 30 & 1, vl = seven.ebx >> 31 & 1;
  f.avx512 = f.avx2_fma && f512 && dq && bw && vl && (xcr0 & 0xe6) == 0xe6;
  f.vbmi2 = f.avx512 && (seven.ecx >> 6 & 1) && (seven.ecx >> 11 & 1);
  return f;
}

#else

CpuFeatures detect() {
  CpuFeatures f;
#if defined(__aarch64__)
  f.neon = true;
#endif
  return f;
}

#endif

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

}  // namespace mlp
