// SPDX-License-Identifier: Apache-2.0
// The Lua face of evaluation: the likelihood of long texts, what a model weighs.
#include "evaluation/evaluation.h"
#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "bindings/row.h"

namespace moonlet::bindings {

namespace {

const OptionTable kRollingOptions = {
    {"max_length", "integer", "the model's context", "tokens of a window"},
    {"stride", "integer", "half of max_length", "tokens the window is moved on each time"},
};

int rolling(lua_State* L) {
    auto model = check<LanguageModel>(L, 1);
    Json given = options_json(L, 3, kRollingOptions);
    RollingOptions options;
    read_option(given, "max_length", options.max_length);
    read_option(given, "stride", options.stride);
    RollingLikelihood result = rolling_loglikelihood(*model, check_string(L, 2), options);
    lua_createtable(L, 0, 4);
    lua_pushnumber(L, result.logprob);
    lua_setfield(L, -2, "logprob");
    lua_pushinteger(L, result.tokens);
    lua_setfield(L, -2, "tokens");
    lua_pushnumber(L, double(result.bytes));
    lua_setfield(L, -2, "bytes");
    lua_pushinteger(L, result.windows);
    lua_setfield(L, -2, "windows");
    return 1;
}

int bytes(lua_State* L) {
    lua_pushnumber(L, double(check<LanguageModel>(L, 1)->bytes()));
    return 1;
}

const bool registered = add_rows({
    {"Model:rolling_loglikelihood", rolling,
     "text: string, opts?: RollingLikelihoodOptions -> table",
     "How likely a text of any length is, window by window: {logprob=, tokens=, bytes=, windows=}, "
     "natural logarithm; each token is counted once.",
     "m:rolling_loglikelihood(\"Once upon a time\").logprob", kRollingOptions},
    {"Model.bytes", bytes, "-> integer", "Bytes that it takes: weights, kept context, tokenizer.",
     "m.bytes"},
});

}  // namespace

}  // namespace moonlet::bindings
