// SPDX-License-Identifier: Apache-2.0
// Plain HTTP transfers as jobs, for stdlib/tool_http.lua. Redirects are left to the caller, who
// decides which hosts may be reached.
#include "protocols/http.h"

#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/interrupt.h"

namespace moonlet::bindings {

namespace {

const OptionTable kHttpOptions = {
    {"url", "string", "", "http or https"},
    {"method", "string", "\"GET\"", "of the request"},
    {"body", "string", "", "sent with it"},
    {"headers", "table", "{}", "name to value"},
    {"timeout", "number", "0", "seconds for the whole transfer; 0 = no limit"},
    {"max_bytes", "integer", "67108864", "of the body; more is an error"},
};

int start(lua_State* L) {
    interrupt::check_entry();
    Json options = options_json(L, 1, kHttpOptions);
    HttpRequest request;
    request.max_redirects = 0;
    read_option(options, "url", request.url);
    read_option(options, "method", request.method);
    read_option(options, "body", request.body);
    read_option(options, "timeout", request.timeout);
    read_option(options, "max_bytes", request.max_bytes);
    const Json headers = options.value("headers", Json::object());  // named: items() refers to it
    for (auto& [name, value] : headers.items())
        if (value.is_string()) request.headers.emplace_back(name, value.get<std::string>());
    push<Job>(L, std::make_shared<HttpJob>(std::move(request)));
    return 1;
}

const bool registered = add_rows({
    {"_http.start", start, "opts: HttpOptions -> Job",
     "Starts a transfer; its result is {status=, headers=, body=, url=}.", "", kHttpOptions},
});

}  // namespace

}  // namespace moonlet::bindings
