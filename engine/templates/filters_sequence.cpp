// SPDX-License-Identifier: Apache-2.0
// Filters over sequences. Those that Jinja2 makes generators (map, select, batch, unique …) are
// lazy here too and can be walked once: their items are made when asked for.
#include <algorithm>

#include "core/error.h"
#include "core/random.h"
#include "templates/arguments.h"
#include "templates/builtins.h"
#include "templates/limits.h"
#include "templates/ops.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

// Keeps the value an iterator walks alive, as the iterator of an object does not. Asks for its
// items only when the first is wanted.
class Source {
  public:
    explicit Source(Value v) : value_(std::move(v)) {}
    bool next(Value& out) {
        spend();
        if (!items_) items_ = value_.iterate();
        return items_->next(out);
    }

  private:
    Value value_;
    std::unique_ptr<Iterator> items_;
};

// An iterator made from a function.
template <class F>
class Made : public Iterator {
  public:
    explicit Made(F f) : f_(std::move(f)) {}
    bool next(Value& out) override { return f_(out); }

  private:
    F f_;
};
template <class F>
Value generate(F f, int depth) {
    return make_generator(std::make_unique<Made<F>>(std::move(f)), depth);
}

// A list that is made when its first item is asked for, as Python's generators begin to work then.
template <class F>
Value lazily(F make, int depth) {
    return generate(
        [make = std::move(make), items = std::vector<Value>(), at = size_t(0),
         made = false](Value& out) mutable {
            if (!made) made = true, items = make();
            if (at >= items.size()) return false;
            out = items[at++];
            return true;
        },
        depth);
}

int depth_of(const Value& v, const Arguments& args) {
    int depth = v.depth();
    for (const Value& a : args) depth = std::max(depth, a.depth());
    return depth;
}

Value fold_case(const Value& v) { return v.is_string() ? Value(text::lower(v.as_string())) : v; }

Value key_of(const Value& item, const Value& path, bool case_sensitive,
             const Value& fallback = Value()) {
    Value key = get_path(item, path, fallback);
    return case_sensitive ? key : fold_case(key);
}

bool less(const Value& a, const Value& b) {
    spend();
    return Value::compare(a, b) == -1;
}

// Stable; `reverse` keeps equal items in their order, as Python's sorted does.
void sort_by(std::vector<std::pair<Value, Value>>& keyed, bool reverse) {
    std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
        return reverse ? less(b.first, a.first) : less(a.first, b.first);
    });
}

Value do_first(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("first", {}, a, k);
    Value out;
    Source items(v);
    if (items.next(out)) return out;
    return Value::undefined("No first item, sequence was empty.");
}

Value do_last(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("last", {}, a, k);
    if (v.kind() == Kind::object)
        throw Error("'" + v.type_name() + "' object is not reversible", "a list",
                    "put |list before");
    auto items = v.to_vector();
    return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value do_random(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("random", {}, a, k);
    auto items = v.to_vector();
    if (items.empty()) return Value::undefined("No random item, sequence was empty.");
    return items[Random(draw_seed()).below(items.size())];
}

Value do_list(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("list", {}, a, k);
    return Value::list(v.to_vector());
}

Value do_reverse(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("reverse", {}, a, k);
    if (v.is_string()) return slice(v, Value::none(), Value::none(), -1);
    auto items = v.to_vector();
    std::reverse(items.begin(), items.end());
    if (v.kind() == Kind::object) return Value::list(std::move(items));
    size_t at = 0;
    return generate(
        [items = std::move(items), at](Value& out) mutable {
            if (at >= items.size()) return false;
            out = items[at++];
            return true;
        },
        v.depth());
}

Value do_join(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("join", {"d", "attribute"}, a, k);
    std::string separator = b.has(0) ? b[0].str() : "", out;
    Source items(v);
    bool first = true;
    for (Value item; items.next(item); first = false) {
        std::string piece = get_path(item, b.get(1, Value::none())).str();
        spend_text(piece.size() + separator.size());
        if (!first) out += separator;
        out += piece;
        if (out.size() > limits().text_bytes) spend_text(out.size());
    }
    return out;
}

Value do_items(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("items", {}, a, k);
    return lazily(
        [v] {
            std::vector<Value> pairs;
            if (v.is_undefined()) return pairs;
            if (!v.is_dict())
                throw Error("Can only get item pairs from a mapping, not " + v.type_name(),
                            "a dict");
            spend_items(v.as_dict().items.size());
            for (auto& [key, value] : v.as_dict().items)
                pairs.push_back(Value::tuple({key, value}));
            return pairs;
        },
        v.depth() + 1);
}

// As Jinja2's, these generators look at their arguments when the first item is asked for, and not
// at all where the input is false: none and 0 count as empty.
Value do_map(const Value& v, const Arguments& a, const NamedArguments& k) {
    Value path, fallback;
    std::string name;
    Arguments rest;
    bool ready = false;
    auto source = std::make_shared<Source>(v);
    return generate(
        [=](Value& out) mutable {
            if (!v.truthy()) return false;
            if (!ready) {
                ready = true;
                if (a.empty() && k.empty())
                    throw Error("map without a filter", "its name, or attribute=…");
                if (a.empty()) {
                    Bound b("map", {"attribute", "default"}, {}, k);
                    path = b[0];
                    fallback = b[1];
                } else {
                    if (!a[0].is_string())
                        throw Error("map got " + a[0].type_name(), "the name of a filter");
                    name = a[0].as_string();
                    rest.assign(a.begin() + 1, a.end());
                }
            }
            Value item;
            if (!source->next(item)) return false;
            out = a.empty() ? get_path(item, path, fallback) : apply_filter(name, item, rest, k);
            return true;
        },
        depth_of(v, a));
}

template <bool kKeep, bool kAttribute>
Value choose(const Value& v, const Arguments& a, const NamedArguments& k) {
    const size_t off = kAttribute ? 1 : 0;
    Arguments rest;
    bool ready = false;
    auto source = std::make_shared<Source>(v);
    return generate(
        [=](Value& out) mutable {
            if (!v.truthy()) return false;
            if (!ready) {
                ready = true;
                if (a.size() < off)
                    throw Error("no attribute for selectattr", "its name as first argument");
                if (a.size() > off && !a[off].is_string())
                    throw Error("select got " + a[off].type_name(), "the name of a test");
                if (a.size() > off) rest.assign(a.begin() + long(off) + 1, a.end());
            }
            Value item;
            while (source->next(item)) {
                Value seen = kAttribute ? get_path(item, a[0]) : item;
                bool passes =
                    a.size() > off ? apply_test(a[off].as_string(), seen, rest, k) : seen.truthy();
                if (passes != kKeep) continue;
                out = item;
                return true;
            }
            return false;
        },
        depth_of(v, a));
}

Value do_unique(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("unique", {"case_sensitive", "attribute"}, a, k);
    const bool sensitive = b.flag(0, false);
    const Value path = b[1];
    return lazily(
        [=] {
            std::vector<std::pair<Value, Value>> seen;
            std::vector<Value> all, out;
            Source items(v);
            for (Value item; items.next(item);) {
                seen.emplace_back(key_of(item, path, sensitive), Value());
                all.push_back(item);
            }
            spend_items(all.size());
            // A dict keeps the first place of each key; walk both in step.
            Value firsts = Value::dict(seen);
            size_t next = 0;
            const auto& keys = firsts.as_dict().items;
            for (size_t i = 0; i < all.size() && next < keys.size(); ++i) {
                if (!Value::equal(seen[i].first, keys[next].first)) continue;
                out.push_back(all[i]);
                ++next;
            }
            return out;
        },
        v.depth());
}

Value do_sort(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("sort", {"reverse", "case_sensitive", "attribute"}, a, k);
    bool sensitive = b.flag(1, false);
    std::vector<std::pair<Value, Value>> keyed;
    std::vector<Value> paths = {b.get(2, Value::none())};
    if (b.has(2) && b[2].is_string()) {
        std::string comma = ",";
        paths.clear();
        for (auto& p : text::split(b[2].as_string(), &comma, -1, false)) paths.emplace_back(p);
    }
    for (const Value& item : v.to_vector()) {
        std::vector<Value> keys;
        for (const Value& path : paths) keys.push_back(key_of(item, path, sensitive));
        keyed.emplace_back(Value::list(std::move(keys)), item);
    }
    sort_by(keyed, b.flag(0, false));
    std::vector<Value> out;
    for (auto& pair : keyed) out.push_back(pair.second);
    return Value::list(std::move(out));
}

Value do_dictsort(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("dictsort", {"case_sensitive", "by", "reverse"}, a, k);
    std::string by = b.text(1, "key");
    if (by != "key" && by != "value") throw Error("dictsort by " + quote(by), "key or value");
    if (!v.is_dict()) {
        if (v.is_undefined()) throw Error(v.undefined_message(), "a dict");
        throw Error("dictsort of " + v.type_name(), "a dict");
    }
    std::vector<std::pair<Value, Value>> keyed;
    for (auto& [key, value] : v.as_dict().items) {
        Value sort_key = by == "key" ? key : value;
        keyed.emplace_back(b.flag(0, false) ? sort_key : fold_case(sort_key),
                           Value::tuple({key, value}));
    }
    spend_items(keyed.size());
    sort_by(keyed, b.flag(2, false));
    std::vector<Value> out;
    for (auto& pair : keyed) out.push_back(pair.second);
    return Value::list(std::move(out));
}

template <bool kMax>
Value extreme(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b(kMax ? "max" : "min", {"case_sensitive", "attribute"}, a, k);
    Source items(v);
    Value best, best_key;
    bool any = false;
    for (Value item; items.next(item); any = true) {
        Value key = key_of(item, b[1], b.flag(0, false));
        if (any && !(kMax ? less(best_key, key) : less(key, best_key))) continue;
        best = item;
        best_key = key;
    }
    return any ? best : Value::undefined("No aggregated item, sequence was empty.");
}

Value do_sum(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("sum", {"attribute", "start"}, a, k);
    Value total = b.get(1, 0);
    if (total.is_string()) throw Error("sum() can't sum strings", "numbers", "use |join");
    Source items(v);
    for (Value item; items.next(item);) total = binary(BinaryOp::add, total, get_path(item, b[0]));
    return total;
}

Value do_batch(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("batch", {"linecount", "fill_with"}, a, k, 1);
    const Value size = b[0], fill = b.get(1, Value::none());
    auto source = std::make_shared<Source>(v);
    bool done = false;
    auto pending = std::make_shared<std::vector<Value>>();
    return generate(
        [=](Value& out) mutable {
            if (done) return false;
            Value item;
            while (source->next(item)) {
                // Whatever equals the count ends a batch: 2.0 does, "2" never.
                if (Value::equal(int64_t(pending->size()), size)) {
                    out = Value::list(std::exchange(*pending, {}));
                    pending->push_back(item);
                    return true;
                }
                if (pending->size() % 64 == 0) spend_items(64);
                pending->push_back(item);
            }
            done = true;
            if (pending->empty()) return false;
            if (!fill.is_none() && Value::compare(int64_t(pending->size()), size) == -1) {
                if (!size.is_integer()) throw Error("batch of " + size.repr(), "an integer");
                spend_items(size_t(size.as_integer()));
                pending->resize(size_t(size.as_integer()), fill);
            }
            out = Value::list(std::exchange(*pending, {}));
            return true;
        },
        depth_of(v, a) + 1);
}

Value do_slice(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("slice", {"slices", "fill_with"}, a, k, 1);
    const Value slices = b[0], fill = b.get(1, Value::none());
    return lazily(
        [=] {
            std::vector<Value> out;
            const auto items = v.to_vector();
            if (!slices.is_integer()) throw Error("slice of " + slices.repr(), "an integer");
            const int64_t count = slices.as_integer();
            if (count == 0) throw Error("integer division or modulo by zero", "at least one slice");
            const int64_t n = int64_t(items.size());
            for (int64_t number = 0, at = 0; number < count; ++number) {
                if (number % 64 == 0) spend_items(64);
                const int64_t take = n / count + (number < n % count ? 1 : 0);
                std::vector<Value> part(items.begin() + at, items.begin() + at + take);
                at += take;
                if (!fill.is_none() && number >= n % count) part.push_back(fill);
                out.push_back(Value::list(std::move(part)));
            }
            return out;
        },
        depth_of(v, a) + 1);
}

Value do_groupby(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("groupby", {"attribute", "default", "case_sensitive"}, a, k, 1);
    bool sensitive = b.flag(2, false);
    std::vector<std::pair<Value, Value>> keyed;
    for (const Value& item : v.to_vector())
        keyed.emplace_back(key_of(item, b[0], sensitive, b[1]), item);
    sort_by(keyed, false);
    std::vector<Value> out;
    for (size_t i = 0; i < keyed.size();) {
        std::vector<Value> members;
        size_t j = i;
        for (; j < keyed.size() && Value::equal(keyed[j].first, keyed[i].first); ++j)
            members.push_back(keyed[j].second);
        Value key = sensitive ? keyed[i].first : get_path(keyed[i].second, b[0], b[1]);
        out.push_back(
            Value::named_tuple({key, Value::list(std::move(members))}, Sequence::Flavor::group));
        i = j == i ? i + 1 : j;
    }
    return Value::list(std::move(out));
}

}  // namespace

const FilterTable& sequence_filters() {
    static const FilterTable table = {{"first", do_first},
                                      {"last", do_last},
                                      {"random", do_random},
                                      {"list", do_list},
                                      {"reverse", do_reverse},
                                      {"join", do_join},
                                      {"items", do_items},
                                      {"map", do_map},
                                      {"select", choose<true, false>},
                                      {"reject", choose<false, false>},
                                      {"selectattr", choose<true, true>},
                                      {"rejectattr", choose<false, true>},
                                      {"unique", do_unique},
                                      {"sort", do_sort},
                                      {"dictsort", do_dictsort},
                                      {"min", extreme<false>},
                                      {"max", extreme<true>},
                                      {"sum", do_sum},
                                      {"batch", do_batch},
                                      {"slice", do_slice},
                                      {"groupby", do_groupby}};
    return table;
}

}  // namespace moonlet::jinja
