// SPDX-License-Identifier: Apache-2.0
// Strings that a call knows: the choices of an option, models on this machine, adapters of a model,
// columns of a dataset. Nothing is opened for it; folders are listed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <lua.hpp>

#include "shell/completion_sources.h"
#include "shell/lookup.h"

namespace moonlet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxListed = 2000;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool ends_with(const std::string& text, std::string_view end) {
    return text.size() >= end.size() &&
           text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<std::string> listed(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code failed;
    fs::directory_iterator it(folder, failed);
    for (; !failed && it != fs::directory_iterator(); it.increment(failed)) {
        if (names.size() >= kMaxListed) break;
        names.push_back(it->path().filename().string());
    }
    return names;
}

// Where our own models are: as engine/core/files finds it, from the program's place.
fs::path home_folder() {
    std::string given = variable("MOONLET_HOME");
    std::error_code failed;
    if (!given.empty()) return given;
    return fs::read_symlink("/proc/self/exe", failed).parent_path().parent_path();
}

fs::path hub_cache() {
    for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
        if (!variable(name).empty()) return variable(name);
    }
    if (!variable("HF_HOME").empty()) return fs::path(variable("HF_HOME")) / "hub";
    std::string cache = variable("XDG_CACHE_HOME");
    fs::path base = cache.empty() ? fs::path(variable("HOME")) / ".cache" : fs::path(cache);
    return base / "huggingface" / "hub";
}

void offer_models(CompletionPlace& place) {
    std::error_code failed;
    for (const char* folder : {"examples/models", ".deps"}) {
        fs::path below = home_folder() / folder;
        for (const auto& name : listed(below)) {
            bool model =
                ends_with(name, ".gguf") || fs::exists(below / name / "config.json", failed);
            if (model) place.add(name, {name, "", "a model of moonlet's"});
        }
    }
    for (const auto& folder : listed(hub_cache())) {
        if (folder.compare(0, 8, "models--") != 0) continue;
        std::string name = folder.substr(8);
        std::size_t divider = name.find("--");
        if (divider != std::string::npos)
            name = name.substr(0, divider) + "/" + name.substr(divider + 2);
        place.add(name, {name, "", "in the hub cache"});
    }
}

// Names of the rows that Model:adapters gives. It is called only while it is the native one.
void offer_adapters(CompletionPlace& place, const std::vector<std::string>& chain) {
    lua_State* L = place.names.L;
    if (!push_chain(L, place.names.locals, chain)) return;
    int model = lua_gettop(L);
    if (lua_type(L, model) != LUA_TUSERDATA || !lua_getmetatable(L, model)) return;
    lua_pushliteral(L, "__methods");
    lua_rawget(L, -2);
    if (!lua_istable(L, -1)) return;
    lua_pushliteral(L, "adapters");
    lua_rawget(L, -2);
    if (!lua_iscfunction(L, -1)) return;
    lua_pushvalue(L, model);
    if (lua_pcall(L, 1, 1, 0) != 0 || !lua_istable(L, -1)) return;
    int list = lua_gettop(L);
    for (int i = 1;; ++i) {
        lua_rawgeti(L, list, i);
        if (!lua_istable(L, -1)) return;
        lua_pushliteral(L, "name");
        lua_rawget(L, -2);
        if (lua_type(L, -1) == LUA_TSTRING) {
            std::string name = lua_tostring(L, -1);
            place.add(name, {name, "", "adapter"});
        }
        lua_settop(L, list);
    }
}

}  // namespace

std::vector<std::string> dataset_columns(CompletionPlace& place,
                                         const std::vector<std::string>& chain) {
    std::vector<std::string> columns;
    lua_State* L = place.names.L;
    if (chain.empty() || !push_chain(L, place.names.locals, chain)) return columns;
    int base = lua_gettop(L);
    // __columns(ds) is native and gives the names that are known by now; it reads no file.
    if (lua_type(L, base) == LUA_TUSERDATA && lua_getmetatable(L, base)) {
        lua_pushliteral(L, "__known_columns");
        lua_rawget(L, -2);
        if (lua_iscfunction(L, -1)) {
            lua_pushvalue(L, base);
            if (lua_pcall(L, 1, 1, 0) == 0 && lua_istable(L, -1)) {
                for (int i = 1;; ++i) {
                    lua_rawgeti(L, -1, i);
                    if (lua_type(L, -1) != LUA_TSTRING) break;
                    columns.emplace_back(lua_tostring(L, -1));
                    lua_pop(L, 1);
                }
            }
        }
    }
    lua_settop(L, base - 1);
    return columns;
}

void offer_known_strings(CompletionPlace& place) {
    if (!place.call()) return;
    const RowField* option = place.option();
    const RowField* field = option ? option : place.parameter();
    if (field) {
        for (const auto& choice : choices_of(*field)) place.add(choice);
    }
    NameChain chain = place.callee_chain();
    std::string callee = place.callee().row ? place.callee().row->name : chain.dotted();
    const std::string& key = place.call()->key;
    bool first = !place.call()->in_table && place.call()->argument == 0;
    bool of_models = callee == "models.load" || callee == "models.inspect" ||
                     callee == "tokenizers.load" || callee == "compare";
    bool model_key =
        key == "model" || key == "embed" || key == "rerank" || key == "base" || key == "draft";
    if ((of_models && key.empty() && (first || callee == "compare")) || model_key)
        offer_models(place);
    if (!chain.method || chain.base_call || chain.names.size() < 2) return;
    chain.names.pop_back();
    bool on_adapter = callee == "Model:use" || callee == "Model:merge" ||
                      callee == "Model:remove_adapter" || key == "adapter";
    if (on_adapter) offer_adapters(place, chain.names);
    bool on_columns = callee == "Dataset:column" || callee == "Dataset:select" ||
                      callee == "Dataset:sort" || callee == "Dataset:group" ||
                      callee == "Dataset:rename" || ends_with(key, "column");
    if (!on_columns) return;
    for (const auto& column : dataset_columns(place, chain.names)) {
        place.add(column, {column, "", "column"});
    }
}

}  // namespace moonlet
