#pragma once
// Readers of a call's arguments: each throws a TypeError or RangeError when going on would not be memory-safe, naming the
// function's argument, what was expected and what came. TypeScript has validated their meaning.

#include <napi.h>

#include <string>

#include "buffer.h"
#include "dense.h"

namespace mlp {

constexpr size_t kLongestText = 200;

class Args {
 public:
  Args(const Napi::CallbackInfo& info, const char* function) : info_(info), function_(function) {}

  Napi::Env env() const { return info_.Env(); }
  Napi::Value value(size_t i) const { return info_[i]; }
  static bool is_null(const Napi::Value& v) {
    const napi_valuetype type = v.Type();
    return type == napi_null || type == napi_undefined;
  }

  // A property of argument `i`. Reading one may run JavaScript, so all are read before any access to memory.
  Napi::Value field(size_t i, const char* key) const {
    if (!info_[i].IsObject()) fail<Napi::TypeError>(key, "an object that has it", kind(info_[i]));
    return info_[i].As<Napi::Object>().Get(key);
  }

  int integer(const Napi::Value& v, const char* name, int min, int max) const {
    double value = -1e300;
    napi_get_value_double(env(), v, &value);  // unchanged if `v` is not a number
    if (!(value >= min && value <= max) || value != static_cast<double>(static_cast<int64_t>(value))) {
      const std::string what = "an integer from " + std::to_string(min) + " to " + std::to_string(max);
      if (!v.IsNumber()) fail<Napi::TypeError>(name, what, kind(v));
      fail<Napi::RangeError>(name, what, v.ToString().Utf8Value());
    }
    return static_cast<int>(value);
  }
  int integer(size_t i, const char* name, int min, int max) const { return integer(info_[i], name, min, max); }

  float number(size_t i, const char* name) const {
    if (!info_[i].IsNumber()) fail<Napi::TypeError>(name, "a number", kind(info_[i]));
    return static_cast<float>(info_[i].As<Napi::Number>().DoubleValue());
  }

  bool boolean(size_t i, const char* name) const {
    if (!info_[i].IsBoolean()) fail<Napi::TypeError>(name, "a boolean", kind(info_[i]));
    return info_[i].As<Napi::Boolean>().Value();
  }

  // Position of a word among `count` names
  int one_of(const Napi::Value& v, const char* name, const char* const* names, int count) const {
    if (!v.IsString()) fail<Napi::TypeError>(name, "a name", kind(v));
    const std::string word = v.As<Napi::String>().Utf8Value();
    for (int i = 0; i < count; i++) {
      if (word == names[i]) return i;
    }
    fail<Napi::RangeError>(name, "a name that the addon knows", word);
  }

  float* floats(const Napi::Value& v, const char* name, size_t least) const {
    return static_cast<float*>(typed(v, name, napi_float32_array, "a Float32Array", least).data);
  }
  double* doubles(const Napi::Value& v, const char* name, size_t least) const {
    return static_cast<double*>(typed(v, name, napi_float64_array, "a Float64Array", least).data);
  }
  uint8_t* bytes(const Napi::Value& v, const char* name, size_t least) const {
    return static_cast<uint8_t*>(typed(v, name, napi_uint8_array, "a Uint8Array", least).data);
  }

  struct Ints {
    int32_t* data;
    size_t length;
  };
  Ints ints(const Napi::Value& v, const char* name, size_t least) const {
    const Typed t = typed(v, name, napi_int32_array, "an Int32Array", least);
    return {static_cast<int32_t*>(t.data), t.length};
  }
  // Any number of floats
  struct Floats {
    float* data;
    size_t length;
  };
  Floats all_floats(const Napi::Value& v, const char* name) const {
    const Typed t = typed(v, name, napi_float32_array, "a Float32Array", 0);
    return {static_cast<float*>(t.data), t.length};
  }
  bool is_bytes(const Napi::Value& v) const { return array_type(v) == napi_uint8_array; }
  bool is_ints(const Napi::Value& v) const { return array_type(v) == napi_int32_array; }

  template <class Error>
  [[noreturn]] void fail(const char* name, const std::string& expected, const std::string& actual) const {
    throw Error::New(env(), std::string("native ") + function_ + ": " + name + ": expected " + expected + ", got " + printable(actual));
  }

 private:
  // What came from outside may steer a terminal, and may be long
  static std::string printable(const std::string& text) {
    std::string result = text.substr(0, kLongestText);
    for (char& c : result) {
      if (c < ' ' || c > '~') c = '?';
    }
    return result;
  }

  struct Typed {
    void* data;
    size_t length;
  };

  int array_type(napi_value v) const {
    napi_typedarray_type type;
    return napi_get_typedarray_info(env(), v, &type, nullptr, nullptr, nullptr, nullptr) == napi_ok ? type : -1;
  }

  Typed typed(const Napi::Value& v, const char* name, napi_typedarray_type wanted, const char* expected, size_t least) const {
    napi_typedarray_type type;
    Typed result = {nullptr, 0};
    if (napi_get_typedarray_info(env(), v, &type, &result.length, &result.data, nullptr, nullptr) != napi_ok) {
      fail<Napi::TypeError>(name, expected, kind(v));
    }
    if (type != wanted) fail<Napi::TypeError>(name, expected, "another typed array");
    if (result.length < least) {
      fail<Napi::RangeError>(name, std::string(expected) + " of at least " + std::to_string(least) + " elements",
                             std::to_string(result.length) + " (too short, or its buffer is detached)");
    }
    return result;
  }

  static std::string kind(const Napi::Value& v) {
    switch (v.Type()) {
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

// A C++ object owned by a JavaScript one; the tag distinguishes it from all other objects.
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

  static T& get(const Args& args, const Napi::Value& v, const char* name, const napi_type_tag& tag, const char* expected) {
    bool is = false;
    void* object = nullptr;
    if (v.Type() != napi_object || napi_check_object_type_tag(args.env(), v, &tag, &is) != napi_ok || !is ||
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
