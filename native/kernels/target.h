#pragma once
// Opens and closes the region of a file in which code may use an instruction set beyond the ABI floor of the
// translation unit. Everything that must be fast is inlined into functions inside the region, so headers of the standard
// library are never included by a file that opens one: their inline functions could be compiled for the wrong CPU.

#define MLP_INLINE static inline __attribute__((always_inline))
#define MLP_INLINE_MEMBER inline __attribute__((always_inline))
#define MLP_RESTRICT __restrict__
#define MLP_PREFETCH(address) __builtin_prefetch(address, 1)
#if defined(__clang__)
#define MLP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MLP_UNROLL _Pragma("GCC unroll 32")
#endif

#define MLP_PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#define MLP_REGION_BEGIN(isa) MLP_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define MLP_REGION_END MLP_PRAGMA(clang attribute pop)
#else
#define MLP_REGION_BEGIN(isa) MLP_PRAGMA(GCC push_options) MLP_PRAGMA(GCC target(isa))
#define MLP_REGION_END MLP_PRAGMA(GCC pop_options)
#endif
