// Products by oneDNN: onednn <threads> <milliseconds> <case>... Its threads follow OMP_NUM_THREADS, its instruction set
// ONEDNN_MAX_CPU_ISA. Measures its sgemm and its matmul primitive and reports the faster one.
#include <dnnl.hpp>

#include "gemm_case.h"

namespace {

using dnnl::memory;

class Matmul {
 public:
  explicit Matmul(const GemmCase& g) {
    const auto type = memory::data_type::f32;
    const memory::desc a({g.M, g.K}, type, g.trans_a ? memory::dims{1, g.lda()} : memory::dims{g.lda(), 1});
    const memory::desc b({g.K, g.N}, type, g.trans_b ? memory::dims{1, g.ldb()} : memory::dims{g.ldb(), 1});
    const memory::desc c({g.M, g.N}, type, memory::dims{g.N, 1});
    matmul_ = dnnl::matmul({{a, b, c}, engine_});
    operands_ = {{DNNL_ARG_SRC, memory(a, engine_, g.a.data())},
                 {DNNL_ARG_WEIGHTS, memory(b, engine_, g.b.data())},
                 {DNNL_ARG_DST, memory(c, engine_, g.c.data())}};
  }
  void run() {
    matmul_.execute(stream_, operands_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul matmul_;
  std::unordered_map<int, memory> operands_;
};

double middle(std::vector<double> samples) {
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  return samples[samples.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const dnnl_version_t* const v = dnnl_version();
  printf("{\"version\": \"oneDNN %d.%d.%d\"}\n", v->major, v->minor, v->patch);
  for_each_gemm_case(argc, argv, [&](const GemmCase& g, const bench::Effort& effort) {
    const bench::Effort half = {effort.warm_up / 2, effort.sampling / 2};
    const auto sgemm = bench::sample(half, [&] {
      dnnl_sgemm(g.trans_a ? 'T' : 'N', g.trans_b ? 'T' : 'N', g.M, g.N, g.K, 1.0f, g.a.data(), g.lda(), g.b.data(), g.ldb(), 0.0f,
                 g.c.data(), g.N);
    });
    Matmul matmul(g);
    const auto primitive = bench::sample(half, [&] { matmul.run(); });
    return middle(sgemm) < middle(primitive) ? sgemm : primitive;
  });
}
