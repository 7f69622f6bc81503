// Products by OpenBLAS: openblas <threads> <milliseconds> <case>..., a case: "gemm 256x512x784 NN". Its kernels are chosen by
// OPENBLAS_CORETYPE in the environment.
#include <cblas.h>
#include <openblas_config.h>

#include "gemm_case.h"

int main(int argc, char** argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  openblas_set_num_threads(threads);
  // begins with "OpenBLAS 0.3.21 "
  std::string version = openblas_get_config();
  version = version.substr(0, version.find(' ', version.find(' ') + 1)) + ", " + openblas_get_corename() + " kernels";
  printf("{\"version\": \"%s\"}\n", version.c_str());
  for_each_gemm_case(argc, argv, [](const GemmCase& g, const bench::Effort& effort) {
    return bench::sample(effort, [&] {
      cblas_sgemm(CblasRowMajor, g.trans_a ? CblasTrans : CblasNoTrans, g.trans_b ? CblasTrans : CblasNoTrans, g.M, g.N, g.K, 1.0f,
                  g.a.data(), g.lda(), g.b.data(), g.ldb(), 0.0f, g.c.data(), g.N);
    });
  });
}
