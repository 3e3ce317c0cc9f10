// SPDX-License-Identifier: Apache-2.0
// A script as a lecture: steps divided by blank lines, each shown before it runs. Comment lines in
// front of a step are its narration, printed as prose. A step that is not whole Lua by itself (a
// function with blank lines in it) takes the lines behind it. It knows no terminal: the host reads,
// prints and runs.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

struct DemoStep {
    std::string narration;  // paragraphs divided by blank lines, "" = none
    std::string code;       // "" = only narration
};

// is_incomplete(text): more lines are needed before it makes sense.
std::vector<DemoStep> demo_steps(std::string_view script,
                                 const std::function<bool(const std::string&)>& is_incomplete);

enum class DemoKey { entry, next, back, stop, closed };

struct DemoHost {
    // Shows the draft for editing and reads what became of it.
    std::function<DemoKey(const std::string& draft, std::string* entry)> read;
    // Runs an entry as the prompt does. worked: without an error. false: the shell is to end.
    std::function<bool(const std::string& entry, bool* worked)> run;
    std::function<void(const std::string& text)> print;
    int width = 80;
    bool color = false;
};

// Goes through the steps. Enter runs the one shown, :skip :back :again :jump N :stop (or the keys)
// move; a step that failed is shown again, as it was edited. false: the shell is to end.
bool run_demo(const std::string& name, const std::vector<DemoStep>& steps, const DemoHost& host);

}  // namespace moonlet
