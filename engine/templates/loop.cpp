// SPDX-License-Identifier: Apache-2.0
#include "templates/loop.h"

#include "core/error.h"
#include "templates/format.h"

namespace moonlet::jinja {

LoopState::LoopState(Interpreter& interpreter, const Loop& loop, FramePtr outer,
                     std::unique_ptr<Iterator> items, int64_t known_length, int depth)
    : interpreter_(&interpreter),
      alive_(interpreter.alive_),
      loop_(&loop),
      outer_(std::move(outer)),
      items_(std::move(items)),
      length_(known_length),
      depth0_(depth) {}

bool LoopState::advance(Value& item) {
    if (index0_ >= 0) {
        previous_ = current_;
        has_previous_ = true;
    }
    if (ahead_) {
        current_ = *ahead_;
        ahead_.reset();
    } else if (!items_ || !items_->next(current_)) {
        return false;
    }
    ++index0_;
    item = current_;
    return true;
}

void LoopState::finish() {
    if (length_ < 0) length_ = index0_ + 1;
    items_.reset();
    outer_.reset();
    ahead_.reset();
    previous_ = current_ = Value();
    has_previous_ = false;
    last_changed_.reset();
}

bool LoopState::peek() {
    if (ahead_) return true;
    Value next;
    if (!items_ || !items_->next(next)) return false;
    ahead_ = next;
    return true;
}

namespace {

class Rest : public Iterator {
  public:
    explicit Rest(std::vector<Value> items) : items_(std::move(items)) {}
    bool next(Value& out) override {
        if (at_ >= items_.size()) return false;
        out = items_[at_++];
        return true;
    }

  private:
    std::vector<Value> items_;
    size_t at_ = 0;
};

}  // namespace

// A source of unknown length is read to its end; what is left then comes from memory.
int64_t LoopState::count() {
    if (length_ >= 0) return length_;
    std::vector<Value> rest;
    for (Value item; items_ && items_->next(item);) {
        if (rest.size() % 64 == 0) spend_items(64);
        rest.push_back(item);
    }
    length_ = index0_ + 1 + (ahead_ ? 1 : 0) + int64_t(rest.size());
    items_ = std::make_unique<Rest>(std::move(rest));
    return length_;
}

int64_t LoopState::length() const { return const_cast<LoopState*>(this)->count(); }

std::string LoopState::repr() const {
    return "<LoopContext " + std::to_string(index0_ + 1) + "/" + std::to_string(length()) + ">";
}

Value LoopState::attribute(const std::string& name) const {
    return const_cast<LoopState*>(this)->read(name);
}

Value LoopState::read(const std::string& name) {
    if (name == "index") return index0_ + 1;
    if (name == "index0") return index0_;
    if (name == "first") return index0_ == 0;
    if (name == "last") return !peek();
    if (name == "length") return count();
    if (name == "revindex") return count() - index0_;
    if (name == "revindex0") return count() - index0_ - 1;
    if (name == "depth") return depth0_ + 1;
    if (name == "depth0") return depth0_;
    if (name == "previtem")
        return has_previous_ ? previous_ : Value::undefined("there is no previous item");
    if (name == "nextitem") return peek() ? *ahead_ : Value::undefined("there is no next item");
    auto self = shared_from_this();
    if (name == "cycle")
        return Value::function(name, [self](const Arguments& args, const NamedArguments&) {
            return self->cycle(args);
        });
    if (name == "changed")
        return Value::function(name, [self](const Arguments& args, const NamedArguments&) {
            return self->changed(args);
        });
    return Value();
}

Value LoopState::cycle(const Arguments& args) const {
    if (args.empty()) throw Error("no items for cycling given", "loop.cycle(a, b, …)");
    return args[size_t(index0_ < 0 ? 0 : index0_) % args.size()];
}

Value LoopState::changed(const Arguments& args) {
    bool same = last_changed_ && last_changed_->size() == args.size();
    for (size_t i = 0; same && i < args.size(); ++i)
        same = Value::equal((*last_changed_)[i], args[i]);
    if (!same) last_changed_ = args;
    return !same;
}

Value LoopState::call(const Arguments& args, const NamedArguments& kwargs) {
    check_alive(alive_);
    if (!loop_->recursive)
        throw Error("loop() in a loop that is not recursive", "{% for … recursive %}");
    if (args.size() != 1 || !kwargs.empty()) throw Error("loop() with other arguments", "one list");
    if (!outer_) throw Error("loop() after its loop ended", "a call inside it");
    return interpreter_->text_value(
        interpreter_->capture_loop(*loop_, args[0], outer_, depth0_ + 1));
}

}  // namespace moonlet::jinja
