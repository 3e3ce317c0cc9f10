// SPDX-License-Identifier: Apache-2.0
// What the code of an entry does to variables, as far as its text tells: which free names it reads,
// gives values to, stores into and hands to calls. Locals of inner blocks and functions are no free
// names; top-level locals are, for they outlive the entry. It runs nothing and knows no values.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

struct CallSite {
    std::string root;             // the free name it starts at, "" = something else
    std::string name;             // "f", "string.format", "m:generate"; "" = not a plain chain
    bool on_local = false;        // something local is called, or is among the arguments
    std::set<std::string> given;  // free names among the arguments
};

struct Effects {
    std::set<std::string> reads;
    std::set<std::string> writes;        // x = …, also in inner blocks and functions
    std::set<std::string> sets;          // of them (and of `local x`), those that surely happen
    bool functions = false;              // it makes some
    std::set<std::string> inner_writes;  // of them, those within functions
    std::set<std::string> stores;        // t.x = …, t[i] = …, function t.f()
    bool stores_local = false;  // the same into a parameter or a local that is no new table
    std::vector<CallSite> calls;
    bool dynamic = false;  // load, setfenv, _G and the like: nobody can tell
};

Effects effects_of(std::string_view code, bool expression);

}  // namespace moonlet
