// SPDX-License-Identifier: Apache-2.0
#include "shell/signature_help.h"

#include <algorithm>

#include <lua.hpp>

#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kMaxText = 64 << 10, kDocWidth = 40;

std::string parameter_text(const RowField& param) {
    return param.name + (param.optional ? "?" : "") + (param.type.empty() ? "" : ": " + param.type);
}

// f(a, b): the last parameter stands for all that follow where it is `...`.
void add_parameters(SignatureHelp& help, const std::vector<std::string>& texts, std::size_t at) {
    bool more = !texts.empty() && texts.back() == "...";
    if (more && at >= texts.size()) at = texts.size() - 1;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) help.parts.push_back({", "});
        help.parts.push_back({texts[i], i == at});
    }
}

void add_options(SignatureHelp& help, const HelpRow& row, const CallSite& call,
                 const std::string& typed) {
    for (const RowField& option : row.options) {
        if (option.name != call.key) continue;
        help.parts.push_back({option.name, true});
        help.parts.push_back({": " + option.type});
        if (!option.default_value.empty()) help.parts.push_back({" = " + option.default_value});
        help.doc = option.doc;
        return;
    }
    help.parts.push_back({row.name + "{ "});
    std::size_t begin = help.parts.size();
    for (bool starts : {true, false}) {
        for (const RowField& option : row.options) {
            bool fits = option.name.compare(0, typed.size(), typed) == 0;
            if (call.given.count(option.name) || (starts && !fits)) continue;
            std::string text = option.name;
            if (!option.default_value.empty()) text += "=" + option.default_value;
            if (help.parts.size() > begin) help.parts.push_back({", "});
            help.parts.push_back({text, starts && !typed.empty()});
        }
        if (help.parts.size() > begin) break;  // those that start as what was typed, else all
    }
    help.parts.push_back({" }"});
}

struct Job {
    const Names* names;
    const std::string* text;
    SignatureHelp help{};
};

int run(lua_State* L) {
    auto* job = static_cast<Job*>(lua_touserdata(L, 1));
    luaL_checkstack(L, 30, "signature");
    job->help = signature_at(*job->names, *job->text);
    return 0;
}

}  // namespace

SignatureHelp signature_at(const Names& names, const std::string& text) {
    SignatureHelp help;
    auto tokens = lex(text);
    if (!tokens.empty() && tokens.back().kind == TokenKind::comment && !tokens.back().closed)
        return help;
    std::string typed;
    bool word = !tokens.empty() && tokens.back().kind == TokenKind::name &&
                tokens.back().end == text.size();
    if (word) {
        typed = token_text(text, tokens.back());
        tokens.pop_back();
    }
    auto call = call_at(text, tokens);
    if (!call) return help;
    Callee callee = find_callee(names, text, tokens, chain_at(text, tokens, call->callee_end));
    if (callee.row && call->in_table && !callee.row->options.empty()) {
        add_options(help, *callee.row, *call, call->key.empty() ? typed : "");
        return help;
    }
    if (!callee.row && !callee.known) return help;
    std::vector<std::string> texts;
    if (callee.row) {
        for (const RowField& param : callee.row->params) texts.push_back(parameter_text(param));
        const auto& params = callee.row->params;
        if (call->argument < params.size()) help.doc = params[call->argument].doc;
        if (help.doc.empty()) help.doc = callee.row->doc;
    } else {
        texts = callee.parameters;
    }
    help.parts.push_back({(callee.row ? callee.row->name : callee.name) + "("});
    add_parameters(help, texts, call->argument);
    std::string result = callee.row ? callee.row->result : "";
    help.parts.push_back({")" + (result.empty() ? "" : " -> " + result)});
    return help;
}

std::vector<Row> signature_rows(const SignatureHelp& help, std::size_t width, bool color) {
    if (help.empty() || width < 4) return {};
    Row line;
    std::size_t begin = 0, end = 0;  // of what is current, in cells
    for (const auto& part : help.parts) {
        // Where there is little room the names count, not whose they are.
        if (&part == &help.parts[0] && part.text.ends_with("{ ") && width < kDocWidth) {
            line = make_row("{ ", Style::dim, width);
            continue;
        }
        bool current = part.current && end == 0;
        if (current) begin = line.size();
        Style style = part.current ? Style::heading : Style::dim;
        std::string text = part.current && !color ? "‹" + part.text + "›" : part.text;
        Row cells = make_row(text, style, std::string::npos);
        line.insert(line.end(), cells.begin(), cells.end());
        if (current) end = line.size();
    }
    auto columns = [&](std::size_t from, std::size_t to) {
        std::size_t sum = 0;
        for (std::size_t i = from; i < to; ++i) sum += static_cast<std::size_t>(line[i].width);
        return sum;
    };
    // What is left out at either end leaves an ellipsis.
    std::size_t first = 0;
    if (columns(0, line.size()) > width && columns(0, end) + 1 > width) {
        first = begin;
        while (first > 0 && columns(first - 1, end) + 2 <= width) --first;
    }
    Row row;
    std::size_t used = 0;
    const Cell dots{"…", 1, Style::dim};
    if (first > 0) {
        row.push_back(dots);
        used = 1;
    }
    for (std::size_t i = first; i < line.size(); ++i) {
        auto wide = static_cast<std::size_t>(line[i].width);
        bool last = i + 1 == line.size();
        if (used + wide + (last || columns(i, line.size()) + used <= width ? 0 : 1) > width) {
            row.push_back(dots);
            break;
        }
        row.push_back(line[i]);
        used += wide;
    }
    std::vector<Row> rows{std::move(row)};
    if (!help.doc.empty() && width >= kDocWidth) {
        std::string doc = help.doc;
        bool cut = static_cast<std::size_t>(text_width(doc)) > width;
        if (cut) doc = fit_width(doc, static_cast<int>(width) - 2) + " …";
        rows.push_back(make_row(doc, Style::dim, width));
    }
    return rows;
}

std::vector<Row> signature_hint(const Names& names, const std::string& text, std::size_t width,
                                bool color) {
    std::size_t first = text.find_first_not_of(" \t\n");
    bool no_lua = first == std::string::npos || text[first] == ':' || text[first] == '?';
    if (no_lua || text.size() > kMaxText) return {};
    names.rows.all();
    Job job{&names, &text};
    int base = lua_gettop(names.L);
    if (lua_cpcall(names.L, run, &job) != 0) job.help = {};
    lua_settop(names.L, base);
    return signature_rows(job.help, width, color);
}

}  // namespace moonlet
