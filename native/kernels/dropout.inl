// Dropout with masks hashed from the position, so that they are never stored and any division of the work draws the same.

// lowbias32 (Chris Wellons, 2018)
MLP_INLINE uint32_t mixed(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

static void dropout(const Dropout& d) {
  const uint32_t layer_key = mixed(d.key + static_cast<uint32_t>(d.layer) * kRowStep);
  for (int r = 0; r < d.rows; r++) {
    const size_t at = static_cast<size_t>(r) * d.stride;
    const float* x = d.x + at;
    float* mask = d.mask + at;
    float* out = d.out + at;
    const uint32_t key = mixed(layer_key + static_cast<uint32_t>(d.row0 + r) * kRowStep);
    for (int c = 0; c < d.width; c++) {
      mask[c] = mixed(key + static_cast<uint32_t>(c) * kUnitStep) >= d.threshold ? d.scale : 0.0f;
    }
    for (int c = 0; c < d.width; c++) out[c] = x[c] * mask[c] + 0.0f;
  }
}

static void undrop(const Undrop& d) {
  for (int r = 0; r < d.rows; r++) {
    const size_t at = static_cast<size_t>(r) * d.stride;
    float* g = d.g + at;
    const float* mask = d.mask + at;
    for (int c = 0; c < d.width; c++) g[c] = g[c] * mask[c];
    multiply_derivative(d.activation, g, d.y + at, d.pre ? d.pre + at : nullptr, d.width);
  }
}

// Rows mixed with others (mixup)
static void mix(const Mix& m) {
  const typename Isa::V rest = Isa::set1(m.rest), share = Isa::set1(m.share);
  for (int c = 0; c < m.width; c += Isa::L) {
    const typename Isa::V other = Isa::mul(share, Isa::load(m.other + c));
    Isa::store(m.out + c, Isa::add(Isa::fma(rest, Isa::load(m.x + c), other), Isa::zero()));
  }
}
