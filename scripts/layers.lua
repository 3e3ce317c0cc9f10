-- SPDX-License-Identifier: Apache-2.0
-- Who may include whom, as data; scripts/lint.lua reads it. What is not listed is forbidden; a room
-- may always include itself, std and the operating system. `ours` names rooms or single headers,
-- `theirs` foreign libraries of the list below. A path belongs to the longest room that begins it.

-- The headers through which bindings see the engine: nouns, never one family's or one objective's
-- file. A new noun is added here.
local nouns = {
    "datasets/training_format.h",
    "models/model.h", "models/parameters.h", "tokenizers/tokenizer.h", "tokenizers/train.h",
    "templates/template.h", "templates/chat_template.h", "templates/value.h", "formats/config.h",
    "formats/safetensors.h", "formats/gguf.h", "datasets/dataset.h", "generation/generator.h",
    "generation/language_model.h", "generation/inspect.h",
    "generation/machine.h", "generation/sampler.h",
    "generation/batch.h", "generation/kv_prefix.h", "generation/kv_store.h",
    "trainers/trainer.h",
    "retrievers/vectors.h", "retrievers/fingerprint.h", "lexical/index.h", "lexical/splitter.h",
    "evaluation/evaluation.h",
    "datasets/review.h", "protocols/job.h", "protocols/http.h", "protocols/process.h",
    "protocols/openai.h", "protocols/downloads.h", "protocols/url.h",
    "formats/hub_cache.h", "formats/hub_settings.h", "formats/model_summary.h",
    "templates/tool_calls.h", "templates/json_schema.h", "adapters/adapter.h",
    "lexical/passages.h", "lexical/filter.h", "lexical/fusion.h", "lexical/selection.h",
}
local function with_nouns(...)
    local list = { ... }
    for _, header in ipairs(nouns) do list[#list + 1] = header end
    return list
end

local rooms = {
    ["shell"] = {
        ours = { "bindings/lua_state.h", "bindings/lua_interrupt.h" },
        theirs = { "lua", "utf8proc" },
    },
    ["bindings"] = { ours = with_nouns("core"), theirs = { "lua", "json" } },
    -- the Tensor object is LibTorch's own, so the engine module's faces see it
    ["bindings/engine"] = {
        ours = with_nouns("core", "bindings"), theirs = { "lua", "json", "torch" },
    },
    ["bindings/base"] = { ours = with_nouns("core", "bindings"), theirs = { "lua", "json" } },
    ["engine/core"] = { ours = {}, theirs = { "json" } },
    ["engine/formats"] = { ours = { "core" }, theirs = {} },
    ["engine/lexical"] = { ours = { "core" }, theirs = { "utf8proc" } },
    ["engine/tokenizers"] = { ours = { "core", "formats" }, theirs = { "utf8proc", "pcre2" } },
    ["engine/templates"] = { ours = { "core", "tokenizers" }, theirs = { "utf8proc" } },
    ["engine/datasets"] = {
        ours = { "core", "formats", "tokenizers" }, theirs = { "gumbo", "md4c" },
    },
    ["engine/traces"] = { ours = { "core" }, theirs = { "sqlite" } },
    ["engine/protocols"] = {
        ours = { "core", "templates", "traces" }, theirs = { "curl", "httplib" },
    },
    -- LibTorch is the vocabulary of the engine half: at::Tensor stands in every signature there
    ["engine/ops"] = { ours = { "core" }, theirs = { "torch", "simd" } },
    ["engine/ops/cpu"] = { ours = { "core" }, theirs = { "simd" } },
    ["engine/ops/cuda"] = { ours = { "core", "ops" }, theirs = { "torch", "cuda" } },
    ["engine/models"] = { ours = { "core", "formats", "ops" }, theirs = { "torch" } },
    ["engine/adapters"] = {
        ours = { "core", "formats", "ops", "models/model.h" }, theirs = { "torch" },
    },
    ["engine/generation"] = {
        ours = { "core", "ops", "models/model.h", "tokenizers", "templates",
            "formats/safetensors.h" },
        theirs = { "torch" },
    },
    ["engine/retrievers"] = {
        ours = { "core", "formats", "datasets", "lexical", "tokenizers", "models/model.h" },
        theirs = { "faiss", "torch" },
    },
    -- "engine" is every room there, "!x" takes one out again
    ["engine/trainers"] = { ours = { "engine", "!retrievers" }, theirs = { "torch" } },
    ["engine/evaluation"] = {
        ours = { "engine", "!retrievers", "!trainers" }, theirs = { "torch" },
    },
    ["tests"] = { ours = { "engine", "bindings", "shell", "support" }, theirs = "all" },
}

-- Foreign headers: Lua patterns over what stands between < and >.
local libraries = {
    lua = { "^lua%.hpp?$", "^lua%.h$", "^lauxlib%.h$", "^lualib%.h$", "^luajit%.h$" },
    json = { "^nlohmann/" },
    torch = { "^ATen/", "^torch/", "^c10/", "^omp%.h$" },
    simd = { "^immintrin%.h$" },
    cuda = { "^cuda", "^cublas", "^cub/", "^mma%.h$" },
    faiss = { "^faiss/" },
    utf8proc = { "^utf8proc%.h$" },
    pcre2 = { "^pcre2%.h$" },
    curl = { "^curl/" },
    httplib = { "^httplib%.h$" },
    sqlite = { "^sqlite3%.h$" },
    gumbo = { "^gumbo%.h$" },
    md4c = { "^md4c" },
    catch2 = { "^catch2/" },
}

-- What the Lua of a top folder may `require`: the native modules, the stdlib, LuaJIT's own.
local requires = {
    stdlib = { "^moonlet", "^ffi$", "^bit$", "^jit", "^table%.new$", "^string%.buffer$" },
    examples = { "^moonlet", "^ffi$", "^bit$", "^jit" },
    shell = { "^moonlet", "^jit" },
    tests = { "" },
    scripts = { "" },
}

return { rooms = rooms, libraries = libraries, requires = requires }
