{
  "variables": {
    "core_sources": [
      "native/cpu.cpp",
      "native/dense.cpp",
      "native/dispatch.cpp",
      "native/gemm.cpp",
      "native/inputs.cpp",
      "native/loss.cpp",
      "native/peak.cpp",
      "native/pool.cpp",
      "native/program.cpp",
      "native/program_steps.cpp",
      "native/warp.cpp",
      "native/kernels/avx2.cpp",
      "native/kernels/avx512.cpp",
      "native/kernels/avx512_vbmi2.cpp",
      "native/kernels/neon.cpp",
      "native/kernels/portable.cpp"
    ],
    "addon_sources": [
      "native/addon.cpp",
      "native/array_calls.cpp",
      "native/layer_calls.cpp",
      "native/program_calls.cpp"
    ],
    "test_sources": [
      "native/test/backward_test.cpp",
      "native/test/dispatch_test.cpp",
      "native/test/elementary_test.cpp",
      "native/test/forward_test.cpp",
      "native/test/fp_environment_test.cpp",
      "native/test/full_step_test.cpp",
      "native/test/gemm_test.cpp",
      "native/test/inputs_test.cpp",
      "native/test/loss_test.cpp",
      "native/test/memory_test.cpp",
      "native/test/pool_test.cpp",
      "native/test/program_check_test.cpp",
      "native/test/program_failure_test.cpp",
      "native/test/program_test.cpp",
      "native/test/program_training_test.cpp",
      "native/test/step_parts_test.cpp",
      "native/test/training_test.cpp",
      "native/test/update_test.cpp",
      "native/test/warp_test.cpp"
    ],
    "bench_sources": ["native/bench/step_bench.cpp"],
    "gcc_flags": ["-std=c++17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra", "-Wno-maybe-uninitialized", "-Wno-uninitialized"]
  }
}
