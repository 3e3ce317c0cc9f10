// SPDX-License-Identifier: Apache-2.0
// The variable `loop` inside {% for %}: counters, neighbours, cycle, changed, and the call that
// goes one level down in a recursive loop. Items are taken from the source one at a time, with one
// of look-ahead only when `last`, `nextitem` or a length is asked for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "templates/interpreter.h"

namespace moonlet::jinja {

class LoopState : public Object, public std::enable_shared_from_this<LoopState> {
  public:
    LoopState(Interpreter& interpreter, const Loop& loop, FramePtr outer,
              std::unique_ptr<Iterator> items, int64_t known_length, int depth);

    bool advance(Value& item);  // the next round's item; false at the end
    void finish();              // lets go of everything but the counters

    std::string type_name() const override { return "LoopContext"; }
    std::string repr() const override;
    int64_t length() const override;
    bool is_callable() const override { return true; }
    bool is_iterable() const override { return false; }
    Value attribute(const std::string& name) const override;
    Value call(const Arguments& args, const NamedArguments& kwargs) override;

  private:
    bool peek();
    int64_t count();
    Value read(const std::string& name);
    Value cycle(const Arguments& args) const;
    Value changed(const Arguments& args);

    Interpreter* interpreter_;
    std::shared_ptr<bool> alive_;
    const Loop* loop_;
    FramePtr outer_;
    std::unique_ptr<Iterator> items_;
    int64_t length_, index0_ = -1;
    int depth0_;
    std::optional<Value> ahead_;
    Value previous_, current_;
    bool has_previous_ = false;
    std::optional<Arguments> last_changed_;
};

class LoopFinisher {
  public:
    explicit LoopFinisher(LoopState& state) : state_(state) {}
    ~LoopFinisher() { state_.finish(); }
    LoopFinisher(const LoopFinisher&) = delete;
    LoopFinisher& operator=(const LoopFinisher&) = delete;

  private:
    LoopState& state_;
};

}  // namespace moonlet::jinja
