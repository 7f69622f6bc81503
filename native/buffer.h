#pragma once
// Zeroed float (or other plain) storage aligned to 64 bytes, owned by C++ and never handed to JavaScript.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <new>
#include <utility>

namespace mlp {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  // throws std::bad_alloc
  explicit Buffer(size_t count) : count_(count) {
    if (count == 0) return;
    if (count > (SIZE_MAX - 64) / sizeof(T)) throw std::bad_alloc();
    block_ = calloc(count * sizeof(T) + 64, 1);
    if (!block_) throw std::bad_alloc();
    data_ = reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(block_) + 63) & ~static_cast<uintptr_t>(63));
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { free(block_); }

  T* data() const { return data_; }
  size_t size() const { return count_; }
  size_t bytes() const { return count_ * sizeof(T); }
  // Grows to at least `count`; contents are lost when it does.
  void reserve(size_t count) {
    if (count > count_) *this = Buffer(count);
  }

 private:
  void swap(Buffer& other) {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }

  void* block_ = nullptr;
  T* data_ = nullptr;
  size_t count_ = 0;
};

}  // namespace mlp
