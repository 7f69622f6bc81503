// What JavaScript sees: `info`, and `open(isa, threads)` whose result holds the operations of src/backend/backend.ts bound to
// one instruction set and thread count (calls.h).

#include <vector>

#include "calls.h"
#include "dispatch.h"
#include "operands.h"
#include "pool.h"

namespace mlp {
namespace {

constexpr int kAbi = 6;
constexpr int kContract = 1;

[[noreturn]] void out_of_memory(Napi::Env env) {
  const Napi::RangeError error = Napi::RangeError::New(env, "native: out of memory");
  error.Value().Set("code", Napi::String::New(env, "OUT_OF_MEMORY"));
  throw error;
}

template <void (*F)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    F(info);
  } catch (const std::bad_alloc&) {
    out_of_memory(info.Env());
  }
  return info.Env().Undefined();
}

template <Napi::Value (*F)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return F(info);
  } catch (const std::bad_alloc&) {
    out_of_memory(info.Env());
  }
}

// open(isa, threads) -> { isa, threads, and the operations }; throws RangeError for what this machine has not
Napi::Value open(const Napi::CallbackInfo& info) {
  const Args args(info, "open");
  if (!info[0].IsString()) args.fail<Napi::TypeError>("isa", "a string", "something else");
  const std::string isa = info[0].As<Napi::String>().Utf8Value();
  const int threads = args.integer(1, "threads", 1, kMaxThreads);
  const Kernels* kernels = select_kernels(isa.c_str());
  if (!kernels) args.fail<Napi::RangeError>("isa", "an instruction set of this build and processor", isa);

  const Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  Engine* data = new Engine{kernels, threads};
  napi_add_env_cleanup_hook(env, [](void* e) { delete static_cast<Engine*>(e); }, data);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    result.Set(name, Napi::Function::New(env, function, name, data));
  };
  result.Set("isa", kernels->name);
  result.Set("threads", threads);
  add("parameterLength", guarded<parameter_length>);
  add("rowStride", guarded<stride_of>);
  add("pack", guarded<pack_layer>);
  add("unpack", guarded<unpack_layer>);
  add("measure", guarded<measure_inputs>);
  add("createBatch", guarded<create_batch>);
  add("gather", guarded<gather>);
  add("forward", guarded<forward_layer>);
  add("loss", guarded<loss_of>);
  add("backward", guarded<backward_layer>);
  add("update", guarded<update_layer>);
  add("gradient", guarded<gradient_layer>);
  add("compile", guarded<compile>);
  add("run", guarded<run_program>);
  add("runPart", guarded<run_part>);
  add("restart", guarded<restart_program>);
  add("forwardPass", guarded<forward_pass>);
  add("firstLayerNotFinite", guarded<first_layer_not_finite>);
  add("allFinite", guarded<all_finite>);
  add("createWarper", guarded<create_warper>);
  add("warp", guarded<warp_rows>);
  add("gemm", guarded<gemm_call>);
  add("misalignment", guarded<misalignment>);
  add("peak", guarded<peak>);
  return result;
}

Napi::Array names(Napi::Env env, const char* const* list, int count) {
  Napi::Array result = Napi::Array::New(env, static_cast<size_t>(count));
  for (int i = 0; i < count; i++) result.Set(static_cast<uint32_t>(i), list[i]);
  return result;
}

// info() -> { version, abi, contract, isas: [{ name, compiled, supported, automatic }], activations, losses, operations, rules,
// ruleValues, maxListedRows, narrowBelow }: instruction sets best first; the names and numbers that TypeScript works with
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  const std::vector<IsaEntry>& table = isa_table();
  Napi::Array isas = Napi::Array::New(env, table.size());
  for (size_t i = 0; i < table.size(); i++) {
    const IsaEntry& e = table[i];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", e.name);
    entry.Set("compiled", e.kernels != nullptr);
    entry.Set("supported", e.supported);
    entry.Set("automatic", e.automatic);
    isas.Set(static_cast<uint32_t>(i), entry);
  }
  result.Set("version", NATIVE_MLP_VERSION);
  result.Set("abi", kAbi);
  result.Set("contract", kContract);
  result.Set("isas", isas);
  result.Set("activations", names(env, kActivationNames, kActivations));
  result.Set("losses", names(env, kLossNames, kLossKinds));
  result.Set("operations", kOpCodes);
  result.Set("rules", kRuleKinds);
  result.Set("ruleValues", static_cast<double>(kRuleValues));
  result.Set("maxListedRows", kMaxListedRows);
  result.Set("narrowBelow", kLane);
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("version", NATIVE_MLP_VERSION);
  exports.Set("abi", kAbi);
  exports.Set("info", Napi::Function::New(env, describe, "info"));
  exports.Set("open", Napi::Function::New(env, guarded<open>, "open"));
  return exports;
}

}  // namespace

NODE_API_MODULE(native_mlp, init)

}  // namespace mlp
