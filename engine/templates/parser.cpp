// SPDX-License-Identifier: Apache-2.0
#include "templates/parser.h"

#include <algorithm>

#include "core/error.h"
#include "templates/limits.h"
#include "templates/parser_expressions.h"

namespace moonlet::jinja {

namespace {

constexpr int kMaxBlocks = 100;  // statements inside statements

class Parser : public ExpressionParser {
  public:
    explicit Parser(const std::string& source) : ExpressionParser(tokenize(source)) {}

    std::unique_ptr<TemplateBody> run() {
        auto body = std::make_unique<TemplateBody>();
        body_ = body.get();
        body->body.statements = statements({});
        return body;
    }

  private:
    using Ends = std::initializer_list<const char*>;
    using Statements = std::vector<StmtPtr>;

    // Up to the tag that names one of `ends`, whose name is the current token then.
    Statements statements(Ends ends) {
        Statements out;
        while (true) {
            Position at = place();
            switch (current().kind) {
                case TokenKind::end:
                    if (ends.size()) fail(listed(ends));
                    return out;
                case TokenKind::data: out.push_back(std::make_unique<Text>(at, take().text)); break;
                case TokenKind::variable_begin: {
                    take();
                    out.push_back(std::make_unique<Output>(at, parse_tuple()));
                    if (current().kind != TokenKind::variable_end) fail("'}}'");
                    take();
                    break;
                }
                default: {
                    take();
                    for (const char* name : ends)
                        if (is_name(name)) return out;
                    StmtPtr node = statement(ends);
                    if (node) out.push_back(std::move(node));
                    expect_block_end();
                }
            }
        }
    }

    static std::string listed(Ends ends) {
        std::string out;
        for (const char* name : ends)
            out += (out.empty() ? "{% " : " or {% ") + std::string(name) + " %}";
        return out;
    }

    // `… %} statements {% endname`, the end's name taken.
    Statements body_until(const char* end) {
        skip_op(":");
        expect_block_end();
        Statements out = statements({end});
        take();
        return out;
    }

    StmtPtr statement(Ends ends) {
        DepthGuard guard(blocks_, kMaxBlocks, "blocks");
        Position at = place();
        std::string tag = expect_name("the name of a tag");
        if (tag == "for") return loop(at);
        if (tag == "if") return branch(at);
        if (tag == "set") return set(at);
        if (tag == "macro") return macro(at);
        if (tag == "call") return call_block(at);
        if (tag == "filter") return filter_block(at);
        if (tag == "with") return with(at);
        if (tag == "block") return block(at);
        if (tag == "generation") {
            auto node = std::make_unique<BlockStmt>(StmtKind::generation, at);
            node->body.statements = function_body("endgeneration");
            return node;
        }
        if (tag == "autoescape") {
            auto node = std::make_unique<Autoescape>(at);
            node->enabled = parse_expression();
            node->body.statements = body_until("endautoescape");
            return node;
        }
        if (tag == "break" || tag == "continue") {
            if (!loops_) fail_at(at, "'" + tag + "' outside of a loop; wanted it inside {% for %}");
            return std::make_unique<Flow>(at, tag == "break");
        }
        if (tag == "print") return print(at);
        if (tag == "extends" || tag == "include" || tag == "import" || tag == "from")
            return other_template(at, tag);
        static const std::vector<std::string> kTags = {
            "for",   "if",         "set",        "macro", "call",     "filter", "with",
            "block", "generation", "autoescape", "break", "continue", "print",  "raw"};
        std::string near = nearest_name(tag, kTags);
        std::string message = "unknown tag " + quote(tag);
        message += ends.size() ? "; wanted " + listed(ends) : "; wanted a tag of Jinja2";
        if (!near.empty()) message += "; did you mean '" + near + "'?";
        fail_at(at, message);
    }

    // {% print a, b %}: one output after the other.
    StmtPtr print(Position at) {
        auto node = std::make_unique<Concat>(at);
        while (current().kind != TokenKind::block_end) {
            if (!node->parts.empty()) expect_op(",");
            node->parts.push_back(parse_expression());
        }
        if (node->parts.empty()) return std::make_unique<Text>(at, "");
        return std::make_unique<Output>(at, finish(std::move(node)));
    }

    // Statements that need a loader, which chat templates have not: an error once they are reached.
    StmtPtr other_template(Position at, const std::string& tag) {
        auto node = std::make_unique<OtherTemplate>(at, tag);
        node->name = parse_expression();
        if (tag == "include" && is_name("ignore")) {
            take();
            if (!skip_name("missing")) fail("'missing'");
        }
        if (tag == "import") {
            if (!skip_name("as")) fail("'as'");
            node->targets.push_back(expect_name("a name"));
        }
        if (tag == "from") {
            if (!skip_name("import")) fail("'import'");
            do {
                if (is_context()) break;
                Position where = place();
                std::string name = expect_name("a name");
                if (name[0] == '_')
                    fail_at(where, "names starting with an underline; wanted others");
                if (skip_name("as")) name = expect_name("a name");
                node->targets.push_back(std::move(name));
            } while (skip_op(","));
            if (node->targets.empty()) fail("a name");
        }
        if (tag != "extends" && is_context()) {
            take();
            take();
        }
        return node;
    }

    bool is_context() const {
        return (is_name("with") || is_name("without")) && look().kind == TokenKind::name &&
               look().text == "context";
    }

    StmtPtr loop(Position at) {
        auto node = std::make_unique<Loop>(at);
        node->target = parse_target(false, {"in"});
        if (!skip_name("in")) fail("'in'");
        node->iterable = parse_tuple(false, {"recursive"});
        if (skip_name("if")) node->condition = parse_expression();
        node->recursive = skip_name("recursive");
        skip_op(":");
        expect_block_end();
        ++loops_;
        node->body.statements = statements({"endfor", "else"});
        --loops_;
        if (take().text == "else") node->otherwise.statements = body_until("endfor");
        return node;
    }

    StmtPtr branch(Position at) {
        auto node = std::make_unique<Branch>(at);
        while (true) {
            ExprPtr test = parse_tuple(false);
            skip_op(":");
            expect_block_end();
            node->arms.emplace_back(std::move(test), statements({"elif", "else", "endif"}));
            std::string next = take().text;
            if (next == "elif") continue;
            if (next == "else") node->arms.emplace_back(nullptr, body_until("endif"));
            return node;
        }
    }

    StmtPtr set(Position at) {
        ExprPtr target = parse_target(true);
        if (skip_op("=")) {
            auto node = std::make_unique<Set>(at);
            node->target = std::move(target);
            node->value = parse_tuple();
            return node;
        }
        auto node = std::make_unique<SetBlock>(at);
        node->target = std::move(target);
        if (is_op("|")) node->filter = parse_filter(nullptr, false);
        if (current().kind != TokenKind::block_end && !is_op(":")) fail("'=' or '%}'");
        node->body.statements = function_body("endset");
        return node;
    }

    Signature signature() {
        Signature out;
        expect_op("(");
        while (!is_op(")")) {
            if (!out.names.empty()) expect_op(",");
            Position at = place();
            out.names.push_back(expect_name("a parameter"));
            auto last = out.names.end() - 1;
            if (std::find(out.names.begin(), last, *last) != last)
                fail_at(at, "parameter '" + *last + "' twice; wanted different names");
            if (skip_op("=")) out.defaults.push_back(parse_expression());
            else if (!out.defaults.empty())
                fail_at(at, "a parameter without default behind one with; wanted '='");
        }
        expect_op(")");
        return out;
    }

    // Bodies whose text is captured first: break and continue do not reach out of them.
    Statements function_body(const char* end) {
        int loops = std::exchange(loops_, 0);
        Statements out = body_until(end);
        loops_ = loops;
        return out;
    }

    StmtPtr macro(Position at) {
        auto node = std::make_unique<MacroStmt>(at);
        node->name = expect_name("the macro's name");
        node->signature = signature();
        node->body.statements = function_body("endmacro");
        return node;
    }

    StmtPtr call_block(Position at) {
        auto node = std::make_unique<CallBlock>(at);
        if (is_op("(")) node->signature = signature();
        Position where = place();
        node->call = parse_expression();
        if (node->call->kind != ExprKind::call) fail_at(where, "wanted a call, such as name()");
        node->body.statements = function_body("endcall");
        return node;
    }

    StmtPtr filter_block(Position at) {
        auto node = std::make_unique<FilterBlock>(at);
        node->filter = parse_filter(nullptr, true);
        node->body.statements = function_body("endfilter");
        return node;
    }

    StmtPtr with(Position at) {
        auto node = std::make_unique<With>(at);
        while (current().kind != TokenKind::block_end) {
            if (!node->bindings.empty()) expect_op(",");
            ExprPtr target = parse_target();
            expect_op("=");
            node->bindings.emplace_back(std::move(target), parse_expression());
        }
        node->body.statements = body_until("endwith");
        return node;
    }

    StmtPtr block(Position at) {
        auto node = std::make_unique<BlockStmt>(StmtKind::block, at);
        node->name = expect_name("the block's name");
        node->scoped = skip_name("scoped");
        node->required = skip_name("required");
        for (const BlockStmt* other : body_->blocks)
            if (other->name == node->name)
                fail_at(at, "block '" + node->name + "' defined twice; wanted different names");
        body_->blocks.push_back(node.get());
        node->body.statements = function_body("endblock");
        skip_name(node->name.c_str());
        return node;
    }

    TemplateBody* body_ = nullptr;
    int blocks_ = 0, loops_ = 0;
};

}  // namespace

std::unique_ptr<TemplateBody> parse_template(const std::string& source) {
    auto body = Parser(source).run();
    resolve_scopes(*body);
    return body;
}

}  // namespace moonlet::jinja
