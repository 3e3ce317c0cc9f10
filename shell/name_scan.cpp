// SPDX-License-Identifier: Apache-2.0
#include "shell/name_scan.h"

#include <algorithm>

namespace moonlet {
namespace {

// One open bracket or block with the locals declared in it.
struct Scope {
    char kind;  // ( { [ or b for a block, r for repeat
    std::vector<std::string_view> names{};
    bool block() const { return kind == 'b' || kind == 'r'; }
};

class Scanner {
  public:
    Scanner(std::string_view text, const std::vector<Token>& tokens) : text_(text) {
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (tokens[i].kind != TokenKind::comment) tokens_.push_back({tokens[i], i});
        }
    }

    NameScan scan() {
        while (at_ < tokens_.size()) step();
        std::erase_if(result_.globals, [this](std::size_t i) { return is_assigned(reads_.at(i)); });
        for (auto& index : result_.globals) index = tokens_[reads_.at(index)].index;
        for (const Scope& scope : scopes_) {
            result_.locals.insert(result_.locals.end(), scope.names.begin(), scope.names.end());
        }
        return std::move(result_);
    }

  private:
    struct Place {
        Token token;
        std::size_t index;
    };
    std::string_view text_;
    std::vector<Place> tokens_;
    std::vector<Scope> scopes_{Scope{'b'}};
    std::vector<std::string_view> loop_names_;  // of a `for`, until its `do`
    std::vector<std::size_t> reads_;            // positions in tokens_
    NameScan result_{};
    std::size_t at_ = 0;

    std::string_view word(std::size_t i) const {
        if (i >= tokens_.size() || tokens_[i].token.kind == TokenKind::string) return {};
        return token_text(text_, tokens_[i].token);
    }
    bool is_name_at(std::size_t i) const {
        return i < tokens_.size() && tokens_[i].token.kind == TokenKind::name;
    }
    bool is_assigned(std::size_t position) const {
        auto& names = result_.assigned;
        return std::find(names.begin(), names.end(), word(position)) != names.end();
    }
    bool visible(std::string_view name) const {
        return std::any_of(scopes_.begin(), scopes_.end(), [&](const Scope& scope) {
            return std::find(scope.names.begin(), scope.names.end(), name) != scope.names.end();
        });
    }
    void declare(std::string_view name) { scopes_.back().names.push_back(name); }

    void step() {
        switch (tokens_[at_].token.kind) {
            case TokenKind::op: op(word(at_)); break;
            case TokenKind::keyword: keyword(word(at_)); break;
            case TokenKind::name: name(); break;
            default: break;
        }
        ++at_;
    }

    void op(std::string_view mark) {
        if (mark == "(" || mark == "{" || mark == "[") scopes_.push_back({mark[0]});
        bool closes = mark == ")" || mark == "}" || mark == "]";
        if (closes && !scopes_.back().block()) scopes_.pop_back();
        if (mark == "::" && word(at_ + 2) == "::") at_ += 2;  // a label
    }

    // Leaves the innermost block; what it declares goes, brackets left open in it too.
    void leave() {
        while (scopes_.size() > 1 && !scopes_.back().block()) scopes_.pop_back();
        if (scopes_.size() > 1) scopes_.pop_back();
    }

    void keyword(std::string_view what) {
        if (what == "local") {
            if (word(at_ + 1) == "function") {
                if (is_name_at(at_ + 2)) declare(word(at_ + 2));
                ++at_;
                return function(true);
            }
            while (is_name_at(at_ + 1)) {
                declare(word(++at_));
                if (word(at_ + 1) != ",") break;
                ++at_;
            }
        } else if (what == "function") {
            function(false);
        } else if (what == "for") {
            loop_names_.clear();
            while (is_name_at(at_ + 1)) {
                loop_names_.push_back(word(++at_));
                if (word(at_ + 1) != ",") break;
                ++at_;
            }
        } else if (what == "do") {
            scopes_.push_back({'b', loop_names_});
            loop_names_.clear();
        } else if (what == "then") {
            scopes_.push_back({'b'});
        } else if (what == "repeat") {
            scopes_.push_back({'r'});
        } else if (what == "else") {
            leave();
            scopes_.push_back({'b'});
        } else if (what == "elseif" || what == "end") {
            leave();
        } else if (what == "until") {
            // Its condition still sees the block's locals: they stay known from here on.
            auto names = scopes_.back().names;
            leave();
            for (auto each : names) declare(each);
        } else if (what == "goto") {
            ++at_;
        }
    }

    void function(bool local) {
        bool method = false;
        if (is_name_at(at_ + 1)) {
            ++at_;
            bool chain = word(at_ + 1) == "." || word(at_ + 1) == ":";
            if (!local && !chain) result_.assigned.push_back(word(at_));
            if (chain) read(at_);
            while (word(at_ + 1) == "." || word(at_ + 1) == ":") {
                method = word(at_ + 1) == ":";
                at_ += is_name_at(at_ + 2) ? 2 : 1;
            }
        }
        scopes_.push_back({'b'});
        if (method) declare("self");
        if (word(at_ + 1) != "(") return;
        ++at_;
        while (is_name_at(at_ + 1) || word(at_ + 1) == "," || word(at_ + 1) == "...") {
            if (is_name_at(++at_)) declare(word(at_));
        }
        if (word(at_ + 1) == ")") ++at_;
    }

    void name() {
        std::string_view before = at_ > 0 ? word(at_ - 1) : std::string_view{};
        if (before == "." || before == ":") return;
        if (scopes_.back().kind == '{' && word(at_ + 1) == "=") return;  // a key
        if (visible(word(at_))) return;
        if (scopes_.back().block()) {
            std::size_t i = at_ + 1;
            while (word(i) == "," || word(i) == ".") {
                if (!is_name_at(i + 1)) break;
                i += 2;
            }
            if (word(i) == "=" && word(at_ + 1) != ".") {
                result_.assigned.push_back(word(at_));
                return;
            }
        }
        read(at_);
    }

    void read(std::size_t position) {
        if (visible(word(position))) return;
        result_.globals.push_back(reads_.size());
        reads_.push_back(position);
    }
};

}  // namespace

NameScan scan_names(std::string_view text, const std::vector<Token>& tokens) {
    return Scanner(text, tokens).scan();
}

}  // namespace moonlet
