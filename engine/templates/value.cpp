// SPDX-License-Identifier: Apache-2.0
// Making values and looking into them; printing is in value_text.cpp, comparing in
// value_compare.cpp.
#include "templates/value.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "templates/limits.h"
#include "templates/text.h"
#include "templates/value_hash.h"

namespace moonlet::jinja {

namespace {

struct Text {
    std::string text;
    bool markup = false;
};

constexpr size_t kIndexFrom = 9;  // smaller dicts are searched in order

int checked_depth(int inner) {
    if (inner >= kMaxValueDepth)
        throw Error("a value nested more than " + std::to_string(kMaxValueDepth) + " deep",
                    "flatter data");
    return inner + 1;
}

}  // namespace

Value::Value(std::string text) : kind_(Kind::string) {
    shared_ = std::make_shared<Text>(Text{std::move(text), false});
}

Value::Value(std::shared_ptr<Object> object) : kind_(Kind::object), object_(std::move(object)) {}

Value Value::none() {
    Value v;
    v.kind_ = Kind::none;
    return v;
}

Value Value::undefined(std::string what) {
    Value v;
    v.shared_ = std::make_shared<Text>(Text{std::move(what), false});
    return v;
}

Value Value::markup(std::string text) {
    Value v;
    v.kind_ = Kind::string;
    v.shared_ = std::make_shared<Text>(Text{std::move(text), true});
    return v;
}

Value Sequence::make(std::vector<Value> items, Flavor flavor, std::string text) {
    Value v = Value::list({});
    auto made = std::make_shared<Sequence>();
    int depth = 0;
    for (const Value& item : items) depth = std::max(depth, item.depth());
    made->depth = checked_depth(depth);
    made->items = std::move(items);
    made->flavor = flavor;
    made->text = std::move(text);
    v.shared_ = std::move(made);
    return v;
}

Value Value::list(std::vector<Value> items) {
    Value v;
    v.kind_ = Kind::list;
    auto made = std::make_shared<Sequence>();
    int depth = 0;
    for (const Value& item : items) depth = std::max(depth, item.depth());
    made->depth = checked_depth(depth);
    made->items = std::move(items);
    v.shared_ = std::move(made);
    return v;
}

Value Value::tuple(std::vector<Value> items) {
    Value v = list(std::move(items));
    v.kind_ = Kind::tuple;
    return v;
}

Value Value::dict(std::vector<std::pair<Value, Value>> items) {
    auto made = std::make_shared<Dict>();
    made->items.reserve(items.size());
    bool indexed = items.size() >= kIndexFrom;
    std::vector<std::pair<size_t, uint32_t>> order;
    int depth = 0;
    auto& kept = made->items;
    for (auto& [key, value] : items) {
        depth = std::max({depth, key.depth(), value.depth()});
        size_t hash = hash_of(key);
        if (indexed) {
            order.emplace_back(hash, uint32_t(order.size()));
            continue;
        }
        auto old = std::find_if(kept.begin(), kept.end(),
                                [&key = key](const auto& e) { return equal(e.first, key); });
        if (old != kept.end()) old->second = std::move(value);
        else kept.emplace_back(std::move(key), std::move(value));
    }
    if (indexed) {
        // Equal keys stand in runs of one hash, the earliest first: it keeps the place and takes
        // the value of the latest, as Python's dict does.
        std::sort(order.begin(), order.end());
        std::vector<char> dropped(items.size(), 0);
        for (size_t i = 0; i < order.size(); ++i) {
            auto& first = items[order[i].second];
            if (dropped[order[i].second]) continue;
            for (size_t j = i + 1; j < order.size() && order[j].first == order[i].first; ++j) {
                spend();
                if (dropped[order[j].second] || !equal(items[order[j].second].first, first.first))
                    continue;
                first.second = items[order[j].second].second;
                dropped[order[j].second] = 1;
            }
        }
        for (size_t i = 0; i < items.size(); ++i)
            if (!dropped[i]) kept.push_back(std::move(items[i]));
        for (size_t i = 0; i < kept.size(); ++i)
            made->index_.emplace_back(hash_of(kept[i].first), uint32_t(i));
        std::sort(made->index_.begin(), made->index_.end());
    }
    made->depth = checked_depth(depth);
    Value v;
    v.kind_ = Kind::dict;
    v.shared_ = std::move(made);
    return v;
}

Value Value::named_tuple(std::vector<Value> items, Flavor names) {
    Value v = Sequence::make(std::move(items), names);
    v.kind_ = Kind::tuple;
    return v;
}

Value Value::function(std::string name, Function call, int depth) {
    Value v;
    v.kind_ = Kind::callable;
    checked_depth(depth);
    v.shared_ = std::make_shared<Callable>(Callable{std::move(name), std::move(call), depth});
    return v;
}

const Value* Dict::find(const Value& key) const {
    size_t hash = hash_of(key);
    if (index_.empty()) {
        for (const auto& entry : items)
            if (Value::equal(entry.first, key)) return &entry.second;
        return nullptr;
    }
    auto it = std::lower_bound(index_.begin(), index_.end(), std::make_pair(hash, uint32_t(0)));
    for (; it != index_.end() && it->first == hash; ++it)
        if (Value::equal(items[it->second].first, key)) return &items[it->second].second;
    return nullptr;
}

const Value* Dict::find_name(std::string_view key) const {
    if (!index_.empty()) return find(Value(key));
    for (const auto& entry : items)
        if (entry.first.is_string() && entry.first.as_string() == key) return &entry.second;
    return nullptr;
}

size_t hash_of(const Value& v) {
    spend();
    switch (v.kind()) {
        case Kind::undefined: return 7;
        case Kind::none: return 11;
        case Kind::boolean:
        case Kind::integer: return std::hash<int64_t>()(v.as_integer());
        case Kind::real: {
            double d = v.as_real();
            if (std::floor(d) == d && std::abs(d) < 9e18) return std::hash<int64_t>()(int64_t(d));
            return std::hash<double>()(d);
        }
        case Kind::string: return std::hash<std::string>()(v.as_string());
        case Kind::tuple: {
            size_t h = 17;
            for (const Value& item : v.as_items()) h = h * 1000003 ^ hash_of(item);
            return h;
        }
        case Kind::list:
            if (v.as_sequence().flavor == Sequence::Flavor::range) return 23;
            if (v.as_sequence().flavor == Sequence::Flavor::values)
                return std::hash<const void*>()(&v.as_sequence());
            throw Error("unhashable type: '" + v.type_name() + "'", "a string or number as key");
        case Kind::dict: throw Error("unhashable type: 'dict'", "a string or number as key");
        case Kind::callable: return std::hash<const void*>()(&v.as_callable());
        case Kind::object: return std::hash<const void*>()(v.as_object().get());
    }
    return 0;
}

const std::string& Value::as_string() const {
    return static_cast<const Text*>(shared_.get())->text;
}
bool Value::is_markup() const {
    return kind_ == Kind::string && static_cast<const Text*>(shared_.get())->markup;
}
const Sequence& Value::as_sequence() const { return *static_cast<const Sequence*>(shared_.get()); }
const std::vector<Value>& Value::as_items() const { return as_sequence().items; }
const Dict& Value::as_dict() const { return *static_cast<const Dict*>(shared_.get()); }
const Callable& Value::as_callable() const { return *static_cast<const Callable*>(shared_.get()); }

const std::string& Value::undefined_message() const {
    static const std::string unnamed = "the value is undefined";
    return shared_ ? as_string() : unnamed;
}

bool Value::truthy() const {
    switch (kind_) {
        case Kind::undefined:
        case Kind::none: return false;
        case Kind::boolean:
        case Kind::integer: return scalar_.i != 0;
        case Kind::real: return scalar_.d != 0;
        case Kind::string: return !as_string().empty();
        case Kind::list:
        case Kind::tuple: return !as_items().empty();
        case Kind::dict: return !as_dict().items.empty();
        case Kind::callable: return true;
        case Kind::object: return object_->truthy();
    }
    return false;
}

int Value::depth() const {
    switch (kind_) {
        case Kind::list:
        case Kind::tuple: return as_sequence().depth;
        case Kind::dict: return as_dict().depth;
        case Kind::callable: return as_callable().depth;
        case Kind::object: return object_->depth();
        default: return 0;
    }
}

std::string Value::type_name() const {
    switch (kind_) {
        case Kind::undefined: return "Undefined";
        case Kind::none: return "NoneType";
        case Kind::boolean: return "bool";
        case Kind::integer: return "int";
        case Kind::real: return "float";
        case Kind::string: return is_markup() ? "Markup" : "str";
        case Kind::list:
            switch (as_sequence().flavor) {
                case Sequence::Flavor::group:
                case Sequence::Flavor::plain: return "list";
                case Sequence::Flavor::range: return "range";
                case Sequence::Flavor::keys: return "dict_keys";
                case Sequence::Flavor::values: return "dict_values";
                case Sequence::Flavor::items: return "dict_items";
            }
            return "list";
        case Kind::tuple: return "tuple";
        case Kind::dict: return "dict";
        case Kind::callable: return "function";
        case Kind::object: return object_->type_name();
    }
    return "";
}

int64_t Value::length() const {
    switch (kind_) {
        case Kind::undefined: return 0;
        case Kind::string: return int64_t(text::length(as_string()));
        case Kind::list:
        case Kind::tuple: return int64_t(as_items().size());
        case Kind::dict: return int64_t(as_dict().items.size());
        case Kind::object: return object_->length();
        default: return -1;
    }
}

bool Value::callable() const {
    return kind_ == Kind::callable || (kind_ == Kind::object && object_->is_callable());
}

Value Value::call(const Arguments& args, const NamedArguments& kwargs) const {
    if (kind_ == Kind::callable) return as_callable().call(args, kwargs);
    if (kind_ == Kind::object && object_->is_callable()) return object_->call(args, kwargs);
    if (is_undefined()) throw Error(undefined_message(), "a function");
    throw Error("'" + type_name() + "' object is not callable", "a function");
}

Value Object::call(const Arguments&, const NamedArguments&) {
    throw Error("'" + type_name() + "' object is not callable", "a function");
}

std::unique_ptr<Iterator> Object::iterate() {
    throw Error("'" + type_name() + "' object is not iterable", "a list, dict or string");
}

Value Value::from_json(const Json& json) {
    switch (json.type()) {
        case Json::value_t::null: return none();
        case Json::value_t::boolean: return json.get<bool>();
        case Json::value_t::number_integer: return json.get<int64_t>();
        case Json::value_t::number_unsigned: {
            uint64_t u = json.get<uint64_t>();
            if (u <= uint64_t(std::numeric_limits<int64_t>::max())) return int64_t(u);
            return double(u);
        }
        case Json::value_t::number_float: return json.get<double>();
        case Json::value_t::string: return json.get_ref<const std::string&>();
        case Json::value_t::array: {
            std::vector<Value> items;
            items.reserve(json.size());
            for (const Json& item : json) items.push_back(from_json(item));
            return list(std::move(items));
        }
        case Json::value_t::object: {
            std::vector<std::pair<Value, Value>> items;
            items.reserve(json.size());
            for (const auto& [key, item] : json.items()) items.emplace_back(key, from_json(item));
            return dict(std::move(items));
        }
        default: return Value();
    }
}

Json Value::to_json() const {
    switch (kind_) {
        case Kind::none: return nullptr;
        case Kind::boolean: return scalar_.i != 0;
        case Kind::integer: return scalar_.i;
        case Kind::real: return scalar_.d;
        case Kind::string: return as_string();
        case Kind::list:
        case Kind::tuple: {
            Json out = Json::array();
            for (const Value& item : as_items()) out.push_back(item.to_json());
            return out;
        }
        case Kind::dict: {
            Json out = Json::object();
            for (const auto& [key, item] : as_dict().items) out[key.str()] = item.to_json();
            return out;
        }
        default:
            throw Error("a value of type " + type_name() + " has no JSON form",
                        "none, booleans, numbers, strings, lists and dicts");
    }
}

}  // namespace moonlet::jinja
