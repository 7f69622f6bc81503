// Data sets, batches and the layout of parameters.

#include "cases.h"

namespace mlp {
namespace test {
namespace {

void measures_by_meaning() {
  Random random(1);
  for (const int rows : {0, 1, 9, 70}) {
    for (const int cols : {1, 16, 47, 100, 784}) {
      std::vector<uint8_t> bytes(static_cast<size_t>(rows) * static_cast<size_t>(cols));
      for (uint8_t& b : bytes) b = static_cast<uint8_t>(random.below(3) ? 0 : random.below(256));
      std::vector<float> table(256);
      for (int i = 0; i < 256; i++) table[static_cast<size_t>(i)] = static_cast<float>(i) / 255;
      for (const int zeroed : {0, 7}) {
        table[static_cast<size_t>(zeroed)] = -0.0f;
        std::vector<float> floats;
        for (const uint8_t b : bytes) floats.push_back(table[b]);
        int64_t nonzeros = 0;
        int longest = 0;
        for (int r = 0; r < rows; r++) {
          int n = 0;
          for (int k = 0; k < cols; k++) n += floats[static_cast<size_t>(r * cols + k)] != 0;
          nonzeros += n;
          longest = n > longest ? n : longest;
        }
        const InputStatistics a = measure({bytes.data(), table.data(), nullptr, rows, cols});
        const InputStatistics b = measure({nullptr, nullptr, floats.data(), rows, cols});
        CHECK(a.nonzeros == nonzeros && b.nonzeros == nonzeros, "%d x %d", rows, cols);
        CHECK(b.longest_row == longest && a.longest_row >= longest, "%d x %d", rows, cols);
        CHECK(zeroed == 7 || a.longest_row == longest, "%d x %d", rows, cols);
      }
      table[0] = 0.5f;
      CHECK(rows == 0 || measure({bytes.data(), table.data(), nullptr, rows, cols}).longest_row == -1, "byte 0 means something");
    }
  }
}

// Dense rows: the very bits of the meaning, for tables that are quotients and tables that are not
void gathers_bits() {
  Random random(2);
  std::vector<std::vector<float>> tables(3, std::vector<float>(256));
  for (int i = 0; i < 256; i++) {
    const size_t at = static_cast<size_t>(i);
    tables[0][at] = static_cast<float>(i);
    tables[1][at] = static_cast<float>(i / 255.0);
    tables[2][at] = draw(random, i % 2 ? Draw::normal : Draw::signed_zeros);
  }
  for (const auto& table : tables) {
    for (const int cols : {1, 15, 16, 17, 63, 100, 784}) {
      for (const int rows : {1, 16, 33}) {
        const Data data(random, rows, cols, table, table[0]);
        for (const Setting& s : settings()) {
          for (const InputKind kind : {InputKind::bytes, InputKind::floats}) {
            const Batch batch = data.batch(kind, false, s);
            bool same = true;
            for (int r = 0; r < rows; r++)
              same = same &&
                     same_bits(batch.dense() + static_cast<size_t>(r) * batch.stride(), data.x[r], static_cast<size_t>(cols));
            CHECK(same && batch.rows() == rows && !batch.sparse(), "%s",
                  describe(s, "%d x %d, kind %d", rows, cols, static_cast<int>(kind)));
          }
        }
      }
    }
  }
}

// A row with more non-zeros than measured is rejected: JavaScript may have changed shared memory meanwhile.
void refuses_changed_data() {
  const int rows = 20, cols = 100;
  for (const Setting& s : settings()) {
    std::vector<float> floats(rows * cols), table(256, 1.0f);
    std::vector<uint8_t> bytes(rows * cols);
    table[0] = 0;
    std::vector<int32_t> indices;
    for (int r = 0; r < rows; r++) {
      indices.push_back(r);
      floats[static_cast<size_t>(r * cols + r)] = 1;
      bytes[static_cast<size_t>(r * cols + r)] = 1;
    }
    const Inputs forms[] = {{nullptr, nullptr, floats.data(), rows, cols}, {bytes.data(), table.data(), nullptr, rows, cols}};
    for (const Inputs& in : forms) {
      Batch batch(*s.engine.kernels, rows, cols, in.bytes ? InputKind::bytes : InputKind::floats, true, measure(in).longest_row);
      CHECK(batch.gather(in, indices.data(), rows, true, s.engine.threads), "%s", describe(s, "as measured"));
      const size_t at = 17 * cols;
      for (size_t k = 0; k < cols; k++) floats[at + k] = 2, bytes[at + k] = 2;
      CHECK(!batch.gather(in, indices.data(), rows, true, s.engine.threads), "%s", describe(s, "a row has grown"));
      CHECK(batch.gather(in, indices.data(), 17, true, s.engine.threads), "%s", describe(s, "rows as before"));
      for (size_t k = 0; k < cols; k++) floats[at + k] = k == 17, bytes[at + k] = k == 17;
    }
  }
}

void layout() {
  Random random(3);
  for (const int K : {1, 2, 15, 16, 17, 100}) {
    for (const int N : widths()) {
      const Layout shape = {K, N};
      std::vector<int> uses(shape.floats());
      for (int k = 0; k < K; k++) {
        for (int n = 0; n < N; n++) {
          CHECK(shape.at(k, n) < shape.weights(), "K=%d N=%d [%d][%d]", K, N, k, n);
          uses[shape.at(k, n)]++;
        }
      }
      for (int n = 0; n < N; n++) uses[shape.weights() + static_cast<size_t>(n)]++;
      bool once = true;
      for (const int u : uses) once = once && u <= 1;
      CHECK(once && shape.floats() % 16 == 0 && shape.weights() % 16 == 0, "K=%d N=%d", K, N);
      const Matrix w = random_matrix(random, K, N);
      const std::vector<float> b = random_vector(random, N);
      Parameters(w, b, settings()[1]).expect(w, b, "pack and unpack");
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  measures_by_meaning();
  gathers_bits();
  refuses_changed_data();
  layout();
  return finish();
}
