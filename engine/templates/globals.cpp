// SPDX-License-Identifier: Apache-2.0
// The global functions of the environment: Jinja2's range, dict, cycler and joiner;
// transformers' raise_exception and strftime_now.
#include <chrono>
#include <cstring>
#include <ctime>

#include "core/error.h"
#include "core/random.h"
#include "templates/arguments.h"
#include "templates/builtins.h"
#include "templates/limits.h"
#include "templates/ops.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

Value make_range(const Arguments& a, const NamedArguments& k) {
    Bound b("range", {"start", "stop", "step"}, a, k, 1);
    int64_t start = b.integer(0, 0), stop = b.integer(1, 0), step = b.integer(2, 1);
    if (!b.has(1)) stop = start, start = 0;
    if (step == 0) throw Error("range() arg 3 must not be zero", "another step");
    __int128 span = step > 0 ? __int128(stop) - start : __int128(start) - stop;
    __int128 size = step > 0 ? __int128(step) : -__int128(step);
    __int128 count = span <= 0 ? 0 : (span + size - 1) / size;
    if (count > kMaxRange)
        throw Error("Range too big", "at most " + std::to_string(kMaxRange) + " items");
    spend_items(size_t(count));
    std::vector<Value> items;
    items.reserve(size_t(count));
    for (int64_t i = 0; i < int64_t(count); ++i) items.emplace_back(start + i * step);
    std::string text = "range(" + std::to_string(start) + ", " + std::to_string(stop);
    if (step != 1) text += ", " + std::to_string(step);
    return Sequence::make(std::move(items), Sequence::Flavor::range, text + ")");
}

Value make_dict(const Arguments& a, const NamedArguments& k) {
    if (a.size() > 1) throw Error("dict expected at most 1 argument", "a dict or pairs");
    std::vector<std::pair<Value, Value>> items;
    if (!a.empty() && a[0].is_dict()) {
        items = a[0].as_dict().items;
    } else if (!a.empty()) {
        for (const Value& pair : a[0].to_vector()) {
            auto both = pair.to_vector();
            if (both.size() != 2) throw Error("dict of " + pair.repr(), "pairs of key and value");
            items.emplace_back(both[0], both[1]);
        }
    }
    for (auto& [name, value] : k) items.emplace_back(name, value);
    spend_items(items.size());
    return Value::dict(std::move(items));
}

// `dict`: callable, with fromkeys.
class DictType : public Object {
  public:
    std::string type_name() const override { return "TemplateDict"; }
    bool is_callable() const override { return true; }
    Value call(const Arguments& a, const NamedArguments& k) override { return make_dict(a, k); }
    Value attribute(const std::string& name) const override {
        return name == "fromkeys" ? bound_method(Value::dict(), name) : Value();
    }
};

// lipsum(n, html, min, max): n paragraphs of random words, as a placeholder.
Value make_lipsum(const Arguments& a, const NamedArguments& k) {
    Bound b("lipsum", {"n", "html", "min", "max"}, a, k);
    static const char* kWords[] = {"luna",   "mare",   "aqua",   "terra",  "lux",    "nox",
                                   "stella", "ventus", "ignis",  "silva",  "mons",   "via",
                                   "urbs",   "flumen", "caelum", "avis",   "arbor",  "flos",
                                   "nix",    "umbra",  "vita",   "tempus", "verbum", "liber",
                                   "vox",    "manus",  "oculus", "cor",    "mens",   "pax"};
    const int64_t count = b.integer(0, 5), low = b.integer(2, 20), high = b.integer(3, 100);
    const bool html = b.flag(1, true);
    if (high <= low)
        throw Error("lipsum of " + std::to_string(low) + " to " + std::to_string(high) + " words",
                    "max above min");
    Random random(draw_seed());
    std::string out;
    for (int64_t i = 0; i < count; ++i) {
        std::string paragraph;
        const int64_t words = low + int64_t(random.below(uint64_t(high - low)));
        for (int64_t w = 0; w < words; ++w) {
            std::string word = kWords[random.below(std::size(kWords))];
            spend_text(word.size());
            if (w == 0) word = text::capitalize(word);
            paragraph += (w ? " " : "") + word;
        }
        paragraph += ".";
        if (i) out += html ? "\n" : "\n\n";
        out += html ? "<p>" + paragraph + "</p>" : paragraph;
    }
    return html ? Value::markup(std::move(out)) : Value(std::move(out));
}

// cycler(a, b, …): next() goes round, current is the one to come.
class Cycler : public Object, public std::enable_shared_from_this<Cycler> {
  public:
    explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {
        for (auto& v : items_) depth_ = std::max(depth_, v.depth());
    }
    std::string type_name() const override { return "Cycler"; }
    int depth() const override { return depth_ + 1; }
    Value attribute(const std::string& name) const override {
        if (name == "current") return items_[at_];
        auto self = std::const_pointer_cast<Cycler>(shared_from_this());
        if (name == "next")
            return Value::function(
                name,
                [self](const Arguments&, const NamedArguments&) {
                    Value v = self->items_[self->at_];
                    self->at_ = (self->at_ + 1) % self->items_.size();
                    return v;
                },
                depth());
        if (name == "reset")
            return Value::function(
                name,
                [self](const Arguments&, const NamedArguments&) {
                    self->at_ = 0;
                    return Value::none();
                },
                depth());
        return Value();
    }

  private:
    std::vector<Value> items_;
    size_t at_ = 0;
    int depth_ = 0;
};

// joiner(sep): "" the first time it is called, sep afterwards.
class Joiner : public Object {
  public:
    explicit Joiner(Value separator) : separator_(std::move(separator)) {}
    std::string type_name() const override { return "Joiner"; }
    int depth() const override { return separator_.depth() + 1; }
    bool is_callable() const override { return true; }
    Value call(const Arguments&, const NamedArguments&) override {
        if (used_) return separator_;
        used_ = true;
        return "";
    }

  private:
    Value separator_;
    bool used_ = false;
};

Value object(std::shared_ptr<Object> made) {
    if (made->depth() > kMaxValueDepth) throw Error("a value nested too deep", "flatter data");
    return made;
}

Value make_cycler(const Arguments& a, const NamedArguments&) {
    if (a.empty()) throw Error("at least one item has to be provided", "cycler(a, b, …)");
    return object(std::make_shared<Cycler>(a));
}

Value make_joiner(const Arguments& a, const NamedArguments& k) {
    return object(std::make_shared<Joiner>(Bound("joiner", {"sep"}, a, k).get(0, ", ")));
}

Value raise_exception(const Arguments& a, const NamedArguments& k) {
    Bound b("raise_exception", {"message"}, a, k, 1);
    throw Error("the template says: " + b[0].str());
}

// datetime.now().strftime(format), local time; %f are microseconds, %z and %Z of it are empty.
Value strftime_now(const Arguments& a, const NamedArguments& k) {
    Bound b("strftime_now", {"format"}, a, k, 1);
    std::string given = b.text(0), format;
    if (given.size() > 4096) throw Error("a date format of more than 4096 bytes", "a shorter one");
    auto now = std::chrono::system_clock::now();
    std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
    for (size_t i = 0; i < given.size(); ++i) {
        if (given[i] != '%' || i + 1 >= given.size()) {
            format += given[i] == '%' ? "%%" : std::string(1, given[i]);
            continue;
        }
        char c = given[++i], buffer[8];
        std::snprintf(buffer, sizeof buffer, "%06d", int(micros.count() % 1'000'000));
        if (c == 'f') format += buffer;
        else if (c != 'z' && c != 'Z') format += {'%', c};
    }
    std::tm local{};
    localtime_r(&seconds, &local);
    std::string out(256 + 64 * format.size(), '\0');
    // A mark behind the format tells an empty result from one that did not fit.
    size_t n = std::strftime(out.data(), out.size(), (format + "|").c_str(), &local);
    out.resize(n ? n - 1 : 0);
    return out;
}

}  // namespace

const Value* find_global(const std::string& name) {
    static const std::map<std::string, Value> table = {
        {"range", Value::function("range", make_range)},
        {"dict", std::shared_ptr<Object>(std::make_shared<DictType>())},
        {"lipsum", Value::function("lipsum", make_lipsum)},
        {"cycler", Value::function("cycler", make_cycler)},
        {"joiner", Value::function("joiner", make_joiner)},
        {"raise_exception", Value::function("raise_exception", raise_exception)},
        {"strftime_now", Value::function("strftime_now", strftime_now)}};
    auto it = table.find(name);
    return it == table.end() ? nullptr : &it->second;
}

}  // namespace moonlet::jinja
