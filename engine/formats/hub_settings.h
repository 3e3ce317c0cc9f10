// SPDX-License-Identifier: Apache-2.0
// What the environment says about the model hub, read as huggingface_hub reads it (its
// environment-variables page): where the cache is, which server, which token, whether to stay
// offline. Read anew at each call, so that a change counts at once. It opens no connection.
#pragma once

#include <string>

namespace moonlet {

// HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else <home>/hub; <home> is HF_HOME, else
// $XDG_CACHE_HOME/huggingface, else ~/.cache/huggingface. "~" and $VARIABLES in them are replaced.
std::string hub_cache_folder();

// HF_ENDPOINT without slashes at its end, else https://huggingface.co.
std::string hub_endpoint();

// HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is 1, ON, YES or TRUE.
bool hub_offline();

struct HubToken {
    std::string text;  // "" = there is none
    std::string
        source;  // "$HF_TOKEN", or the file it is from: for messages, never the token itself
};
// HF_TOKEN, HUGGING_FACE_HUB_TOKEN, else the file HF_TOKEN_PATH or <home>/token.
HubToken hub_token();

// HF_HUB_DISABLE_IMPLICIT_TOKEN is true: the token is sent only where a call asks for it.
bool hub_token_on_request_only();

}  // namespace moonlet
