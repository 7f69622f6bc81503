// The table of instruction sets: a name gives the kernels of that name and no other.

#include "cases.h"
#include "cpu.h"

namespace mlp {
namespace test {
namespace {

bool runs(const IsaEntry& isa) { return isa.kernels && isa.supported; }

void names() {
  const std::vector<IsaEntry>& table = isa_table();
  for (size_t i = 0; i < table.size(); i++) {
    const IsaEntry& isa = table[i];
    const Kernels* chosen = select_kernels(isa.name);
    CHECK(chosen == (runs(isa) ? isa.kernels : nullptr), "%s", isa.name);
    if (!isa.kernels) continue;
    CHECK(strcmp(isa.kernels->name, isa.name) == 0, "%s calls itself %s", isa.name, isa.kernels->name);
    for (size_t j = 0; j < i; j++) {
      const Kernels* other = table[j].kernels;
      CHECK(!other || other->forward_dense != isa.kernels->forward_dense, "%s runs the code of %s", isa.name, table[j].name);
    }
  }
  for (const char* wrong : {"", "AVX2", "avx", "avx2 ", "native", "sse"}) CHECK(!select_kernels(wrong), "'%s'", wrong);
}

void best_first() {
  const Kernels* best = nullptr;
  int usable = 0;
  for (const IsaEntry& isa : isa_table()) {
    if (!best && runs(isa) && isa.automatic) best = isa.kernels;
    usable += runs(isa);
  }
  CHECK(best && select_kernels("auto") == best);
  CHECK(usable >= 2, "%d instruction sets: this processor is not one the tests are for", usable);
  CHECK(settings().size() >= 3 * static_cast<size_t>(usable));
  const CpuFeatures& cpu = cpu_features();
  CHECK(!cpu.avx512 || cpu.avx2_fma);
  CHECK(!(cpu.neon && cpu.avx2_fma));
}

}  // namespace
}  // namespace test
}  // namespace mlp

int main() {
  using namespace mlp::test;
  names();
  best_first();
  for (const Setting& s : settings()) printf("%s on %d, ", s.engine.kernels->name, s.engine.threads);
  return finish();
}
