// SPDX-License-Identifier: Apache-2.0
// Requests to OpenAI-compatible servers as jobs, for stdlib/openai.lua: the request is put together
// there, sent, read and tried again here. Waiting for several jobs, for stdlib/jobs.lua.
#include "protocols/openai.h"

#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/progress_line.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"

namespace moonlet::bindings {

namespace {

const OptionTable kStartOptions = {
    {"url", "string", "", "where to POST"},
    {"body", "string", "", "the JSON to send"},
    {"headers", "table", "{}", "more headers, name to value"},
    {"key", "string", "", "sent as Authorization: Bearer"},
    {"key_source", "string", "", "where the key came from, for error messages"},
    {"name", "string", "", "what error messages begin with"},
    {"retries", "integer", "2", "times to try again"},
    {"timeout", "number", "600", "seconds the server may be silent"},
    {"connect_timeout", "number", "10", "seconds until the connection stands"},
    {"completion", "boolean", "true", "read the answer as a chat completion"},
};

int start(lua_State* L) {
    interrupt::check_entry();
    show_progress();
    Json options = options_json(L, 1, kStartOptions);
    OpenAiRequest request;
    HttpRequest& http = request.http;
    http.method = "POST";
    http.max_redirects = 0;
    http.max_bytes = 256u << 20;
    http.compressed = false;  // packed pieces come late
    http.headers = {{"Content-Type", "application/json"}};
    read_option(options, "url", http.url);
    read_option(options, "body", http.body);
    read_option(options, "key", request.key);
    read_option(options, "key_source", request.key_source);
    read_option(options, "name", request.name);
    read_option(options, "retries", request.retries);
    http.idle_timeout = 600;
    read_option(options, "timeout", http.idle_timeout);
    read_option(options, "connect_timeout", http.connect_timeout);
    read_option(options, "completion", request.completion);
    Json headers = options.value("headers", Json::object());
    for (auto& [name, value] : headers.items()) {
        bool text = value.is_string();
        request.secrets.push_back(text ? value.get<std::string>() : dump_json(value, -1));
        http.headers.emplace_back(name, request.secrets.back());
    }
    push<Job>(L, std::make_shared<OpenAiJob>(std::move(request)));
    return 1;
}

// "ready", "timeout" or "interrupt" (which is then delivered: the caller has what it has).
int wait(lua_State* L) {
    interrupt::check_entry();
    std::vector<std::shared_ptr<Job>> jobs;
    std::vector<Job*> list;
    for (int i = 1, n = int(lua_objlen(L, 1)); i <= n; ++i) {
        lua_rawgeti(L, 1, i);
        jobs.push_back(check<Job>(L, lua_gettop(L)));
        list.push_back(jobs.back().get());
        lua_pop(L, 1);
    }
    const char* how = "timeout";
    try {
        if (wait_jobs(list, lua_isnumber(L, 2) ? lua_tonumber(L, 2) : -1)) how = "ready";
    } catch (const Interrupted&) {
        if (!interrupt::requested()) throw;
        interrupt::deliver();
        how = "interrupt";
    }
    return lua_pushstring(L, how), 1;
}

// Names with '_' are the stdlib's own: no help, not in any module table.
const bool registered = add_rows({
    {"_openai.start", start, "opts: StartOptions -> Job", "Sends a request.", "", kStartOptions},
    {"_jobs.wait", wait, "jobs: Job[], seconds?: number -> string", "Waits for any.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
