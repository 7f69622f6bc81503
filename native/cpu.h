#pragma once
// What the processor and the operating system support, from CPUID and XCR0 (x86-64).

namespace mlp {

struct CpuFeatures {
  bool avx2_fma = false;  // AVX2 and FMA, and the OS saves YMM state
  bool avx512 = false;    // F, BW, DQ, VL besides, and the OS saves ZMM state
  bool vbmi2 = false;     // AVX-512 VBMI2 and VNNI besides
  bool neon = false;
};

const CpuFeatures& cpu_features();

}  // namespace mlp
