{
  "variables": {
    "core_sources": [],
    "addon_sources": ["native/addon.cpp"],
    "test_sources": [],
    "bench_sources": [],
    "gcc_flags": ["-std=c++17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra"],
    "msvc_flags": ["/std:c++17", "/O2", "/fp:precise", "/EHsc", "/W3"]
  }
}
