// SPDX-License-Identifier: Apache-2.0
#include "shell/slice.h"

#include <algorithm>
#include <map>
#include <set>

#include "shell/effects.h"

namespace moonlet {
namespace {

using Names = std::set<std::string>;

// What is not a variable and yet carries something from one entry to another.
const std::string kFiles = "(files)";
const std::string kEverything = "(everything)";

// Functions of Lua and of moonlet that change none of their arguments.
const Names kReading = {"print",   "type",           "tostring",     "tonumber",   "pairs",
                        "ipairs",  "next",           "select",       "unpack",     "assert",
                        "error",   "rawget",         "rawequal",     "rawlen",     "getmetatable",
                        "compare", "collectgarbage", "table.concat", "table.maxn", "table.unpack"};
const Names kReadingModules = {
    "string", "math",       "bit",      "utf8",       "os",       "io",    "json",
    "models", "tokenizers", "datasets", "retrievers", "trainers", "tools", "agents",
    "evals",  "prompts",    "plots",    "traces",     "graphs",   "jit",   "coroutine"};
const Names kReadsFiles = {"io.open",         "io.lines",        "io.input",       "io.read",
                           "io.popen",        "datasets.load",   "models.load",    "models.inspect",
                           "tokenizers.load", "retrievers.load", "retrievers.new", "models.list"};
const Names kWritesFiles = {"io.open",   "io.output", "io.popen",   "os.execute",
                            "os.remove", "os.rename", "os.tmpname", "models.pull"};
// Objects that their methods leave as they are, but for these.
const Names kSteady = {"Model",  "Tokenizer",  "Dataset",     "Retriever", "Generation",
                       "Tensor", "NextTokens", "RemoteModel", "Hits"};
const char* const kChanging[] = {"add",    "set",     "load",   "remove", "release", "merge", "use",
                                 "enable", "disable", "update", "clear",  "reset",   "train", "run",
                                 "step",   "unload",  "apply",  "attach", "detach"};

bool changes_object(const std::string& name) {
    std::size_t colon = name.find_last_of(":.");
    if (colon == std::string::npos) return false;  // the object itself is called: r "words"
    std::string method = name.substr(colon + 1);
    return std::any_of(std::begin(kChanging), std::end(kChanging),
                       [&](const char* word) { return method.rfind(word, 0) == 0; });
}

bool writes_files(const std::string& name) {
    std::size_t colon = name.find(':');
    std::string method = colon == std::string::npos ? "" : name.substr(colon + 1);
    return kWritesFiles.count(name) || method.rfind("save", 0) == 0 ||
           method.rfind("export", 0) == 0 || method.rfind("write", 0) == 0;
}

void add(Names& to, const Names& from) { to.insert(from.begin(), from.end()); }

// What calling the functions that a name holds may do.
struct Latent {
    Names reads, writes, changes;
    bool changes_arguments = false, dynamic = false;
    void join(const Latent& other) {
        add(reads, other.reads);
        add(writes, other.writes);
        add(changes, other.changes);
        changes_arguments = changes_arguments || other.changes_arguments;
        dynamic = dynamic || other.dynamic;
    }
};

struct Step {
    Names reads, writes, sets, changes;
    std::map<std::string, std::string> because;  // changed name → the call that may do it
    bool dynamic = false;
};

class Analysis {
  public:
    // Forward, in the order of the entries: what each reads, sets and may change.
    Step step(const Entry& entry, std::size_t number) {
        Effects effects = effects_of(entry.record.code, entry.record.expression);
        Step step;
        step.reads = effects.reads;
        step.writes = effects.writes;
        step.sets = effects.sets;
        step.dynamic = effects.dynamic;
        for (const auto& name : effects.stores) change(step, name, "");
        Latent own;
        own.changes_arguments = effects.stores_local;
        for (const CallSite& site : effects.calls) call(step, own, site, entry);
        // What the functions among the names it reads may do when they are called.
        for (const auto& name : effects.reads) {
            auto found = latent_.find(name);
            if (found == latent_.end()) continue;
            Latent latent = closure(found->second);
            add(step.reads, latent.reads);
            add(step.writes, latent.writes);
            for (const auto& changed : latent.changes) change(step, changed, name);
            step.dynamic = step.dynamic || latent.dynamic;
            own.join(latent);
        }
        if (entry.record.values > 0) {
            step.writes.insert("_" + std::to_string(number));
            step.writes.insert("_");
            step.sets.insert("_");
        }
        // Names that may hold the same object from here on.
        for (const auto& name : step.writes) {
            if (step.sets.count(name)) alias_.erase(name);
            if (!is_object(entry, name)) continue;
            Names group = alias_.count(name) ? alias_[name] : Names{name};
            for (const auto& other : step.reads) {
                if (other == name || !is_object(entry, other)) continue;
                std::string mine = kind(entry, name), its = kind(entry, other);
                if (kSteady.count(its) && mine != its && mine != "Trainer") continue;
                add(group, alias_.count(other) ? alias_[other] : Names{other});
            }
            group.insert(name);
            for (const auto& each : group) add(alias_[each], group);
        }
        // Functions made here, or taken over, are what its names may hold.
        if (effects.functions) {
            add(own.reads, effects.reads);
            add(own.writes, effects.inner_writes);
            add(own.changes, step.changes);
            own.dynamic = step.dynamic;
        }
        for (const Names* names : {&step.writes, &step.changes}) {
            for (const auto& name : *names) {
                if (!may_hold_function(entry, name)) continue;
                if (step.sets.count(name)) latent_[name] = Latent{};
                latent_[name].join(own);
            }
        }
        return step;
    }

  private:
    std::map<std::string, Latent> latent_;
    std::map<std::string, Names> alias_;

    static std::string kind(const Entry& entry, const std::string& name) {
        auto found = entry.record.kinds.find(name);
        return found == entry.record.kinds.end() ? "" : found->second;
    }
    // Something that can be changed without being assigned to. `_`: whatever was printed.
    static bool is_object(const Entry& entry, const std::string& name) {
        std::string what = kind(entry, name);
        return !what.empty() && what != "function" && what != "string";
    }
    static bool may_hold_function(const Entry& entry, const std::string& name) {
        std::string what = kind(entry, name);
        return what == "function" || what == "table";
    }

    void change(Step& step, const std::string& name, const std::string& by) {
        for (const auto& each : alias_.count(name) ? alias_[name] : Names{name}) {
            if (step.changes.insert(each).second) step.because[each] = by;
        }
    }

    Latent closure(Latent latent) {
        Names done;
        for (bool more = true; more;) {
            more = false;
            for (const auto& name : Names(latent.reads)) {
                if (!done.insert(name).second) continue;
                auto found = latent_.find(name);
                if (found == latent_.end()) continue;
                latent.join(found->second);
                more = true;
            }
        }
        return latent;
    }

    void call(Step& step, Latent& own, const CallSite& site, const Entry& entry) {
        if (kReadsFiles.count(site.name)) step.reads.insert(kFiles);
        if (writes_files(site.name)) {
            step.changes.insert(kFiles);
            step.reads.insert(kFiles);
        }
        std::string module = site.name.substr(0, site.name.find_first_of(".:"));
        std::string what = kind(entry, site.root);
        bool reading = kReading.count(site.name) || kReadingModules.count(module);
        bool callback = false;  // a function that it may call: known by its own effects
        if (!reading && !site.root.empty()) {
            auto found = latent_.find(site.root);
            if (found != latent_.end() && site.name == site.root) {
                reading = !closure(found->second).changes_arguments;
            } else if (kSteady.count(what)) {
                reading = !changes_object(site.name);
            } else if (what == "string") {
                reading = true;
            } else if (what == "function" && step.writes.count(site.root)) {
                callback = true;  // defined in this very entry
            }
        }
        if (reading) return;
        if (callback && !own.changes_arguments && !site.on_local) return;
        if (site.on_local) own.changes_arguments = true;
        if (!site.root.empty() && site.name != site.root && is_object(entry, site.root))
            change(step, site.root, site.name);
        if (!site.root.empty() && site.name == site.root && is_object(entry, site.root))
            change(step, site.root, site.name);  // an object that is called: a chat
        for (const auto& name : site.given) {
            if (is_object(entry, name))
                change(step, name, site.name.empty() ? "a call" : site.name);
        }
    }
};

std::string joined(const Names& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

Slice slice_session(const std::vector<Entry>& entries, const std::vector<std::string>& names) {
    Slice slice;
    slice.kept.assign(entries.size(), false);
    slice.reasons.assign(entries.size(), "");
    std::vector<Step> steps(entries.size());
    Analysis analysis;
    Names given;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!entries[i].is_saved()) continue;
        steps[i] = analysis.step(entries[i], i + 1);
        add(given, steps[i].writes);
        add(given, steps[i].changes);
    }
    for (const auto& name : names) {
        if (!given.count(name)) slice.unknown.push_back(name);
    }
    Names wanted(names.begin(), names.end());
    for (std::size_t i = entries.size(); i-- > 0;) {
        if (!entries[i].is_saved()) continue;
        const Step& step = steps[i];
        Names set, changed;
        std::string by;
        for (const auto& name : wanted) {
            if (step.writes.count(name)) {
                set.insert(name);
            } else if (step.changes.count(name)) {
                changed.insert(name);
                auto found = step.because.find(name);
                if (found != step.because.end()) by = found->second;
            }
        }
        if (set.empty() && changed.empty() && !step.dynamic && !wanted.count(kEverything)) continue;
        slice.kept[i] = true;
        std::string& reason = slice.reasons[i];
        if (!set.empty()) reason = "sets " + joined(set);
        if (!changed.empty() && by.empty() && set.empty()) reason = "changes " + joined(changed);
        if (!changed.empty() && !by.empty() && set.empty())
            reason = by + " may change " + joined(changed);
        if (reason.empty()) reason = "loads code or reaches into _G: nobody can tell";
        for (const auto& name : step.sets) wanted.erase(name);
        add(wanted, step.reads);
        if (step.dynamic) wanted.insert(kEverything);
    }
    return slice;
}

}  // namespace moonlet
