#pragma once
// Memory between guard bands that must not change; AddressSanitizer detects reading them too.

#include <stdint.h>
#include <string.h>

#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define MLP_POISON(at, bytes) ASAN_POISON_MEMORY_REGION(at, bytes)
#define MLP_UNPOISON(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes)
#else
#define MLP_POISON(at, bytes) ((void)(at), (void)(bytes))
#define MLP_UNPOISON(at, bytes) ((void)(at), (void)(bytes))
#endif

namespace mlp {
namespace test {

template <class T>
class Guarded {
 public:
  // `shift`: elements past the last 64-byte boundary at which the memory begins
  Guarded(size_t count, T fill, size_t shift = 0)
      : count_(count), block_(count * sizeof(T) + shift * sizeof(T) + 2 * kBand + 64, kMark) {
    const uintptr_t aligned = (reinterpret_cast<uintptr_t>(block_.data()) + kBand + 63) & ~static_cast<uintptr_t>(63);
    data_ = reinterpret_cast<T*>(aligned + shift * sizeof(T));
    for (size_t i = 0; i < count; i++) data_[i] = fill;
    MLP_POISON(block_.data(), before());
    MLP_POISON(data_ + count_, after());
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { unpoison(); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return count_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

  bool intact() const {
    unpoison();
    const bool result =
        marked(block_.data(), before()) && marked(reinterpret_cast<const unsigned char*>(data_ + count_), after());
    MLP_POISON(block_.data(), before());
    MLP_POISON(data_ + count_, after());
    return result;
  }

 private:
  static constexpr unsigned char kMark = 0xa5;
  static constexpr size_t kBand = 512;

  size_t before() const { return static_cast<size_t>(reinterpret_cast<const unsigned char*>(data_) - block_.data()); }
  size_t after() const { return block_.size() - before() - count_ * sizeof(T); }
  void unpoison() const { MLP_UNPOISON(block_.data(), block_.size()); }
  static bool marked(const unsigned char* p, size_t n) {
    for (size_t i = 0; i < n; i++) {
      if (p[i] != kMark) return false;
    }
    return true;
  }

  size_t count_;
  std::vector<unsigned char> block_;
  T* data_;
};

}  // namespace test
}  // namespace mlp
