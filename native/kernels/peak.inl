// The limit for products: fused multiply-adds in registers alone, in as many independent chains as the
// register tile has accumulators. The chains are read and written so that no compiler folds them; x <- x / 2 + 1 stays near 2.

static double fma_chains(int64_t rounds, float* chains) {
  constexpr int count = Isa::MR * Isa::NV;
  static_assert(count * Isa::L <= kPeakFloats, "every chain has its own floats");
  const typename Isa::V half = Isa::set1(0.5f), one = Isa::set1(1.0f);
  typename Isa::V x[count];
  MLP_UNROLL for (int i = 0; i < count; i++) x[i] = Isa::load(chains + i * Isa::L);
  for (int64_t round = 0; round < rounds; round++) {
    MLP_UNROLL for (int i = 0; i < count; i++) x[i] = Isa::fma(x[i], half, one);
  }
  MLP_UNROLL for (int i = 0; i < count; i++) Isa::store(chains + i * Isa::L, x[i]);
  return 2.0 * count * Isa::L * static_cast<double>(rounds);
}
