#include "warp.h"

#include "pool.h"

namespace mlp {
namespace {

constexpr int kRowChunk = 4;

// Two 16-bit integers, the first in the low half
int32_t both(int32_t low, int32_t high) { return (low & 0xffff) | high << 16; }

}  // namespace

Warper::Warper(const Engine& e, const WarpShape& shape, InputKind kind, int capacity)
    : kernels_(e.kernels), plan_{shape.height, shape.width, shape.radius, shape.shift, nullptr, nullptr}, kind_(kind), capacity_(capacity) {
  if (shape.radius >= 0) spread_weights(shape);
  for (int i = 0; i < e.threads; i++) workers_.push_back(make_worker());
  const size_t values = static_cast<size_t>(capacity) * static_cast<size_t>(cols());
  out_bytes_ = Buffer<uint8_t>(kind == InputKind::bytes ? values : 0);
  out_floats_ = Buffer<float>(kind == InputKind::bytes ? 0 : values);
}

// The smoothings as matrices: row y of `down` is what each row of noise adds to row y; column x of `across` likewise.
void Warper::spread_weights(const WarpShape& shape) {
  const int height = shape.height, width = shape.width;
  const auto weight = [&](const int32_t* weights, int distance) {
    const int d = distance < 0 ? -distance : distance;
    return d <= shape.radius ? weights[d] : 0;
  };
  const size_t row = 2 * static_cast<size_t>(plan_.pairs()), stride = plan_.stride();
  down_ = Buffer<int16_t>(static_cast<size_t>(height) * row);
  for (int y = 0; y < height; y++) {
    for (int k = 0; k < height; k++) down_.data()[static_cast<size_t>(y) * row + static_cast<size_t>(k)] = static_cast<int16_t>(weight(shape.down, k - y));
  }
  across_ = Buffer<int32_t>(stride / 2 * stride);
  for (int k = 0; k < width; k += 2) {
    int32_t* const to = across_.data() + static_cast<size_t>(k / 2) * stride;
    for (int x = 0; x < width; x++) to[x] = both(weight(shape.across, k - x), k + 1 < width ? weight(shape.across, k + 1 - x) : 0);
  }
  plan_.down = down_.data();
  plan_.across = across_.data();
}

Warper::Worker Warper::make_worker() const {
  const size_t stride = plan_.stride(), height = static_cast<size_t>(plan_.height), pairs = static_cast<size_t>(plan_.pairs());
  const bool field = plan_.radius >= 0, is_bytes = kind_ == InputKind::bytes;
  Worker w;
  w.ints = Buffer<int32_t>((field ? (pairs + 2 * height) * stride : 0) + 4 * stride + (is_bytes ? plan_.padded() : 0));
  w.smooth = Buffer<int16_t>(field ? height * stride : 0);
  w.copy = Buffer<uint8_t>(is_bytes ? static_cast<size_t>(cols()) + stride : 0);
  w.padded_bytes = Buffer<uint8_t>(is_bytes ? plan_.padded() + kWarpColumns : 0);
  w.padded_floats = Buffer<float>(is_bytes ? 0 : plan_.padded());
  return w;
}

WarpScratch Warper::scratch(const Worker& w) const {
  const size_t stride = plan_.stride(), height = static_cast<size_t>(plan_.height), pairs = static_cast<size_t>(plan_.pairs());
  int32_t* next = w.ints.data();
  const auto take = [&](size_t count) {
    int32_t* const mine = next;
    next += count;
    return mine;
  };
  WarpScratch s = {};
  if (plan_.radius >= 0) {
    s.noise = take(pairs * stride);
    for (int32_t*& field : s.fields) field = take(height * stride);
    s.smooth = w.smooth.data();
  }
  for (int32_t** row : {&s.at, &s.wx, &s.wy, &s.four}) *row = take(stride);
  s.quads = reinterpret_cast<uint32_t*>(next);
  s.copy = w.copy.data();
  s.padded_bytes = w.padded_bytes.data();
  s.padded_floats = w.padded_floats.data();
  return s;
}

void Warper::run(const Inputs& in, const int32_t* indices, int count, const int32_t* warps, int threads, uint8_t* bytes, float* floats) const {
  const size_t size = static_cast<size_t>(cols());
  parallel(threads, (count + kRowChunk - 1) / kRowChunk, [&](int task, int who) {
    const WarpScratch s = scratch(workers_[static_cast<size_t>(who)]);
    const int first = task * kRowChunk, end = first + kRowChunk < count ? first + kRowChunk : count;
    for (int i = first; i < end; i++) {
      const size_t from = static_cast<size_t>(indices[i]) * size, to = static_cast<size_t>(i) * size;
      const WarpImage image = in.bytes ? WarpImage{in.bytes + from, nullptr, bytes + to, nullptr}
                                       : WarpImage{nullptr, in.floats + from, nullptr, floats + to};
      kernels_->warp_image(plan_, image, warps + static_cast<size_t>(i) * kWarpValues, s);
    }
  });
}

Inputs Warper::batch(const Inputs& in, const int32_t* indices, int count, const int32_t* warps, int threads) {
  run(in, indices, count, warps, threads, out_bytes_.data(), out_floats_.data());
  if (in.bytes) return {out_bytes_.data(), in.table, nullptr, count, cols()};
  return {nullptr, nullptr, out_floats_.data(), count, cols()};
}

size_t Warper::bytes() const {
  size_t sum = down_.bytes() + across_.bytes() + out_bytes_.bytes() + out_floats_.bytes();
  for (const Worker& w : workers_) {
    sum += w.ints.bytes() + w.smooth.bytes() + w.copy.bytes() + w.padded_bytes.bytes() + w.padded_floats.bytes();
  }
  return sum;
}

}  // namespace mlp
