#pragma once
// The numeric contract needs IEEE defaults: round to nearest, denormals kept. Another addon may have changed them
// in this thread; a guard sets the defaults and restores the previous environment when it is destroyed.

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace mlp {

class IeeeDefaults {
 public:
  IeeeDefaults() : saved_(read()) {
    if (changed()) write(kDefault);
  }
  ~IeeeDefaults() {
    if (changed()) write(saved_);
  }
  IeeeDefaults(const IeeeDefaults&) = delete;
  IeeeDefaults& operator=(const IeeeDefaults&) = delete;

 private:
#if defined(__x86_64__)
  using Word = uint32_t;
  static constexpr Word kDefault = 0x1f80, kFlags = 0x3f;
  static Word read() { return _mm_getcsr(); }
  static void write(Word w) { _mm_setcsr(w); }
#elif defined(__aarch64__)
  using Word = uint64_t;
  static constexpr Word kDefault = 0, kFlags = 0;
  static Word read() {
    Word w;
    __asm__ volatile("mrs %0, fpcr" : "=r"(w));
    return w;
  }
  static void write(Word w) { __asm__ volatile("msr fpcr, %0" : : "r"(w)); }
#else
  using Word = uint32_t;
  static constexpr Word kDefault = 0, kFlags = 0;
  static Word read() { return 0; }
  static void write(Word) {}
#endif
  bool changed() const { return (saved_ & ~kFlags) != (kDefault & ~kFlags); }

  const Word saved_;
};

}  // namespace mlp
