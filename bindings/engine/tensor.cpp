// SPDX-License-Identifier: Apache-2.0
// Tensors as Lua sees them: results to look at, compare and turn into tables. Indices are 1-based;
// t[i] of a 1-d tensor is a number, of others the i-th row (a view that shares memory). Printing
// formats only what it shows.
#include <c10/core/GradMode.h>

#include <cmath>

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

std::string row_text(const at::Tensor& row, int64_t shown) {
    std::string text;
    at::Tensor head = row.narrow(0, 0, std::min(shown, row.size(0))).to(at::kCPU, at::kDouble);
    for (int64_t i = 0; i < head.size(0); ++i)
        text += (i ? "  " : "") + number_text(head[i].item<double>());
    return text + (row.size(0) > shown ? "  …" : "");
}

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "Tensor");
    if (proxy && !proxy->owner) return lua_pushliteral(L, "tensor (released)"), 1;
    at::Tensor t = self(L);
    std::string text = "tensor " + shape_text(t) + " " + dtype_name(t.scalar_type());
    if (t.numel() == 0) return push_string(L, text), 1;
    if (t.dim() == 0) return push_string(L, text + "  " + number_text(t.item<double>())), 1;
    at::Tensor rows = t.dim() == 1 ? t.unsqueeze(0) : t.reshape({-1, t.size(-1)});
    int64_t shown = std::min<int64_t>(rows.size(0), 6);
    for (int64_t i = 0; i < shown; ++i) text += "\n  " + row_text(rows[i], 8);
    if (rows.size(0) > shown)
        text += "\n  … " + std::to_string(rows.size(0) - shown) + " more rows";
    push_string(L, text);
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
    {"Tensor:__len", length, "other?: any -> integer", "The first size.", "#t"},
    {"Tensor:__item", item, "index: integer -> number|Tensor",
     "t[i]: a number of a 1-d tensor, else the i-th row, sharing memory.", "t[1]"},
    {"Tensor:__tostring", describe, "-> string", "Shape, dtype and the first values.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
