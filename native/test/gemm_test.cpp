// GEMM: the bits of the reference for all transpositions, leading dimensions, alpha and beta; the gaps between rows stay.

#include "cases.h"
#include "gemm.h"

namespace mlp {
namespace test {
namespace {

// Row-major with leading dimension `ld`; the gaps hold NaN, which no result may contain.
class Spaced {
 public:
  Spaced(const Matrix& m, bool transposed, size_t gap, size_t shift)
      : rows_(transposed ? m.cols : m.rows),
        cols_(transposed ? m.rows : m.cols),
        ld_(static_cast<size_t>(cols_ ? cols_ : 1) + gap),
        memory_(rows_ ? (static_cast<size_t>(rows_) - 1) * ld_ + static_cast<size_t>(cols_) : 0, kNan, shift) {
    for (int r = 0; r < rows_; r++) {
      for (int c = 0; c < cols_; c++)
        memory_[static_cast<size_t>(r) * ld_ + static_cast<size_t>(c)] = transposed ? m[c][r] : m[r][c];
    }
  }
  float* data() { return memory_.data(); }
  size_t ld() const { return ld_; }

  void expect(const Matrix& wanted, const char* what) {
    bool same = true, gaps = true;
    for (size_t i = 0; i < memory_.size(); i++) {
      const size_t r = i / ld_, c = i % ld_;
      if (c < static_cast<size_t>(cols_)) same = same && bits_of(memory_[i]) == bits_of(wanted[static_cast<int>(r)][c]);
      else gaps = gaps && bits_of(memory_[i]) == bits_of(kNan);
    }
    CHECK(same, "%s", what);
    CHECK(gaps && memory_.intact(), "%s: written outside C", what);
  }

 private:
  int rows_, cols_;
  size_t ld_;
  Guarded<float> memory_;
};

struct Scale {
  float alpha, beta;
};

void expect_bits(Random& random, int M, int N, int K, Draw kind, const Scale& scale) {
  const Matrix a = random_matrix(random, M, K, kind), b = random_matrix(random, K, N, kind),
               c = random_matrix(random, M, N, kind);
  for (const bool trans_a : {false, true}) {
    Matrix wanted = c;
    reference::gemm(scale.alpha, a, b, scale.beta, wanted, N < 16 && !trans_a);
    for (const bool trans_b : {false, true}) {
      for (const Setting& s : settings()) {
        const size_t gap = static_cast<size_t>(s.engine.threads - 1) * 3;
        Spaced A(a, trans_a, gap, s.shift), B(b, trans_b, gap, s.shift),
            C(scale.beta == 0 ? Matrix(M, N, kNan) : c, false, gap, s.shift);
        gemm(s.engine,
             {trans_a, trans_b, M, N, K, scale.alpha, A.data(), A.ld(), B.data(), B.ld(), scale.beta, C.data(), C.ld()});
        C.expect(wanted,
                 describe(s, "gemm %d %d, M=%d N=%d K=%d alpha=%g beta=%g", trans_a, trans_b, M, N, K, scale.alpha, scale.beta));
      }
    }
  }
}

void shapes() {
  Random random(1);
  const Scale scales[] = {{1, 0}, {1, 1}, {-0.5f, 0}, {2.5f, -0.75f}, {0, 1}, {0, 0.3f}, {0, 0}};
  const std::vector<int> heights = quick() ? std::vector<int>{1, 7, 80, 200} : std::vector<int>{1, 5, 6, 7, 16, 33, 65, 80, 200};
  const std::vector<int> depths = quick() ? std::vector<int>{1, 17, 100} : std::vector<int>{1, 16, 17, 49, 256};
  size_t turn = 0;
  for (const int M : heights) {
    for (const int K : depths) {
      for (const int N : widths()) {
        // all scales at one shape in four, two of them at the others
        const bool all = ++turn % 4 == 0;
        for (size_t i = 0; i < 7; i++) {
          if (all || i == turn % 7 || i == (turn + 3) % 7) expect_bits(random, M, N, K, Draw::normal, scales[i]);
        }
      }
    }
  }
}

// B larger than what is read where it lies, so that it is packed
void large() {
  if (quick()) return;
  Random random(2);
  expect_bits(random, 193, 208, 700, Draw::normal, {1, 0});
  expect_bits(random, 40, 130, 1100, Draw::normal, {0.5f, 1});
}

void empty() {
  Random random(3);
  const int sizes[][3] = {{0, 5, 5}, {5, 0, 5}, {5, 5, 0}, {3, 20, 0}, {0, 0, 0}};
  for (const auto& m : sizes) {
    for (const Scale scale : {Scale{1, 0}, Scale{1, 2}, Scale{1, 1}}) expect_bits(random, m[0], m[1], m[2], Draw::normal, scale);
  }
}

void odd_numbers() {
  Random random(4);
  for (const Draw kind : {Draw::signed_zeros, Draw::denormals, Draw::zero}) {
    for (const int N : {3, 16, 50}) {
      for (const Scale scale : {Scale{1, 0}, Scale{1, 1}, Scale{-2, -1}, Scale{0, 1}}) expect_bits(random, 9, N, 40, kind, scale);
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  shapes();
  large();
  empty();
  odd_numbers();
  return finish();
}
