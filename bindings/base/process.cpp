// SPDX-License-Identifier: Apache-2.0
// The Lua face of child processes: a Job like any other.
#include "protocols/process.h"

#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

const OptionTable kProcessOptions = {
    {"input", "string", "", "written to its standard input, which is then closed"},
    {"cwd", "string", "", "the folder it runs in; absent: this one"},
    {"timeout", "number", "", "seconds until it is killed with all it has started; absent: none"},
    {"max_bytes", "integer", "1048576", "kept of stdout and of stderr each"},
};

int start(lua_State* L) {
    ProcessRequest request;
    request.arguments = check_strings(L, 1);
    Json options = options_json(L, 2, kProcessOptions);
    read_option(options, "input", request.input);
    read_option(options, "cwd", request.folder);
    read_option(options, "timeout", request.timeout);
    int64_t most = int64_t(request.max_bytes);
    read_option(options, "max_bytes", most);
    if (most < 0) throw Error("tools.process: max_bytes is below 0", "a number of bytes");
    request.max_bytes = size_t(most);
    push(L, std::shared_ptr<Job>(std::make_shared<ProcessJob>(std::move(request))));
    return 1;
}

const bool registered = add_rows({
    {"tools.process", start, "arguments: string[], opts?: ProcessOptions -> Job",
     "Starts a program without a shell; job:result() is {stdout=, stderr=, code=, timed_out=}.",
     "tools.process({\"echo\", \"a b\"}):result().stdout", kProcessOptions},
});

}  // namespace

}  // namespace moonlet::bindings
