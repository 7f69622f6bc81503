#pragma once
// A minimal test framework: checks that count, print their location and continue. A program without checks fails.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace mlp {
namespace test {

struct Tally {
  long checks = 0, failures = 0;
};
inline Tally tally;

// Condition, then what printf takes; on the main thread only.
#define CHECK(condition, ...)                                          \
  do {                                                                 \
    mlp::test::tally.checks++;                                         \
    if (!(condition) && ++mlp::test::tally.failures <= 20) {           \
      fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);  \
      fprintf(stderr, " " __VA_ARGS__);                                \
      fputc('\n', stderr);                                             \
    }                                                                  \
  } while (0)

inline int finish() {
  printf("%ld checks, %ld failures\n", tally.checks, tally.failures);
  return tally.checks > 0 && tally.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

inline uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

template <class T>
bool same_bits(const T* a, const T* b, size_t count) {
  return count == 0 || memcmp(a, b, count * sizeof(T)) == 0;
}

// FNV-1a of 64 bits
class Hash {
 public:
  void add(const void* data, size_t bytes) {
    const unsigned char* p = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < bytes; i++) value_ = (value_ ^ p[i]) * 0x100000001b3ull;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325ull;
};

}  // namespace test
}  // namespace mlp
