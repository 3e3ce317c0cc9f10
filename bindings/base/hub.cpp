// SPDX-License-Identifier: Apache-2.0
// The model hub for stdlib/hub*.lua: its settings, requests and downloads as jobs, and the cache's
// layout. What is asked in which order, and which files are wanted, is decided there. A token from
// the environment never becomes a Lua value.
#include "formats/hub_cache.h"
#include "formats/hub_settings.h"
#include "protocols/downloads.h"
#include "protocols/url.h"

#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/progress_line.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/opened.h"

namespace moonlet::bindings {

namespace {

const OptionTable kAccess = {
    {"endpoint", "string", "", "the hub's address"},
    {"token", "string|boolean", "", "to send; true: the one of the environment, false: none"},
    {"retries", "integer", "5", "times to try again"},
    {"timeout", "number", "30", "seconds the server may be silent"},
    {"method", "string", "\"GET\"", "of a request"},
    {"url", "string", "", "where to ask"},
    {"what", "string", "", "what progress calls it"},
    {"parallel", "integer", "4", "files at a time"},
    {"files", "table", "",
     "to download: {name, url, path, partial, lock, bytes, hash, etag, page}"},
};

std::string environment_token(const Json& options) {
    auto token = options.find("token");
    if (token != options.end() && token->is_boolean())
        return token->get<bool>() ? hub_token().text : "";
    return hub_token_on_request_only() ? "" : hub_token().text;
}

HubAccess read_access(const Json& options) {
    HubAccess access;
    access.endpoint = hub_endpoint();
    read_option(options, "endpoint", access.endpoint);
    read_option(options, "retries", access.retries);
    read_option(options, "timeout", access.idle_timeout);
    auto token = options.find("token");
    if (token != options.end() && token->is_string()) access.token = token->get<std::string>();
    else access.token = environment_token(options);
    return access;
}

int settings(lua_State* L) {
    HubToken token = hub_token();
    Json all = {{"cache", hub_cache_folder()},
                {"endpoint", hub_endpoint()},
                {"offline", hub_offline()},
                {"token_on_request_only", hub_token_on_request_only()}};
    if (!token.text.empty()) all["token_source"] = token.source;
    return push_json(L, all), 1;
}

int request(lua_State* L) {
    interrupt::check_entry();
    show_progress();
    Json options = options_json(L, 1, kAccess);
    push<Job>(L,
              std::make_shared<HubRequestJob>(read_access(options), options.value("method", "GET"),
                                              options.value("url", "")));
    return 1;
}

// What an answer that is none of 2xx means: (answer of _hub.request, page, sent a token).
int refusal(lua_State* L) {
    Json answer = to_json(L, 1);
    HttpHeaders headers;
    const Json given = answer.value("headers", Json::object());
    for (const auto& [name, value] : given.items())
        headers.emplace_back(name, value.get<std::string>());
    push_string(L, hub_refusal(answer.value("status", 0), headers, answer.value("body", ""),
                               check_string(L, 2), lua_toboolean(L, 3)));
    return 1;
}

int download(lua_State* L) {
    interrupt::check_entry();
    show_progress(true);
    Json options = options_json(L, 1, kAccess);
    std::vector<DownloadFile> files;
    const Json given = options.value("files", Json::array());
    for (const Json& each : given) {
        DownloadFile file;
        read_option(each, "name", file.name);
        read_option(each, "url", file.url);
        read_option(each, "path", file.path);
        read_option(each, "partial", file.partial);
        read_option(each, "lock", file.lock);
        read_option(each, "bytes", file.bytes);
        read_option(each, "hash", file.hash);
        read_option(each, "etag", file.etag);
        read_option(each, "page", file.page);
        read_option(each, "force", file.force);
        files.push_back(std::move(file));
    }
    push<Job>(L,
              std::make_shared<DownloadsJob>(options.value("what", ""), std::move(files),
                                             read_access(options), options.value("parallel", 4)));
    return 1;
}

// ---- the cache: its folder is the first argument

HubCache cache(lua_State* L) { return HubCache(check_string(L, 1)); }

int is_id(lua_State* L) {
    lua_pushboolean(L, lua_type(L, 1) == LUA_TSTRING && is_hub_id(check_string(L, 1)));
    return 1;
}

int commit(lua_State* L) {
    std::string found = cache(L).commit(check_string(L, 2), check_string(L, 3));
    if (found.empty()) lua_pushnil(L);
    else push_string(L, found);
    return 1;
}

int prepare(lua_State* L) {
    return cache(L).prepare(check_string(L, 2), check_string(L, 3)), 0;
}

int set_commit(lua_State* L) {
    cache(L).set_commit(check_string(L, 2), check_string(L, 3), check_string(L, 4));
    return 0;
}

int snapshot(lua_State* L) {
    push_string(L, cache(L).snapshot(check_string(L, 2), check_string(L, 3)));
    return 1;
}

int file(lua_State* L) {
    push_string(L, cache(L).file(check_string(L, 2), check_string(L, 3), check_string(L, 4)));
    return 1;
}

// What models.load finds without a hub: a path, or a model of our own. nil where there is none.
int local_path(lua_State* L) {
    try {
        push_string(L, resolve_model_path(check_string(L, 1)));
    } catch (const Error&) {
        lua_pushnil(L);
    }
    return 1;
}

int opened_as(lua_State* L) { return rename_opened(check_string(L, 1), check_string(L, 2)), 0; }

// Where a content goes: (cache, id, etag) -> {path, partial, lock}.
int places(lua_State* L) {
    HubCache at = cache(L);
    std::string id = check_string(L, 2), etag = check_string(L, 3);
    push_json(L, {{"path", at.blob(id, etag)},
                  {"partial", at.partial(id, etag)},
                  {"lock", at.lock(id, etag)}});
    return 1;
}

int link(lua_State* L) {
    cache(L).link(check_string(L, 2), check_string(L, 3), check_string(L, 4), check_string(L, 5));
    return 0;
}

int absent(lua_State* L) {
    lua_pushboolean(L, cache(L).absent(check_string(L, 2), check_string(L, 3), check_string(L, 4)));
    return 1;
}

int set_absent(lua_State* L) {
    cache(L).set_absent(check_string(L, 2), check_string(L, 3), check_string(L, 4));
    return 0;
}

int files(lua_State* L) {
    Json all = Json::array();
    for (const auto& file : cache(L).files(check_string(L, 2), check_string(L, 3)))
        all.push_back({{"name", file.name}, {"bytes", file.bytes}});
    return push_json(L, all), 1;
}

int snapshots(lua_State* L) {
    Json all = Json::array();
    for (const auto& each : cache(L).snapshots())
        all.push_back({{"id", each.id}, {"commit", each.commit}, {"revisions", each.revisions}});
    return push_json(L, all), 1;
}

int free_bytes(lua_State* L) {
    lua_pushnumber(L, double(cache(L).free_bytes()));
    return 1;
}

int encoded(lua_State* L) {
    push_string(L, percent_encoded(check_string(L, 1), lua_toboolean(L, 2) ? "/" : ""));
    return 1;
}

const bool registered = add_rows({
    {"_hub.settings", settings, "-> table", "What the environment says.", ""},
    {"_hub.request", request, "opts: HubRequestOptions -> Job", "Asks the hub.", "", kAccess},
    {"_hub.refusal", refusal, "answer: table, page: string, token: boolean -> string",
     "What a refusal means.", ""},
    {"_hub.download", download, "opts: HubDownloadOptions -> Job", "Fetches files.", "", kAccess},
    {"_hub.is_id", is_id, "text: any -> boolean", "Whether it may name a model on the hub.", ""},
    {"_hub.commit", commit, "cache: string, id: string, revision: string -> string?",
     "The commit of a revision, as far as it is known here.", ""},
    {"_hub.prepare", prepare, "cache: string, id: string, commit: string", "Makes folders.", ""},
    {"_hub.set_commit", set_commit, "cache: string, id: string, revision: string, commit: string",
     "Notes a ref.", ""},
    {"_hub.snapshot", snapshot, "cache: string, id: string, commit: string -> string",
     "The folder of a commit.", ""},
    {"_hub.file", file, "cache: string, id: string, commit: string, name: string -> string",
     "Where a file of a snapshot is.", ""},
    {"_hub.local_path", local_path, "name: string -> string?",
     "What a name stands for without a hub.", ""},
    {"_hub.opened_as", opened_as, "path: string, name: string",
     "The model opened at a path was called by this name.", ""},
    {"_hub.places", places, "cache: string, id: string, etag: string -> table",
     "Where a content goes.", ""},
    {"_hub.link", link, "cache: string, id: string, commit: string, name: string, etag: string",
     "Puts a content into a snapshot.", ""},
    {"_hub.absent", absent, "cache: string, id: string, commit: string, name: string -> boolean",
     "Whether it is known that there is no such file.", ""},
    {"_hub.set_absent", set_absent, "cache: string, id: string, commit: string, name: string",
     "Notes that there is no such file.", ""},
    {"_hub.files", files, "cache: string, id: string, commit: string -> table[]",
     "What a snapshot holds.", ""},
    {"_hub.snapshots", snapshots, "cache: string -> table[]", "All snapshots.", ""},
    {"_hub.free_bytes", free_bytes, "cache: string -> number", "Room on its disk.", ""},
    {"_hub.encoded", encoded, "text: string, slashes?: boolean -> string",
     "Percent-encoded; slashes stay where asked.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
