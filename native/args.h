#pragma once
// Readers of a call's arguments: each throws a TypeError or RangeError when going on would not be memory-safe, naming the
// function's argument, what was expected and what came. Friendly validation of meaning has been done in TypeScript.

#include <napi.h>

#include <string>

#include "buffer.h"
#include "dense.h"

namespace mlp {

class Args {
 public:
  Args(const Napi::CallbackInfo& info, const char* function) : info_(info), function_(function) {}

  Napi::Env env() const { return info_.Env(); }
  bool is_null(size_t i) const { return info_[i].IsNull() || info_[i].IsUndefined(); }

  int integer(size_t i, const char* name, int min, int max) const {
    const double value = info_[i].IsNumber() ? info_[i].As<Napi::Number>().DoubleValue() : -1e300;
    if (!(value >= min && value <= max) || value != static_cast<double>(static_cast<int64_t>(value))) {
      const std::string what = "an integer from " + std::to_string(min) + " to " + std::to_string(max);
      if (!info_[i].IsNumber()) fail<Napi::TypeError>(name, what, kind(i));
      fail<Napi::RangeError>(name, what, info_[i].ToString().Utf8Value());
    }
    return static_cast<int>(value);
  }

  float number(size_t i, const char* name) const {
    if (!info_[i].IsNumber()) fail<Napi::TypeError>(name, "a number", kind(i));
    return static_cast<float>(info_[i].As<Napi::Number>().DoubleValue());
  }

  bool boolean(size_t i, const char* name) const {
    if (!info_[i].IsBoolean()) fail<Napi::TypeError>(name, "a boolean", kind(i));
    return info_[i].As<Napi::Boolean>().Value();
  }

  float* floats(size_t i, const char* name, size_t least) const {
    return typed<float>(i, name, napi_float32_array, "a Float32Array", least);
  }
  double* doubles(size_t i, const char* name, size_t least) const {
    return typed<double>(i, name, napi_float64_array, "a Float64Array", least);
  }
  int32_t* ints(size_t i, const char* name, size_t least) const {
    return typed<int32_t>(i, name, napi_int32_array, "an Int32Array", least);
  }
  uint8_t* bytes(size_t i, const char* name, size_t least) const {
    return typed<uint8_t>(i, name, napi_uint8_array, "a Uint8Array", least);
  }
  size_t length(size_t i) const { return info_[i].As<Napi::TypedArray>().ElementLength(); }
  bool is_bytes(size_t i) const { return array_type(i) == napi_uint8_array; }

  Napi::Value value(size_t i) const { return info_[i]; }

  template <class Error>
  [[noreturn]] void fail(const char* name, const std::string& expected, const std::string& actual) const {
    throw Error::New(env(), std::string("native ") + function_ + ": " + name + ": expected " + expected + ", got " + actual);
  }

 private:
  int array_type(size_t i) const {
    napi_value v = info_[i];
    bool is = false;
    napi_is_typedarray(env(), v, &is);
    if (!is) return -1;
    napi_typedarray_type type;
    napi_get_typedarray_info(env(), v, &type, nullptr, nullptr, nullptr, nullptr);
    return type;
  }

  template <class T>
  T* typed(size_t i, const char* name, napi_typedarray_type wanted, const char* expected, size_t least) const {
    napi_value v = info_[i];
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    bool is = false;
    if (napi_is_typedarray(env(), v, &is) != napi_ok || !is) fail<Napi::TypeError>(name, expected, kind(i));
    napi_get_typedarray_info(env(), v, &type, &length, &data, nullptr, nullptr);
    if (type != wanted) fail<Napi::TypeError>(name, expected, "another typed array");
    if (length < least) {
      fail<Napi::RangeError>(name, std::string(expected) + " of at least " + std::to_string(least) + " elements",
                             std::to_string(length) + " (too short, or its buffer is detached)");
    }
    return static_cast<T*>(data);
  }

  std::string kind(size_t i) const {
    switch (info_[i].Type()) {
      case napi_undefined: return "undefined";
      case napi_null: return "null";
      case napi_boolean: return "a boolean";
      case napi_number: return "a number";
      case napi_string: return "a string";
      case napi_function: return "a function";
      case napi_object: return "an object";
      default: return "something else";
    }
  }

  const Napi::CallbackInfo& info_;
  const char* function_;
};

// A C++ object owned by a JavaScript one; the tag tells it from every other object, ours or not.
template <class T>
class Handle {
 public:
  static Napi::Object make(Napi::Env env, T* object, const napi_type_tag& tag) {
    Napi::Object holder = Napi::Object::New(env);
    const int64_t bytes = static_cast<int64_t>(object->bytes());
    const napi_status tagged = napi_type_tag_object(env, holder, &tag);
    const napi_status wrapped = tagged != napi_ok ? tagged : napi_wrap(env, holder, object, release, nullptr, nullptr);
    if (wrapped != napi_ok) {
      delete object;
      throw Napi::Error::New(env, "native: could not create a handle");
    }
    Napi::MemoryManagement::AdjustExternalMemory(env, bytes);
    return holder;
  }

  static T& get(const Args& args, size_t i, const char* name, const napi_type_tag& tag, const char* expected) {
    bool is = false;
    void* object = nullptr;
    const Napi::Value v = args.value(i);
    if (!v.IsObject() || napi_check_object_type_tag(args.env(), v, &tag, &is) != napi_ok || !is ||
        napi_unwrap(args.env(), v, &object) != napi_ok) {
      args.fail<Napi::TypeError>(name, expected, "something else");
    }
    return *static_cast<T*>(object);
  }

 private:
  static void release(napi_env env, void* data, void*) {
    T* object = static_cast<T*>(data);
    int64_t now = 0;
    napi_adjust_external_memory(env, -static_cast<int64_t>(object->bytes()), &now);
    delete object;
  }
};

}  // namespace mlp
