// The exports for plain arrays, allFinite, gemm and misalignment, and the peak rate of the processor.

#include "calls.h"
#include "fp_environment.h"
#include "gemm.h"
#include "operands.h"
#include "peak.h"

namespace mlp {

constexpr float kMaxPeakMs = 1000;

// allFinite(values)
Napi::Value all_finite(const Napi::CallbackInfo& info) {
  const Args args(info, "allFinite");
  const Args::Floats values = args.all_floats(args.value(0), "values");
  const uint32_t* bits = reinterpret_cast<const uint32_t*>(values.data);
  uint32_t bad = 0;
  for (size_t i = 0; i < values.length; i++) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
  return Napi::Boolean::New(info.Env(), bad == 0);
}

// Floats a row-major [rows][cols] matrix with leading dimension ld must have
static size_t matrix_floats(const Args& args, const char* name, double leading, int rows, int cols, size_t& ld) {
  const int least = cols > 1 ? cols : 1;
  if (!(leading >= least && leading <= kMaxInt) || leading != static_cast<int>(leading)) {
    args.fail<Napi::RangeError>(name, "a leading dimension of at least " + std::to_string(least), std::to_string(leading));
  }
  ld = static_cast<size_t>(leading);
  return rows == 0 || cols == 0 ? 0 : static_cast<size_t>(rows - 1) * ld + static_cast<size_t>(cols);
}

// gemm(sizes [transA, transB, M, N, K, lda, ldb, ldc], alpha, A, B, beta, C)
void gemm_call(const Napi::CallbackInfo& info) {
  const Args args(info, "gemm");
  const double* const sizes = args.doubles(args.value(0), "sizes", 8);
  const auto size = [&](size_t i, const char* name) {
    if (!(sizes[i] >= 0 && sizes[i] <= kMaxInt) || sizes[i] != static_cast<int>(sizes[i])) {
      args.fail<Napi::RangeError>(name, "an integer from 0 to 2147483647", std::to_string(sizes[i]));
    }
    return static_cast<int>(sizes[i]);
  };
  GemmArguments g;
  g.trans_a = sizes[0] != 0;
  g.trans_b = sizes[1] != 0;
  g.M = size(2, "M");
  g.N = size(3, "N");
  g.K = size(4, "K");
  g.alpha = args.number(1, "alpha");
  const size_t a = matrix_floats(args, "lda", sizes[5], g.trans_a ? g.K : g.M, g.trans_a ? g.M : g.K, g.lda);
  const size_t b = matrix_floats(args, "ldb", sizes[6], g.trans_b ? g.N : g.K, g.trans_b ? g.K : g.N, g.ldb);
  const size_t c = matrix_floats(args, "ldc", sizes[7], g.M, g.N, g.ldc);
  g.a = args.floats(args.value(2), "A", a);
  g.b = args.floats(args.value(3), "B", b);
  g.beta = args.number(4, "beta");
  g.c = args.floats(args.value(5), "C", c);
  no_overlap(args, "C", g.c, c, g.a, a);
  no_overlap(args, "C", g.c, c, g.b, b);
  const IeeeDefaults defaults;
  gemm(engine(info), g);
}

// Bytes past the last 64-byte boundary at which an ArrayBuffer's memory begins
Napi::Value misalignment(const Napi::CallbackInfo& info) {
  const Args args(info, "misalignment");
  const uintptr_t at = reinterpret_cast<uintptr_t>(args.bytes(args.value(0), "buffer", 0));
  return Napi::Number::New(info.Env(), static_cast<double>(at % 64));
}

// peak(milliseconds) -> FLOP/s of multiply-adds in registers, all threads together
Napi::Value peak(const Napi::CallbackInfo& info) {
  const Args args(info, "peak");
  const float milliseconds = args.number(0, "milliseconds");
  if (!(milliseconds > 0 && milliseconds <= kMaxPeakMs)) {
    args.fail<Napi::RangeError>("milliseconds", "more than 0 and at most 1000", std::to_string(milliseconds));
  }
  const double rate = fma_peak(engine(info), milliseconds / 1e3);
  if (rate == 0) throw Napi::Error::New(info.Env(), "native peak: could not start " + std::to_string(engine(info).threads) + " threads");
  return Napi::Number::New(info.Env(), rate);
}

}  // namespace mlp
