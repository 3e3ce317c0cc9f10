// SPDX-License-Identifier: Apache-2.0
// models.machine: what this processor gives at most. Its printed form is stdlib/machine.lua.
#include "generation/machine.h"

#include "bindings/convert.h"
#include "bindings/row.h"

namespace moonlet::bindings {

namespace {

int machine(lua_State* L) {
    const Machine m = measure_machine();
    push_json(L, Json{{"isa", m.isa},
                      {"threads", m.threads},
                      {"read", m.read},
                      {"int8", m.int8},
                      {"bf16", m.bf16},
                      {"f32", m.f32},
                      {"matrices", m.matrices}});
    return 1;
}

const bool registered = add_rows({
    {"_models.machine", machine, "-> table", "Rates of this processor.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
