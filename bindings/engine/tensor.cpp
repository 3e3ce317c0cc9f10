// SPDX-License-Identifier: Apache-2.0
// Tensors as Lua sees them: results to look at, compare and turn into tables. Indices are 1-based;
// t[i] of a 1-d tensor is a number, of others the i-th row (a view that shares memory). Printing
// formats only what it shows.
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

at::Tensor self(lua_State* L) { return check<TensorBox>(L, 1)->tensor; }

std::string shape_text(const at::Tensor& t) {
    std::string text = "[";
    for (int64_t i = 0; i < t.dim(); ++i) text += (i ? ", " : "") + std::to_string(t.size(i));
    return text + "]";
}

const char* dtype_name(at::ScalarType type) {
    switch (type) {
        case at::kFloat: return "f32";
        case at::kDouble: return "f64";
        case at::kBFloat16: return "bf16";
        case at::kHalf: return "f16";
        case at::kLong: return "i64";
        case at::kInt: return "i32";
        case at::kBool: return "bool";
        default: return at::toString(type);
    }
}

void push_values(lua_State* L, const double*& at, const at::IntArrayRef& sizes, size_t dim) {
    if (dim == sizes.size()) return lua_pushnumber(L, *at++);
    luaL_checkstack(L, 4, "tensor to table");
    lua_createtable(L, int(sizes[dim]), 0);
    for (int64_t i = 0; i < sizes[dim]; ++i) {
        push_values(L, at, sizes, dim + 1);
        lua_rawseti(L, -2, int(i + 1));
    }
}

int to_table(lua_State* L) {
    at::Tensor values = self(L).to(at::kCPU, at::kDouble).contiguous();
    const double* at = values.data_ptr<double>();
    push_values(L, at, values.sizes(), 0);
    return 1;
}

int shape(lua_State* L) {
    at::Tensor t = self(L);
    lua_createtable(L, int(t.dim()), 0);
    for (int64_t i = 0; i < t.dim(); ++i) {
        lua_pushnumber(L, double(t.size(i)));
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int dtype(lua_State* L) {
    lua_pushstring(L, dtype_name(self(L).scalar_type()));
    return 1;
}

int length(lua_State* L) {
    at::Tensor t = self(L);
    lua_pushnumber(L, t.dim() ? double(t.size(0)) : 1);
    return 1;
}

int item(lua_State* L) {
    at::Tensor t = self(L);
    double index = lua_tonumber(L, 2);
    if (t.dim() == 0 || index < 1 || index > double(t.size(0)) || std::floor(index) != index)
        return lua_pushnil(L), 1;  // so that ipairs ends
    at::Tensor row = t[int64_t(index) - 1];
    if (row.dim() == 0) lua_pushnumber(L, row.item<double>());
    else push_tensor(L, row);
    return 1;
}

std::string number_text(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", v);
    return text;
}

// ---- printing: of a tensor on any device only the values that are shown are copied

constexpr int64_t kEdge = 3;           // rows shown of each end
constexpr int64_t kSampled = 1024;     // values that stand for a big tensor in its statistics
constexpr int64_t kExactly = 1 << 16;  // so many are all looked at

std::string device_text(const at::Tensor& t) { return t.device().str(); }

int device(lua_State* L) {
    push_string(L, device_text(self(L)));
    return 1;
}

// Columns of the terminal, as the shell told the stdlib.
int64_t terminal_width(lua_State* L) {
    const int top = lua_gettop(L);
    int64_t width = 80;
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getfield(L, -1, "moonlet.session");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "width");
        if (lua_isnumber(L, -1)) width = int64_t(lua_tonumber(L, -1));
    }
    lua_settop(L, top);
    return std::max<int64_t>(width, 16);
}

// `count` values evenly spread over the tensor, whatever its strides, as f64 on the CPU.
at::Tensor sample(const at::Tensor& t, int64_t count) {
    at::Tensor flat = at::arange(count, at::kLong).mul(t.numel() - 1);
    flat = at::div(flat, std::max<int64_t>(count - 1, 1), "floor");
    c10::List<std::optional<at::Tensor>> places;
    std::vector<at::Tensor> reversed;
    for (int64_t d = t.dim() - 1; d >= 0; --d) {
        reversed.push_back(flat.remainder(t.size(d)).to(t.device()));
        flat = at::div(flat, t.size(d), "floor");
    }
    for (auto it = reversed.rbegin(); it != reversed.rend(); ++it) places.push_back(*it);
    return at::index(t, places).to(at::kCPU, at::kDouble);
}

std::vector<std::string> statistics(const at::Tensor& t) {
    const bool all = t.numel() <= kExactly;
    at::Tensor v = all ? t.to(at::kCPU, at::kDouble).flatten() : sample(t, kSampled);
    at::Tensor finite = v.masked_select(at::isfinite(v));
    std::vector<std::string> parts;
    if (finite.numel() > 0) {
        parts.push_back("min " + number_text(finite.min().item<double>()));
        parts.push_back("max " + number_text(finite.max().item<double>()));
        parts.push_back("mean " + number_text(finite.mean().item<double>()));
        if (finite.numel() > 1)
            parts.push_back("std " + number_text(finite.std().item<double>()));
    }
    if (int64_t odd = v.numel() - finite.numel(); odd > 0)
        parts.push_back(std::to_string(odd) + " not finite");
    if (!all) parts.push_back("(of " + std::to_string(kSampled) + " sampled)");
    return parts;
}

// The texts of a row's values; from and to the values left out in the middle, both 0 for none.
struct ShownRow {
    std::vector<std::string> head, tail;
};

ShownRow row_values(const at::Tensor& row, int64_t shown) {
    const int64_t n = row.size(0), tail = n > shown ? shown / 2 : 0;
    const int64_t head = n > shown ? shown - tail : n;
    at::Tensor values = row.narrow(0, 0, head);
    if (tail > 0) values = at::cat({values, row.narrow(0, n - tail, tail)});
    values = values.to(at::kCPU, at::kDouble);
    const double* v = values.data_ptr<double>();
    ShownRow out;
    for (int64_t i = 0; i < head; ++i) out.head.push_back(number_text(v[i]));
    for (int64_t i = 0; i < tail; ++i) out.tail.push_back(number_text(v[head + i]));
    return out;
}

// The i-th of the rows that run along the last dimension.
at::Tensor row_at(const at::Tensor& t, int64_t i, std::string* label) {
    at::Tensor row = t;
    int64_t below = 1;
    for (int64_t d = 1; d < t.dim() - 1; ++d) below *= t.size(d);
    for (int64_t d = 0; d < t.dim() - 1; ++d) {
        const int64_t at = i / below;
        row = row.select(0, at);
        *label += (d ? "," : "[") + std::to_string(at + 1);
        i %= below;
        if (d + 2 < t.dim()) below /= t.size(d + 1);
    }
    if (t.dim() > 1) *label += "]";
    return row;
}

std::string values_text(const at::Tensor& t, int64_t width) {
    const int64_t count = t.numel() / t.size(-1);
    std::vector<ShownRow> rows;
    std::vector<std::string> labels;
    const int64_t shown = std::clamp<int64_t>((width - 6) / 8, 2, 24);
    for (int64_t i = 0; i < count; ++i) {
        if (count > 2 * kEdge && i == kEdge) i = count - kEdge;
        labels.emplace_back();
        rows.push_back(row_values(row_at(t, i, &labels.back()), shown));
    }
    size_t label = 0, cell = 1;
    for (auto& text : labels) label = std::max(label, text.size());
    for (auto& row : rows)
        for (auto* part : {&row.head, &row.tail})
            for (auto& text : *part) cell = std::max(cell, text.size());
    const bool labelled = t.dim() > 2;
    // As many as fit: from the middle they go.
    const int64_t margin = 2 + (labelled ? int64_t(label) + 2 : 0);
    int64_t room = std::max<int64_t>((width - margin + 2) / int64_t(cell + 2), 2);
    const int64_t n = t.size(-1);
    if (n > room) room = std::max<int64_t>((width - margin - 3 + 2) / int64_t(cell + 2), 1);
    std::string text;
    for (size_t r = 0; r < rows.size(); ++r) {
        if (count > 2 * kEdge && int64_t(r) == kEdge)
            text += "\n  … " + std::to_string(count - 2 * kEdge) + " more rows";
        std::vector<std::string> cells = rows[r].head;
        cells.insert(cells.end(), rows[r].tail.begin(), rows[r].tail.end());
        std::string line = "\n  ";
        if (labelled) line += labels[r] + std::string(label - labels[r].size() + 2, ' ');
        const int64_t keep = std::min<int64_t>(room, int64_t(cells.size()));
        const bool gap = keep < n;
        const int64_t tail = gap ? keep / 2 : 0, head = keep - tail;
        for (int64_t i = 0; i < keep; ++i) {
            const auto& value = i < head ? cells[size_t(i)]
                                         : cells[cells.size() - size_t(keep - i)];
            if (i > 0) line += "  ";
            if (gap && i == head) line += "…  ";
            line += std::string(cell - value.size(), ' ') + value;
        }
        if (gap && tail == 0) line += "  …";
        text += line;
    }
    return text;
}

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "Tensor");
    if (proxy && !proxy->owner) return lua_pushliteral(L, "tensor (released)"), 1;
    c10::NoGradGuard no_grad;
    at::Tensor t = self(L).detach();
    const int64_t width = terminal_width(L);
    std::string text =
        "tensor " + shape_text(t) + " " + dtype_name(t.scalar_type()) + " " + device_text(t);
    if (t.numel() == 0) return push_string(L, text), 1;
    if (t.dim() == 0) return push_string(L, text + "  " + number_text(t.item<double>())), 1;
    int64_t column = int64_t(text.size());
    for (auto& part : statistics(t)) {
        const bool fits = column + 2 + int64_t(part.size()) <= width;
        text += (fits ? "  " : "\n  ") + part;
        column = (fits ? column : 0) + 2 + int64_t(part.size());
    }
    push_string(L, text + values_text(t, width));
    return 1;
}

int matmul(lua_State* L) {
    c10::NoGradGuard no_grad;
    at::Tensor a = self(L), b = check<TensorBox>(L, 2)->tensor;
    int64_t inner = b.dim() == 1 ? b.size(0) : b.dim() >= 2 ? b.size(-2) : -1;
    if (a.dim() < 1 || a.size(-1) != inner)
        throw Error("shapes " + shape_text(a) + " and " + shape_text(b),
                    "the last size of the first equal to the last but one of the second",
                    "t:transpose() swaps the last two");
    push_tensor(L, at::matmul(a, b));
    return 1;
}

int transpose(lua_State* L) {
    at::Tensor t = self(L);
    push_tensor(L, t.dim() < 2 ? t : t.transpose(-1, -2));
    return 1;
}

int argmax(lua_State* L) {
    at::Tensor t = self(L);
    if (t.dim() == 0 || t.numel() == 0) throw Error("a tensor of shape " + shape_text(t), "values");
    at::Tensor best = at::argmax(t, -1) + 1;
    if (best.dim() == 0) lua_pushnumber(L, best.item<double>());
    else push_tensor(L, best);
    return 1;
}

int softmax(lua_State* L) {
    c10::NoGradGuard no_grad;
    push_tensor(L, at::softmax(self(L).to(at::kFloat), -1));
    return 1;
}

int release(lua_State* L) {
    release_proxy(L, 1);
    return 0;
}

const bool registered = add_rows({
    {"Tensor:table", to_table, "-> table", "The values as nested Lua tables.", "t:table()[1]"},
    {"Tensor:matmul", matmul, "other: Tensor -> Tensor", "The matrix product with another tensor.",
     "a:matmul(b:transpose())"},
    {"Tensor:transpose", transpose, "-> Tensor", "Swaps the last two dimensions (a view).", ""},
    {"Tensor:argmax", argmax, "-> integer|Tensor",
     "The 1-based place of the largest value along the last dimension.", ""},
    {"Tensor:softmax", softmax, "-> Tensor", "Probabilities along the last dimension, f32.", ""},
    {"Tensor:release", release, "", "Gives the memory back now.", ""},
    {"Tensor.shape", shape, "-> integer[]", "The sizes of the dimensions.", "t.shape[2]"},
    {"Tensor.dtype", dtype, "-> string", "f32, bf16, f16, f64, i64, i32 or bool.", ""},
    {"Tensor.device", device, "-> string", "Where the values are: cpu, cuda:0.", "t.device"},
    {"Tensor:__len", length, "other?: any -> integer", "The first size.", "#t"},
    {"Tensor:__item", item, "index: integer -> number|Tensor",
     "t[i]: a number of a 1-d tensor, else the i-th row, sharing memory.", "t[1]"},
    {"Tensor:__tostring", describe, "-> string",
     "Shape, dtype, device, statistics and values of both ends.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
