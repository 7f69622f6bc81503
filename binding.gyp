{
  "includes": ["native/sources.gypi"],
  "targets": [
    {
      "target_name": "native_mlp",
      "sources": ["<@(core_sources)", "<@(addon_sources)"],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NATIVE_MLP_VERSION=\"<!(node -p \"require('./package.json').version\")\"",
        "NDEBUG"
      ],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["<@(gcc_flags)", "-fexceptions"],
      "conditions": [
        ["OS=='linux'", { "ldflags": ["-pthread", "-Wl,-z,nodelete"] }],
        [
          "OS=='mac'",
          {
            "xcode_settings": {
              "OTHER_CPLUSPLUSFLAGS": ["<@(gcc_flags)"],
              "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
              "CLANG_CXX_LIBRARY": "libc++",
              "GCC_OPTIMIZATION_LEVEL": "3",
              "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
              "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
              "MACOSX_DEPLOYMENT_TARGET": "11.0"
            }
          }
        ]
      ]
    }
  ]
}
