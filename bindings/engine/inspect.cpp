// SPDX-License-Identifier: Apache-2.0
// What lectures look at inside a model: states, attention, routes, sizes. stdlib gives attention,
// routes and sizes their printed form.
#include "generation/inspect.h"

#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "bindings/engine/prompt.h"
#include "bindings/row.h"
#include "core/error.h"
#include "generation/kv_store.h"

namespace moonlet::bindings {

namespace {

std::shared_ptr<LanguageModel> self(lua_State* L) { return check<LanguageModel>(L, 1); }

const OptionTable kHiddenOptions = {
    {"layer", "integer", "all",
     "0: the embeddings, i: after block i, the last one: after the final norm, too"},
};

int hidden(lua_State* L) {
    auto model = self(L);
    int layer = -1;
    read_option(options_json(L, 3, kHiddenOptions), "layer", layer);
    at::Tensor states = hidden_states(*model, prompt_ids(L, 2, *model, true));
    if (layer < -1 || layer >= states.size(0))
        throw Error("layer " + std::to_string(layer), "0 to " + std::to_string(states.size(0) - 1));
    push_tensor(L, layer < 0 ? states : states[layer].clone());
    return 1;
}

int attention(lua_State* L) {
    auto model = self(L);
    at::Tensor all = attention_weights(*model, prompt_ids(L, 2, *model, true), lua_tointeger(L, 3));
    const int64_t head = lua_tointeger(L, 4);
    if (head < 0 || head > all.size(0))
        throw Error("head " + std::to_string(head), "1 to " + std::to_string(all.size(0)));
    lua_createtable(L, 0, 2);
    push_tensor(L, head > 0 ? all[head - 1].clone() : all.mean(0));
    lua_setfield(L, -2, "weights");
    lua_pushinteger(L, all.size(0));
    lua_setfield(L, -2, "heads");
    return 1;
}

int routes_(lua_State* L) {
    auto model = self(L);
    std::vector<Route> layers = routes(*model, prompt_ids(L, 2, *model, true));
    lua_createtable(L, int(layers.size()), 0);
    for (size_t i = 0; i < layers.size(); ++i) {
        lua_createtable(L, 0, 2);
        push_tensor(L, layers[i].experts);
        lua_setfield(L, -2, "experts");
        push_tensor(L, layers[i].weights);
        lua_setfield(L, -2, "weights");
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int sizes(lua_State* L) {
    auto model = self(L);
    Model& network = *model->network;
    Parameters& p = network.parameters();
    const Overlay* overlay = network.overlay().get();
    const bool causal = network.causal();
    Json result = {{"family", network.model_type()},
                   {"causal", causal},
                   {"vocab_size", network.vocab_size()},
                   {"hidden_size", network.hidden_size()},
                   {"num_hidden_layers", network.num_hidden_layers()},
                   {"num_key_value_heads", network.num_key_value_heads()},
                   {"head_dim", network.head_dim()},
                   {"context", network.max_positions()},
                   {"parameters", p.count()},
                   {"weight_bytes", p.bytes()},
                   {"overlay", overlay ? overlay->describe() : ""},
                   {"overlay_bytes", overlay ? overlay->bytes() : 0},
                   {"element_bytes", c10::elementSize(p.dtype())},
                   {"kv_token_bytes", causal ? model->kv()->pool().page_bytes() / kKvPage : 0},
                   {"kept_bytes", model->bytes() - p.bytes() - (overlay ? overlay->bytes() : 0)},
                   {"device", p.device().str()},
                   {"device_reason", network.device_reason()},
                   {"pooling", model->pooling},
                   {"normalize", model->normalize},
                   {"eos_token_ids", model->generation_config.eos_token_ids},
                   {"chat_template", bool(model->chat_template)}};
    push_json(L, result);
    return 1;
}

const bool registered = add_rows({
    {"Model:hidden", hidden, "prompt: string|integer[], opts?: HiddenOptions -> Tensor",
     "The states of every token: f32 [layers + 1, tokens, hidden_size], first the embeddings, last "
     "after the final norm (transformers' output_hidden_states); with a layer [tokens, "
     "hidden_size].",
     "m:hidden(\"Once upon\", {layer = 1}).shape[2]", kHiddenOptions},
    {"_models.attention", attention,
     "model: Model, prompt: any, layer: integer, head: integer -> table",
     "{weights = f32 [tokens, tokens], heads=}; head 0: the mean.", ""},
    {"_models.routes", routes_, "model: Model, prompt: any -> table",
     "{experts=, weights=} of each routed layer.", ""},
    {"_models.sizes", sizes, "model: Model -> table", "Numbers of the network.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
