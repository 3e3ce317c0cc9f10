// SPDX-License-Identifier: Apache-2.0
// The values a Jinja template works on: Python's, as far as templates can see them. Integers are 64
// bits, strings UTF-8 measured in code points, lists, tuples and dicts immutable and shared (the
// sandbox of Hugging Face forbids to change them), dicts keep insertion order. Undefined is not
// none. Containers remember their nesting depth, so that no template can build a value whose
// destruction or printing overflows the stack. Knows nothing of templates' syntax.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"

namespace moonlet::jinja {

class Value;
class Object;
struct Sequence;
struct Dict;
struct Callable;

using Arguments = std::vector<Value>;
using NamedArguments = std::vector<std::pair<std::string, Value>>;
// A function a template may call. It throws moonlet::Error; the interpreter adds line and column.
using Function = std::function<Value(const Arguments&, const NamedArguments&)>;

// How a list prints and what it may do: dict views and ranges are lists with other names; a group
// of groupby is a tuple whose parts are called grouper and list.
enum class Flavor { plain, range, keys, values, items, group };

enum class Kind {
    undefined,
    none,
    boolean,
    integer,
    real,
    string,
    list,
    tuple,
    dict,
    callable,
    object
};

constexpr int kMaxValueDepth = 200;  // lists in lists; deeper is an Error

// Hands out the items of a value one by one; next() is false at the end.
class Iterator {
  public:
    virtual ~Iterator() = default;
    virtual bool next(Value& out) = 0;
};

class Value {
  public:
    Value() = default;  // undefined, without a name
    Value(bool b) : kind_(Kind::boolean) { scalar_.i = b; }
    Value(int i) : kind_(Kind::integer) { scalar_.i = i; }
    Value(int64_t i) : kind_(Kind::integer) { scalar_.i = i; }
    Value(double d) : kind_(Kind::real) { scalar_.d = d; }
    Value(std::string text);
    Value(std::string_view text) : Value(std::string(text)) {}
    Value(const char* text) : Value(std::string(text)) {}
    Value(std::shared_ptr<Object> object);

    static Value none();
    // `what` completes the message of any use of it ("'x' is undefined").
    static Value undefined(std::string what);
    static Value list(std::vector<Value> items);
    static Value tuple(std::vector<Value> items);
    static Value named_tuple(std::vector<Value> items, Flavor names);
    // Keys must be hashable (no list or dict); a later equal key replaces the value. Error else.
    static Value dict(std::vector<std::pair<Value, Value>> items = {});
    static Value function(std::string name, Function call, int depth = 0);
    static Value markup(std::string text);  // a string that escaping leaves alone

    // JSON objects become dicts in their order. Error: deeper than kMaxValueDepth.
    static Value from_json(const Json& json);
    // Error for what JSON has not (undefined, functions, objects).
    Json to_json() const;

    Kind kind() const { return kind_; }
    bool is_undefined() const { return kind_ == Kind::undefined; }
    // Undefined without a name: "nothing here", as against a use that deserves a message.
    bool is_absent() const { return kind_ == Kind::undefined && !shared_; }
    bool is_none() const { return kind_ == Kind::none; }
    bool is_string() const { return kind_ == Kind::string; }
    bool is_bool() const { return kind_ == Kind::boolean; }
    bool is_integer() const { return kind_ == Kind::integer || is_bool(); }  // bool is an int
    bool is_number() const { return is_integer() || kind_ == Kind::real; }
    bool is_sequence() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
    bool is_dict() const { return kind_ == Kind::dict; }
    bool is_markup() const;

    // Unchecked: the kind must fit.
    int64_t as_integer() const { return scalar_.i; }
    double as_real() const { return kind_ == Kind::real ? scalar_.d : double(scalar_.i); }
    const std::string& as_string() const;
    const std::vector<Value>& as_items() const;
    const Sequence& as_sequence() const;
    const Dict& as_dict() const;
    const Callable& as_callable() const;
    const std::shared_ptr<Object>& as_object() const { return object_; }
    const std::string& undefined_message() const;  // "'x' is undefined"

    bool truthy() const;
    int depth() const;              // nesting of containers, 0 for scalars
    std::string type_name() const;  // Python's: "str", "dict", "NoneType", …
    std::string str() const;        // what {{ value }} prints
    std::string repr() const;       // as inside a printed list
    std::string html() const;       // str() escaped, unless markup

    // Python's len(), -1 where it has none (undefined has length 0).
    int64_t length() const;
    // Items of a list, tuple, dict (its keys), string (its characters), generator. Error otherwise.
    std::unique_ptr<Iterator> iterate() const;
    std::vector<Value> to_vector() const;
    bool iterable() const;
    bool callable() const;
    // Calls a callable value or object. Error when it is not callable.
    Value call(const Arguments& args, const NamedArguments& kwargs = {}) const;

    // Python's ==, and an order for < and sort (Error for kinds without one).
    static bool equal(const Value& a, const Value& b);
    static int compare(const Value& a, const Value& b, const char* op = "<");
    static bool same(const Value& a, const Value& b);                 // `is`
    static bool contains(const Value& container, const Value& item);  // `in`

  private:
    friend struct Sequence;
    Kind kind_ = Kind::undefined;
    union {
        int64_t i;
        double d;
    } scalar_ = {0};
    std::shared_ptr<const void> shared_;  // text, items, dict or callable by kind
    std::shared_ptr<Object> object_;
};

struct Sequence {
    using Flavor = jinja::Flavor;
    std::vector<Value> items;
    Flavor flavor = Flavor::plain;
    std::string text;  // repr of a range
    int depth = 1;
    static Value make(std::vector<Value> items, Flavor flavor, std::string text = "");
};

struct Dict {
    std::vector<std::pair<Value, Value>> items;
    int depth = 1;
    // Null when absent. Error for an unhashable key.
    const Value* find(const Value& key) const;
    const Value* find_name(std::string_view key) const;

  private:
    friend class Value;
    std::vector<std::pair<size_t, uint32_t>> index_;  // (hash, position), sorted; large dicts only
};

struct Callable {
    std::string name;
    Function call;
    int depth = 0;
};

// Everything else: namespaces, loops, macros, generators.
class Object {
  public:
    virtual ~Object() = default;
    virtual std::string type_name() const = 0;
    virtual std::string repr() const { return "<" + type_name() + ">"; }
    virtual bool truthy() const { return true; }
    virtual int64_t length() const { return -1; }
    virtual int depth() const { return 0; }
    virtual bool is_mapping() const { return false; }
    virtual bool is_callable() const { return false; }
    virtual bool is_iterable() const { return false; }
    // Undefined (unnamed) where there is no such attribute.
    virtual Value attribute(const std::string&) const { return Value(); }
    virtual Value call(const Arguments&, const NamedArguments&);
    virtual std::unique_ptr<Iterator> iterate();
};

}  // namespace moonlet::jinja
