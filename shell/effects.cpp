// SPDX-License-Identifier: Apache-2.0
#include "shell/effects.h"

#include <algorithm>
#include <map>

#include "shell/lexer.h"

namespace moonlet {
namespace {

using Names = std::set<std::string>;

const Names kDynamic = {"_G",      "load",    "loadstring", "dofile", "loadfile", "setfenv",
                        "getfenv", "require", "import",     "debug",  "package",  "moonlet"};

// What an expression starts from, when it is a name with fields behind it.
struct Place {
    std::string root;    // free name, "" = none
    std::string name;    // the chain as written, "" = no plain chain
    bool local = false;  // starts at a local that may be anybody's
    bool plain = false;  // the name alone
    bool call = false;
};

// Recursive descent over the tokens of code that compiles; what does not fit is passed over.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {
        for (const Token& token : lex(text)) {
            if (token.kind != TokenKind::comment) tokens_.push_back(token);
        }
        scopes_.emplace_back();
    }

    Effects run(bool expression) {
        top_ = true;
        if (expression) expressions();
        else block();
        while (at_ < tokens_.size()) {  // misfits: every name in them is read
            if (is_a(TokenKind::name)) read(std::string(word()));
            ++at_;
        }
        return std::move(effects_);
    }

  private:
    enum class Kind { fresh, other };  // of a local: a table made here, or anything
    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    bool top_ = false;  // the statement is at the top level and surely runs
    int depth_ = 0, bodies_ = 0;
    std::vector<std::map<std::string, Kind>> scopes_;  // the first one stays empty
    std::vector<Names*> collectors_;
    std::vector<bool*> local_collectors_;
    Effects effects_;

    std::string_view word() const {
        return at_ < tokens_.size() && depth_ < 180 ? token_text(text_, tokens_[at_])
                                                    : std::string_view();
    }
    std::string_view word_behind() const {
        return at_ + 1 < tokens_.size() ? token_text(text_, tokens_[at_ + 1]) : std::string_view();
    }
    bool is_a(TokenKind kind) const { return at_ < tokens_.size() && tokens_[at_].kind == kind; }
    bool is(std::string_view wanted) const { return !is_a(TokenKind::string) && word() == wanted; }
    bool accept(std::string_view wanted) {
        if (!is(wanted)) return false;
        ++at_;
        return true;
    }
    std::string take() {
        std::string name(word());
        if (at_ < tokens_.size()) ++at_;
        return name;
    }
    const Kind* local(const std::string& name) const {
        for (std::size_t i = scopes_.size(); i-- > 0;) {
            auto found = scopes_[i].find(name);
            if (found != scopes_[i].end()) return &found->second;
        }
        return nullptr;
    }
    void read(const std::string& name) {
        if (const Kind* kind = local(name)) {
            if (*kind == Kind::other)
                for (bool* flag : local_collectors_) *flag = true;
            return;
        }
        effects_.reads.insert(name);
        if (kDynamic.count(name)) effects_.dynamic = true;
        for (Names* names : collectors_) names->insert(name);
    }
    void declare(const std::string& name, Kind kind) {
        if (scopes_.size() == 1) {  // top level: outlives the entry
            effects_.writes.insert(name);
            if (top_) effects_.sets.insert(name);
        } else {
            scopes_.back()[name] = kind;
        }
    }
    void write(const std::string& name) {
        if (local(name)) {
            for (std::size_t i = scopes_.size(); i-- > 0;) {
                auto found = scopes_[i].find(name);
                if (found == scopes_[i].end()) continue;
                found->second = Kind::other;
                return;
            }
        }
        effects_.writes.insert(name);
        if (bodies_ > 0) effects_.inner_writes.insert(name);
        if (top_ && scopes_.size() == 1) effects_.sets.insert(name);
    }
    void store(const Place& place) {
        if (!place.root.empty()) effects_.stores.insert(place.root);
        else if (place.local || place.name.empty()) effects_.stores_local = true;
    }

    struct Inner {  // a block that may not run, with its own locals
        Scanner& scanner;
        bool top;
        explicit Inner(Scanner& s) : scanner(s), top(s.top_) {
            s.top_ = false;
            s.scopes_.emplace_back();
            ++s.depth_;
        }
        ~Inner() {
            scanner.top_ = top;
            scanner.scopes_.pop_back();
            --scanner.depth_;
        }
    };

    bool block_ends() const {
        return at_ >= tokens_.size() || word().empty() || is("end") || is("else") || is("elseif") ||
               is("until");
    }

    void block() {
        while (!block_ends()) {
            std::size_t before = at_;
            if (accept("return")) {
                if (!block_ends() && !is(";")) expressions();
                accept(";");
            } else {
                statement();
            }
            if (at_ == before) ++at_;
        }
    }

    void inner_block() {
        Inner inner(*this);
        block();
    }

    void body(bool method) {
        Inner inner(*this);
        effects_.functions = true;
        ++bodies_;
        if (method) scopes_.back()["self"] = Kind::other;
        accept("(");
        while (at_ < tokens_.size() && !accept(")")) {
            std::string name = take();
            if (name != "," && name != "...") scopes_.back()[name] = Kind::other;
        }
        block();
        accept("end");
        --bodies_;
    }

    void local_statement() {
        if (accept("function")) {
            std::string name = take();
            declare(name, Kind::other);
            return body(false);
        }
        std::vector<std::string> names;
        do {
            names.push_back(take());
        } while (accept(","));
        bool fresh = false;
        if (accept("=")) {
            fresh = names.size() == 1 && is("{");
            expressions();
            fresh = fresh && tokens_[at_ - 1].kind == TokenKind::op &&
                    token_text(text_, tokens_[at_ - 1]) == "}";
        }
        for (const auto& name : names) declare(name, fresh ? Kind::fresh : Kind::other);
    }

    void for_statement() {
        std::vector<std::string> names = {take()};
        while (accept(",")) names.push_back(take());
        if (!accept("=")) accept("in");
        expressions();
        accept("do");
        Inner inner(*this);
        for (const auto& name : names) scopes_.back()[name] = Kind::other;
        block();
        accept("end");
    }

    void function_statement() {
        std::string root = take();
        bool field = false, method = false;
        while (is(".") || is(":")) {
            method = is(":");
            field = true;
            ++at_;
            take();
        }
        if (field) {
            read(root);
            Place place;
            if (const Kind* kind = local(root)) place.local = *kind == Kind::other;
            else place.root = root;
            place.name = root;
            store(place);
        } else {
            write(root);
        }
        body(method);
    }

    void statement() {
        if (accept(";") || accept("break")) return;
        if (accept("local")) return local_statement();
        if (accept("for")) return for_statement();
        if (accept("function")) return function_statement();
        if (accept("if")) {
            expression();
            accept("then");
            inner_block();
            while (accept("elseif")) {
                expression();
                accept("then");
                inner_block();
            }
            if (accept("else")) inner_block();
            accept("end");
        } else if (accept("while")) {
            expression();
            accept("do");
            inner_block();
            accept("end");
        } else if (accept("do")) {
            inner_block();
            accept("end");
        } else if (accept("repeat")) {
            Inner inner(*this);
            block();
            accept("until");
            expression();
        } else if (accept("::")) {
            take();
            accept("::");
        } else if (is("goto") && at_ + 1 < tokens_.size() &&
                   tokens_[at_ + 1].kind == TokenKind::name) {
            at_ += 2;
        } else {
            assignment_or_call();
        }
    }

    void assignment_or_call() {
        std::vector<Place> targets;
        do {
            targets.push_back(suffixed(true));
        } while (accept(","));
        bool assigned = accept("=");
        if (assigned) expressions();
        for (const Place& target : targets) {
            if (!assigned) {
                if (target.plain) read(target.name);
            } else if (target.plain) {
                write(target.name);
            } else if (!target.call) {
                store(target);
            }
        }
    }

    // target: a name alone is not read, the statement will say what becomes of it.
    Place suffixed(bool target) {
        Place place;
        if (accept("(")) {
            expression();
            accept(")");
            place.local = true;
        } else {
            std::string name = take();
            place.name = name;
            bool more =
                is(".") || is(":") || is("[") || is("(") || is("{") || is_a(TokenKind::string);
            place.plain = !more;
            if (more || !target) read(name);
            const Kind* kind = local(name);
            if (!kind) place.root = name;
            else place.local = *kind == Kind::other;
        }
        while (at_ < tokens_.size()) {
            if (accept(".")) {
                std::string field = take();
                if (!place.name.empty()) place.name += "." + field;
                place.call = false;
            } else if (is("[")) {
                ++at_;
                expression();
                accept("]");
                place.name.clear();
                place.call = false;
            } else if (accept(":")) {
                std::string method = take();
                if (!place.name.empty()) place.name += ":" + method;
                call(place);
            } else if (is("(") || is("{") || is_a(TokenKind::string)) {
                call(place);
            } else {
                break;
            }
        }
        return place;
    }

    void call(Place& place) {
        CallSite site;
        site.root = place.root;
        site.name = place.name;
        site.on_local = place.local;
        collectors_.push_back(&site.given);
        local_collectors_.push_back(&site.on_local);
        if (is_a(TokenKind::string)) {
            ++at_;
        } else if (is("{")) {
            table();
        } else if (accept("(")) {
            if (!is(")")) expressions();
            accept(")");
        }
        collectors_.pop_back();
        local_collectors_.pop_back();
        effects_.calls.push_back(std::move(site));
        place.name.clear();  // what comes behind is called on a result
        place.call = true;
    }

    void table() {
        accept("{");
        while (at_ < tokens_.size() && !is("}")) {
            if (accept("[")) {
                expression();
                accept("]");
                accept("=");
            } else if (is_a(TokenKind::name) && word_behind() == "=") {
                at_ += 2;
            }
            expression();
            if (!accept(",") && !accept(";")) break;
        }
        accept("}");
    }

    void expressions() {
        do {
            expression();
        } while (accept(","));
    }

    void expression() {
        ++depth_;
        do {
            while (accept("not") || accept("-") || accept("#")) {
            }
            operand();
        } while (binary());
        --depth_;
    }

    bool binary() {
        for (std::string_view op :
             {"+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or"}) {
            if (accept(op)) return true;
        }
        return false;
    }

    void operand() {
        if (is_a(TokenKind::number) || is_a(TokenKind::string)) {
            ++at_;
            // ("text"):upper() starts with a bracket, so a literal alone has nothing behind it.
        } else if (accept("nil") || accept("true") || accept("false") || accept("...")) {
        } else if (is("{")) {
            table();
        } else if (accept("function")) {
            body(false);
        } else if (is_a(TokenKind::name) || is("(") || is("goto")) {
            suffixed(false);
        } else {
            // Nothing that can be: the caller passes over it.
        }
    }
};

}  // namespace

Effects effects_of(std::string_view code, bool expression) { return Scanner(code).run(expression); }

}  // namespace moonlet
