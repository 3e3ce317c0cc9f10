// SPDX-License-Identifier: Apache-2.0
// The filter urlize: links for the words that look like an address of the web or of mail, as the
// documentation of Jinja2's urlize tells them. Text that is no markup is escaped first.
#include <algorithm>
#include <cctype>
#include <set>

#include "core/error.h"
#include "templates/arguments.h"
#include "templates/limits.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

bool begins(const std::string& s, const char* with) { return s.rfind(with, 0) == 0; }
bool is_word(char32_t c) { return c == '_' || text::is_alpha(c) || text::is_numeric(c); }

// A part of a host name, between dots.
bool is_label(const std::string& s, size_t least, size_t most) {
    const auto points = text::decode(s);
    return points.size() >= least && points.size() <= most &&
           std::all_of(points.begin(), points.end(),
                       [](char32_t c) { return is_word(c) || c == '%' || c == '-'; });
}

bool is_top_level(const std::string& s) {
    if (begins(s, "xn--"))
        return is_label(s.substr(4), 2, 59) && s.find('-', 4) == std::string::npos;
    return s.size() >= 2 && s.size() <= 63 &&
           std::all_of(s.begin(), s.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool is_ip4(const std::vector<std::string>& labels) {
    return labels.size() == 4 && std::all_of(labels.begin(), labels.end(), [](auto& s) {
               return !s.empty() && s.size() <= 3 &&
                      s.find_first_not_of("0123456789") == std::string::npos;
           });
}

// Nothing, or a port, then nothing or a path.
bool is_rest(std::string s) {
    if (begins(s, ":")) {
        size_t n = 1;
        while (n < s.size() && n <= 5 && std::isdigit(static_cast<unsigned char>(s[n]))) ++n;
        if (n == 1) return false;
        s.erase(0, n);
    }
    return s.empty() || s[0] == '/' || s[0] == '?' || s[0] == '#';
}

bool is_web(const std::string& word) {
    std::string s = text::lower(word);
    const bool scheme = begins(s, "http://") || begins(s, "https://");
    const bool www = begins(s, "www.");
    if (scheme) s.erase(0, s.find("//") + 2);
    if (scheme && begins(s, "[")) {
        const size_t end = s.find(']');
        return end != std::string::npos && is_rest(s.substr(end + 1)) && end > 3 &&
               s.find_first_not_of("0123456789abcdef:", 1) == end &&
               std::count(s.begin(), s.begin() + long(end), ':') >= 2;
    }
    const size_t end = std::min(s.find_first_of(":/?#"), s.size());
    if (!is_rest(s.substr(end))) return false;
    const std::string dot = ".",
                      host = s.substr(www && !scheme ? 4 : 0, end - (www && !scheme ? 4 : 0));
    std::vector<std::string> labels = text::split(host, &dot, -1, false);
    if (scheme && is_ip4(labels)) return true;
    const std::string top = labels.back();
    labels.pop_back();
    auto all = [&](size_t least, size_t most) {
        return std::all_of(labels.begin(), labels.end(),
                           [&](auto& s) { return is_label(s, least, most); });
    };
    if ((scheme || www) && is_top_level(top) && all(1, SIZE_MAX)) return true;
    static const std::set<std::string> known = {"com", "net", "int",  "edu",
                                                "gov", "org", "info", "mil"};
    if (scheme) return false;
    if (www) labels.insert(labels.begin(), "www");
    return !labels.empty() && known.count(top) && all(2, 63);
}

bool is_mail(const std::string& s) {
    const size_t at = s.rfind('@'), dot = s.rfind('.');
    if (at == std::string::npos || at == 0 || dot == std::string::npos || dot < at + 2)
        return false;
    const auto host = text::decode(s.substr(at + 1, dot - at - 1)),
               top = text::decode(s.substr(dot + 1));
    return !top.empty() && std::all_of(top.begin(), top.end(), is_word) && is_word(host[0]) &&
           std::all_of(host.begin(), host.end(),
                       [](char32_t c) { return is_word(c) || c == '.' || c == '-'; });
}

size_t count_of(const std::string& s, const std::string& what) {
    size_t n = 0;
    for (size_t at = s.find(what); at != std::string::npos; at = s.find(what, at + what.size()))
        ++n;
    return n;
}

// Brackets before a word and punctuation behind it are no part of the address, but what closes a
// bracket that the address opens.
void take_apart(std::string& head, std::string& word, std::string& tail) {
    auto one_of = [&](std::initializer_list<const char*> pieces, bool front) -> size_t {
        for (const std::string piece : pieces) {
            if (word.size() < piece.size()) continue;
            if (word.compare(front ? 0 : word.size() - piece.size(), piece.size(), piece) == 0)
                return piece.size();
        }
        return 0;
    };
    while (size_t n = one_of({"(", "<", "&lt;"}, true)) head += word.substr(0, n), word.erase(0, n);
    while (size_t n = one_of({")", ">", ".", ",", "&gt;"}, false)) {
        tail.insert(0, word.substr(word.size() - n));
        word.resize(word.size() - n);
    }
    static const std::pair<std::string, std::string> pairs[] = {
        {"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
    for (auto& [open, close] : pairs) {
        const size_t opened = count_of(word, open);
        if (opened <= count_of(word, close)) continue;
        for (size_t n = std::min(opened, count_of(tail, close)); n > 0; --n) {
            const size_t end = tail.find(close) + close.size();
            word += tail.substr(0, end);
            tail.erase(0, end);
        }
    }
}

}  // namespace

Value do_urlize(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("urlize", {"trim_url_limit", "nofollow", "target", "rel", "extra_schemes"}, a, k);
    std::set<std::string> relations = {"noopener"};
    if (const std::string* rel = b.text_or_none(3))
        for (auto& part : text::split(*rel, nullptr, -1, false)) relations.insert(part);
    if (b.flag(1, false)) relations.insert("nofollow");
    std::string attributes;
    for (auto& relation : relations) attributes += (attributes.empty() ? "" : " ") + relation;
    attributes = " rel=\"" + text::escape_html(attributes) + "\"";
    if (b.has(2) && b[2].truthy()) attributes += " target=\"" + b[2].html() + "\"";
    const int64_t limit = b.has(0) && !b[0].is_none() ? b.integer(0, 0) : -1;
    std::vector<std::string> schemes;
    if (b.has(4) && !b[4].is_none())
        for (const Value& scheme : b[4].to_vector()) schemes.push_back(scheme.str());
    auto trimmed = [&](const std::string& s) {
        if (limit < 0 || int64_t(text::length(s)) <= limit) return s;
        return text::encode(text::decode(s).substr(0, size_t(limit))) + "...";
    };
    auto link = [&](const std::string& to, const std::string& shown) {
        return "<a href=\"" + to + "\"" + attributes + ">" + shown + "</a>";
    };
    const std::string s = v.html();
    std::string out;
    for (size_t at = 0; at < s.size();) {
        const size_t begin = at;
        const bool space = text::is_space(text::next(s, at));
        for (size_t next = at; at < s.size(); at = next)
            if (text::is_space(text::next(s, next)) != space) break;
        std::string head, word = s.substr(begin, at - begin), tail;
        if (!space) take_apart(head, word, tail);
        if (space || word.empty()) {
        } else if (is_web(word)) {
            const bool whole = begins(word, "http://") || begins(word, "https://");
            word = link(whole ? word : "https://" + word, trimmed(word));
        } else if (begins(word, "mailto:") && is_mail(word.substr(7))) {
            word = "<a href=\"" + word + "\">" + word.substr(7) + "</a>";
        } else if (!begins(word, "www.") && word[0] != '@' && word.find(':') == std::string::npos &&
                   is_mail(word)) {
            word = "<a href=\"mailto:" + word + "\">" + word + "</a>";
        } else {
            for (auto& scheme : schemes)
                if (word != scheme && begins(word, scheme.c_str())) word = link(word, word);
        }
        spend_text(head.size() + word.size() + tail.size());
        out += head + word + tail;
    }
    return out;
}

}  // namespace moonlet::jinja
