// SPDX-License-Identifier: Apache-2.0
// Python's ==, <, in and iteration over values. Work on big or shared structures is metered.
#include <cmath>

#include "core/error.h"
#include "templates/limits.h"
#include "templates/text.h"
#include "templates/value.h"
#include "templates/value_hash.h"

namespace moonlet::jinja {

bool Value::equal(const Value& a, const Value& b) {
    if (a.is_number() && b.is_number()) {
        if (a.kind_ != Kind::real && b.kind_ != Kind::real) return a.as_integer() == b.as_integer();
        return a.as_real() == b.as_real();
    }
    if (a.kind_ != b.kind_) return false;
    switch (a.kind_) {
        case Kind::undefined:
        case Kind::none: return true;
        case Kind::string: return a.as_string() == b.as_string();
        case Kind::list:
        case Kind::tuple: {
            if (a.shared_ == b.shared_) return true;
            auto &x = a.as_sequence(), &y = b.as_sequence();
            const bool lists = a.kind_ == Kind::list;
            if ((lists && x.flavor != y.flavor) || x.items.size() != y.items.size()) return false;
            if (lists && x.flavor == Sequence::Flavor::values) return false;  // each its own
            for (size_t i = 0; i < x.items.size(); ++i) {
                spend();
                if (!equal(x.items[i], y.items[i])) return false;
            }
            return true;
        }
        case Kind::dict: {
            if (a.shared_ == b.shared_) return true;
            auto &x = a.as_dict(), &y = b.as_dict();
            if (x.items.size() != y.items.size()) return false;
            for (const auto& [key, value] : x.items) {
                spend();
                const Value* other = y.find(key);
                if (!other || !equal(value, *other)) return false;
            }
            return true;
        }
        case Kind::callable: return a.shared_ == b.shared_;
        case Kind::object: return a.object_ == b.object_;
        default: return false;
    }
}

bool Value::same(const Value& a, const Value& b) {
    if (a.kind_ != b.kind_) return false;
    switch (a.kind_) {
        case Kind::none: return true;
        case Kind::undefined: return a.shared_ == b.shared_;
        case Kind::boolean:
        case Kind::integer: return a.scalar_.i == b.scalar_.i;
        case Kind::real: return a.scalar_.d == b.scalar_.d;
        case Kind::string: return a.as_string() == b.as_string();
        case Kind::object: return a.object_ == b.object_;
        default: return a.shared_ == b.shared_;
    }
}

int Value::compare(const Value& a, const Value& b, const char* op) {
    if (a.is_number() && b.is_number()) {
        if (a.kind_ != Kind::real && b.kind_ != Kind::real) {
            int64_t x = a.as_integer(), y = b.as_integer();
            return x < y ? -1 : x > y ? 1 : 0;
        }
        double x = a.as_real(), y = b.as_real();
        if (std::isnan(x) || std::isnan(y)) return 2;
        return x < y ? -1 : x > y ? 1 : 0;
    }
    if (a.is_string() && b.is_string()) {
        int c = a.as_string().compare(b.as_string());
        return c < 0 ? -1 : c > 0 ? 1 : 0;
    }
    bool plain = a.is_sequence() && a.kind_ == b.kind_ &&
                 (a.kind_ == Kind::tuple || (a.as_sequence().flavor == Sequence::Flavor::plain &&
                                             b.as_sequence().flavor == Sequence::Flavor::plain));
    if (plain) {
        auto &x = a.as_items(), &y = b.as_items();
        for (size_t i = 0; i < x.size() && i < y.size(); ++i) {
            spend();
            if (!equal(x[i], y[i])) return compare(x[i], y[i], op);
        }
        return x.size() < y.size() ? -1 : x.size() > y.size() ? 1 : 0;
    }
    if (a.is_undefined() || b.is_undefined())
        throw Error((a.is_undefined() ? a : b).undefined_message(), "a value to compare");
    throw Error("'" + std::string(op) + "' not supported between instances of '" + a.type_name() +
                    "' and '" + b.type_name() + "'",
                "two numbers, two strings, two lists or two tuples");
}

bool Value::contains(const Value& container, const Value& item) {
    switch (container.kind_) {
        case Kind::string:
            if (!item.is_string())
                throw Error(
                    "'in <string>' requires string as left operand, not " + item.type_name(),
                    "a string");
            spend(1 + container.as_string().size() / 256);
            return container.as_string().find(item.as_string()) != std::string::npos;
        case Kind::dict: return container.as_dict().find(item) != nullptr;
        case Kind::undefined: return false;
        default: break;
    }
    if (!container.iterable())
        throw Error("argument of type '" + container.type_name() + "' is not iterable",
                    "a string, list or dict behind `in`");
    if (container.kind_ == Kind::list && container.as_sequence().flavor == Sequence::Flavor::keys)
        hash_of(item);  // an Error for lists and dicts, as Python's lookup
    auto items = container.iterate();
    Value here;
    while (items->next(here)) {
        spend();
        if (equal(here, item)) return true;
    }
    return false;
}

namespace {

class SequenceIterator : public Iterator {
  public:
    explicit SequenceIterator(Value v) : value_(std::move(v)) {}
    bool next(Value& out) override {
        auto& items = value_.as_items();
        if (at_ >= items.size()) return false;
        out = items[at_++];
        return true;
    }

  private:
    Value value_;
    size_t at_ = 0;
};

class KeyIterator : public Iterator {
  public:
    explicit KeyIterator(Value v) : value_(std::move(v)) {}
    bool next(Value& out) override {
        auto& items = value_.as_dict().items;
        if (at_ >= items.size()) return false;
        out = items[at_++].first;
        return true;
    }

  private:
    Value value_;
    size_t at_ = 0;
};

class CharacterIterator : public Iterator {
  public:
    explicit CharacterIterator(Value v) : value_(std::move(v)) {}
    bool next(Value& out) override {
        auto& s = value_.as_string();
        if (at_ >= s.size()) return false;
        size_t begin = at_;
        text::next(s, at_);
        out = Value(std::string_view(s).substr(begin, at_ - begin));
        return true;
    }

  private:
    Value value_;
    size_t at_ = 0;
};

class EmptyIterator : public Iterator {
  public:
    bool next(Value&) override { return false; }
};

}  // namespace

bool Value::iterable() const {
    switch (kind_) {
        case Kind::undefined:
        case Kind::string:
        case Kind::list:
        case Kind::tuple:
        case Kind::dict: return true;
        case Kind::object: return object_->is_iterable();
        default: return false;
    }
}

std::unique_ptr<Iterator> Value::iterate() const {
    switch (kind_) {
        case Kind::undefined: return std::make_unique<EmptyIterator>();
        case Kind::string: return std::make_unique<CharacterIterator>(*this);
        case Kind::list:
        case Kind::tuple: return std::make_unique<SequenceIterator>(*this);
        case Kind::dict: return std::make_unique<KeyIterator>(*this);
        case Kind::object: return object_->iterate();
        default:
            throw Error("'" + type_name() + "' object is not iterable", "a list, dict or string");
    }
}

std::vector<Value> Value::to_vector() const {
    if (is_sequence()) {
        spend_items(as_items().size());
        return as_items();
    }
    std::vector<Value> out;
    auto items = iterate();
    Value item;
    while (items->next(item)) {
        if (out.size() % 64 == 0) spend_items(64);
        out.push_back(item);
    }
    return out;
}

}  // namespace moonlet::jinja
