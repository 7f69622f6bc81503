// Resampled images: the bits of the reference on every instruction set and number of threads, inside the memory they have.

#include "warp.h"

#include "cases.h"

namespace mlp {
namespace test {
namespace {

// Changes only with the numeric contract.
constexpr uint64_t kPinned = 0x181e0a221a232732;

// Weights that sum to `sum`, most in the middle
std::vector<int32_t> weights(int radius, int32_t sum) {
  std::vector<int32_t> list(static_cast<size_t>(radius) + 1);
  int32_t left = sum;
  for (int i = radius; i > 0; i--) {
    list[static_cast<size_t>(i)] = sum / (3 * radius) * (radius + 1 - i) / radius;
    left -= 2 * list[static_cast<size_t>(i)];
  }
  list[0] = left;
  return list;
}

reference::Warp plan(int height, int width, int radius, int shift) {
  if (radius < 0) return {height, width, shift, {}, {}};
  return {height, width, shift, weights(radius, 32767), weights(radius, 30000)};
}

WarpShape shape(const reference::Warp& w) {
  return {w.height, w.width, w.shift, w.down.data(), w.across.data(), static_cast<int>(w.down.size()) - 1};
}

// Keys, and transformations about the identity; some of them wild
std::vector<int32_t> transformations(Random& random, int count, bool wild) {
  std::vector<int32_t> list;
  for (int i = 0; i < count * kWarpValues; i++) {
    const int which = i % kWarpValues;
    const bool diagonal = which == 3 || which == 7;
    if (which < 2 || wild) list.push_back(static_cast<int32_t>(random.next() >> 32));
    else list.push_back((diagonal ? 65536 : 0) + random.below(20000) - 10000);
  }
  return list;
}

template <class T>
std::vector<T> wanted(const reference::Warp& w, const std::vector<T>& images, const std::vector<int32_t>& indices, const std::vector<int32_t>& warps) {
  std::vector<T> all;
  for (size_t i = 0; i < indices.size(); i++) {
    const std::vector<T> one = reference::warp(w, images.data() + w.at(indices[i] * w.height, 0), warps.data() + i * kWarpValues);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

void bits() {
  constexpr int kImages = 11;
  Random random(1);
  Hash hash;
  const std::vector<float> table(256);
  for (const auto& [height, width] : {std::pair{28, 28}, {1, 1}, {2, 3}, {5, 33}, {40, 31}, {33, 70}}) {
    for (const int radius : {-1, 1, 12, 50}) {
      for (const bool wild : {false, true}) {
        const reference::Warp w = plan(height, width, radius, 12);
        const size_t size = w.at(height, 0);
        std::vector<uint8_t> bytes(size * kImages);
        std::vector<float> floats(bytes.size());
        for (uint8_t& b : bytes) b = static_cast<uint8_t>(random.below(3) ? random.below(256) : 0);
        for (float& f : floats) f = random.uniform();
        std::vector<int32_t> indices;
        for (int i = 0; i < kImages; i++) indices.push_back(random.below(kImages));
        const std::vector<int32_t> warps = transformations(random, kImages, wild);
        const std::vector<uint8_t> wanted_bytes = wanted(w, bytes, indices, warps);
        const std::vector<float> wanted_floats = wanted(w, floats, indices, warps);
        hash.add(wanted_bytes.data(), wanted_bytes.size());
        hash.add(wanted_floats.data(), wanted_floats.size() * sizeof(float));
        for (const Setting& s : settings()) {
          const char* const what = describe(s, "%d x %d, radius %d, wild %d", height, width, radius, wild);
          Guarded<uint8_t> out_bytes(bytes.size(), 0xee, s.shift);
          Guarded<float> out_floats(floats.size(), kNan, s.shift);
          const Warper for_bytes(s.engine, shape(w), InputKind::bytes, 0), for_floats(s.engine, shape(w), InputKind::floats, 0);
          for_bytes.run({bytes.data(), table.data(), nullptr, kImages, for_bytes.cols()}, indices.data(), kImages, warps.data(),
                        s.engine.threads, out_bytes.data(), nullptr);
          for_floats.run({nullptr, nullptr, floats.data(), kImages, for_floats.cols()}, indices.data(), kImages, warps.data(),
                         s.engine.threads, nullptr, out_floats.data());
          CHECK(same_bits(out_bytes.data(), wanted_bytes.data(), wanted_bytes.size()), "%s: bytes", what);
          CHECK(same_bits(out_floats.data(), wanted_floats.data(), wanted_floats.size()), "%s: floats", what);
          CHECK(out_bytes.intact() && out_floats.intact(), "%s: guard bands", what);
        }
      }
    }
  }
  CHECK(hash.value() == kPinned, "%016llx", static_cast<unsigned long long>(hash.value()));
}

// Noise, weights and shift at their limits
void largest_sums() {
  reference::Warp w = plan(20, 20, 3, 1);
  w.down = {32767, 0, 0, 0};
  w.across = {32766, 1, 0, 0};
  const std::vector<uint8_t> image(w.at(20, 0), 255);
  const std::vector<float> table(256);
  Random random(2);
  const std::vector<int32_t> warps = transformations(random, 40, true);
  const std::vector<int32_t> indices(40, 0);
  for (const int shift : {1, 30}) {
    w.shift = shift;
    const std::vector<uint8_t> expected = wanted(w, image, indices, warps);
    for (const Setting& s : settings()) {
      Warper warper(s.engine, shape(w), InputKind::bytes, 40);
      const Inputs out = warper.batch({image.data(), table.data(), nullptr, 1, 400}, indices.data(), 40, warps.data(), s.engine.threads);
      CHECK(out.rows == 40 && out.cols == 400 && same_bits(out.bytes, expected.data(), expected.size()), "%s", describe(s, "shift %d", shift));
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  bits();
  largest_sums();
  return finish();
}
