#pragma once
// The operations that `open` of addon.cpp binds to an instruction set and a number of threads. They unpack their arguments and
// check them for memory safety; no arithmetic.

#include <napi.h>

namespace mlp {

// layer_calls.cpp
Napi::Value measure_inputs(const Napi::CallbackInfo&);
Napi::Value create_batch(const Napi::CallbackInfo&);
void gather(const Napi::CallbackInfo&);
void forward_layer(const Napi::CallbackInfo&);
Napi::Value loss_of(const Napi::CallbackInfo&);
void backward_layer(const Napi::CallbackInfo&);
void update_layer(const Napi::CallbackInfo&);
void gradient_layer(const Napi::CallbackInfo&);
Napi::Value create_warper(const Napi::CallbackInfo&);
void warp_rows(const Napi::CallbackInfo&);
Napi::Value parameter_length(const Napi::CallbackInfo&);
Napi::Value stride_of(const Napi::CallbackInfo&);
void pack_layer(const Napi::CallbackInfo&);
void unpack_layer(const Napi::CallbackInfo&);

// program_calls.cpp
Napi::Value compile(const Napi::CallbackInfo&);
Napi::Value run_program(const Napi::CallbackInfo&);
Napi::Value run_part(const Napi::CallbackInfo&);
void restart_program(const Napi::CallbackInfo&);
void forward_pass(const Napi::CallbackInfo&);
Napi::Value first_layer_not_finite(const Napi::CallbackInfo&);

// array_calls.cpp
Napi::Value all_finite(const Napi::CallbackInfo&);
void gemm_call(const Napi::CallbackInfo&);
Napi::Value misalignment(const Napi::CallbackInfo&);
Napi::Value peak(const Napi::CallbackInfo&);

}  // namespace mlp
