// SPDX-License-Identifier: Apache-2.0
// The escape sequences of the screen model: CSI, OSC, DCS, APC.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "screen.h"

namespace moonlet::test {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts(1);
    for (char c : text) {
        if (c == at) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

// A style taken apart: what is on of 1…9, and the two colours as SGR parameters.
struct Attributes {
    std::array<bool, 10> on{};
    std::string front, back;

    // Reads its own text form.
    void read(const std::string& parameters);
    std::string text() const {
        std::string result;
        auto add = [&](const std::string& part) {
            if (!part.empty()) result += (result.empty() ? "" : ";") + part;
        };
        for (std::size_t i = 1; i < on.size(); ++i) {
            if (on[i]) add(std::to_string(i));
        }
        add(front);
        add(back);
        return result;
    }
};

void Attributes::read(const std::string& parameters) {
    auto parts = split(parameters, ';');
    for (std::size_t i = 0; i < parts.size(); ++i) {
        long n = std::strtol(parts[i].c_str(), nullptr, 10);
        if (n == 0) {
            *this = Attributes{};
        } else if (n < 10) {
            on[static_cast<std::size_t>(n)] = true;
        } else if (n == 22) {
            on[1] = on[2] = false;
        } else if (n > 22 && n < 30) {
            on[static_cast<std::size_t>(n - 20)] = false;
        } else if (n == 38 || n == 48) {
            std::size_t count = i + 1 < parts.size() && parts[i + 1] == "2" ? 4 : 2;
            std::string colour = parts[i];
            for (std::size_t end = std::min(parts.size(), i + 1 + count); ++i < end;) {
                colour += ";" + parts[i];
            }
            --i;
            (n == 38 ? front : back) = colour;
        } else if (n == 39) {
            front.clear();
        } else if (n == 49) {
            back.clear();
        } else if ((n >= 30 && n < 38) || (n >= 90 && n < 98)) {
            front = parts[i];
        } else if ((n >= 40 && n < 48) || (n >= 100 && n < 108)) {
            back = parts[i];
        }
    }
}

}  // namespace

void Screen::attributes(const std::string& parameters) {
    Attributes now;
    now.read(style_);
    now.read(parameters);
    style_ = now.text();
}

void Screen::mode(const std::string& parameters, bool on) {
    for (const auto& name : split(parameters, ';')) {
        if (name == "?2004") {
            mode_paste_ = on;
        } else if (name == "?25") {
            cursor_hidden_ = !on;
        } else if (name == "?1049") {
            if (on == alternate_) continue;
            alternate_ = on;
            if (on) {
                main_cells_ = cells_;
                main_row_ = row_;
                main_column_ = column_;
                std::fill(cells_.begin(), cells_.end(), blank());
            } else {
                cells_ = main_cells_;
                cells_.resize(rows_, blank());
                for (Row& row : cells_) row.cells.resize(columns_);
                row_ = std::min(main_row_, rows_ - 1);
                column_ = std::min(main_column_, columns_ - 1);
            }
        } else if (name != "?2026" && name != "?7" && name != "?1" && name != "?2027") {
            unknown_.push_back("\x1b[" + name + (on ? "h" : "l"));
        }
    }
}

void Screen::control(std::string_view sequence) {
    char final = sequence.back();
    std::string parameters(sequence.substr(2, sequence.size() - 3));
    auto parts = split(parameters, ';');
    auto number = [&](std::size_t index, std::size_t otherwise) -> std::size_t {
        std::size_t n = index < parts.size() ? std::strtoul(parts[index].c_str(), nullptr, 10) : 0;
        return n == 0 ? otherwise : n;
    };
    if (final == 'm' && (parameters.empty() || parameters[0] != '>')) return attributes(parameters);
    joinable_ = false;
    std::size_t n = number(0, 1);
    if (final == 'n' || final == 'c' || (final == 'p' && parameters.back() == '$')) {
        queries_.emplace_back(sequence);
        return;
    }
    if (final == 'h' || final == 'l') return mode(parameters, final == 'h');
    if (final == 'q' && !parameters.empty() && parameters.back() == ' ') {
        cursor_shape_ = std::atoi(parameters.c_str());
        return;
    }
    wrap_next_ = false;
    switch (final) {
        case 'A': row_ -= std::min(row_, n); break;
        case 'B': row_ = std::min(rows_ - 1, row_ + n); break;
        case 'C': column_ = std::min(columns_ - 1, column_ + n); break;
        case 'D': column_ -= std::min(column_, n); break;
        case 'E':
            row_ = std::min(rows_ - 1, row_ + n);
            column_ = 0;
            break;
        case 'F':
            row_ -= std::min(row_, n);
            column_ = 0;
            break;
        case 'G': column_ = std::min(columns_, n) - 1; break;
        case 'd': row_ = std::min(rows_, n) - 1; break;
        case 'H':
        case 'f':
            row_ = std::min(rows_, n) - 1;
            column_ = std::min(columns_, number(1, 1)) - 1;
            break;
        case 'K': {
            std::size_t kind = number(0, 0);
            erase(row_, kind == 0 ? column_ : 0, kind == 1 ? column_ + 1 : columns_);
            break;
        }
        case 'J': {
            std::size_t kind = number(0, 0);
            if (kind == 3) {
                scrolled_.clear();
                break;
            }
            if (kind != 1) erase(row_, kind == 0 ? column_ : 0, columns_);
            if (kind == 1) erase(row_, 0, column_ + 1);
            for (std::size_t r = 0; r < rows_; ++r) {
                if (kind == 2 || (kind == 0 && r > row_) || (kind == 1 && r < row_)) {
                    cells_[r] = blank();
                }
            }
            break;
        }
        case 'X': erase(row_, column_, std::min(columns_, column_ + n)); break;
        case 'P':
        case '@': {
            auto& cells = cells_[row_].cells;
            auto at = cells.begin() + static_cast<std::ptrdiff_t>(column_);
            n = std::min(n, columns_ - column_);
            if (final == 'P') {
                cells.erase(at, at + static_cast<std::ptrdiff_t>(n));
            } else {
                cells.insert(at, n, Cell{});
            }
            cells.resize(columns_);
            break;
        }
        case 'L':
        case 'M': {
            auto at = cells_.begin() + static_cast<std::ptrdiff_t>(row_);
            n = std::min(n, rows_ - row_);
            if (final == 'M') {
                cells_.erase(at, at + static_cast<std::ptrdiff_t>(n));
            } else {
                cells_.insert(at, n, blank());
            }
            cells_.resize(rows_, blank());
            column_ = 0;
            break;
        }
        case 'S':
            while (n-- > 0) scroll();
            break;
        case 's':
            saved_row_ = row_;
            saved_column_ = column_;
            break;
        case 'u':
            row_ = std::min(saved_row_, rows_ - 1);
            column_ = std::min(saved_column_, columns_ - 1);
            break;
        default: unknown_.emplace_back(sequence);
    }
}

// OSC, DCS or APC. `body` begins with its introducer.
void Screen::string(std::string_view body, std::string_view whole) {
    strings_.emplace_back(body);
    if (body.rfind("]0;", 0) == 0 || body.rfind("]2;", 0) == 0) title_ = body.substr(3);
    bool asks = body[0] == ']' && body.size() > 2 && body.substr(body.size() - 2) == ";?";
    bool kitty = body.rfind("_G", 0) == 0 && body.find("a=q") != std::string_view::npos;
    if (asks || kitty || body.rfind("P+q", 0) == 0 || body.rfind("P$q", 0) == 0) {
        queries_.emplace_back(whole);
    }
}

std::size_t Screen::take_escape(std::string_view bytes) {
    if (bytes.size() < 2) return 0;
    char kind = bytes[1];
    if (kind == '[') {
        for (std::size_t i = 2; i < bytes.size(); ++i) {
            if (bytes[i] >= '@' && bytes[i] <= '~') {
                control(bytes.substr(0, i + 1));
                return i + 1;
            }
        }
        return 0;
    }
    joinable_ = false;
    if (kind == ']' || kind == 'P' || kind == '_' || kind == '^') {
        for (std::size_t i = 2; i < bytes.size(); ++i) {
            bool bell = bytes[i] == '\a' && kind == ']';
            bool st = bytes[i] == '\x1b' && i + 1 < bytes.size() && bytes[i + 1] == '\\';
            if (!bell && !st) continue;
            std::size_t size = i + (bell ? 1 : 2);
            string(bytes.substr(1, i - 1), bytes.substr(0, size));
            return size;
        }
        return 0;
    }
    if (kind == '7') {
        saved_row_ = row_;
        saved_column_ = column_;
    } else if (kind == '8') {
        row_ = std::min(saved_row_, rows_ - 1);
        column_ = std::min(saved_column_, columns_ - 1);
        wrap_next_ = false;
    } else if (kind == 'M') {
        wrap_next_ = false;
        if (row_ > 0) {
            --row_;
        } else {
            cells_.insert(cells_.begin(), blank());
            cells_.pop_back();
        }
    } else if (kind != '=' && kind != '>' && kind != '\\') {
        unknown_.emplace_back(bytes.substr(0, 2));
    }
    return 2;
}

}  // namespace moonlet::test
