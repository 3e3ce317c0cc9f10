// SPDX-License-Identifier: Apache-2.0
// Which models the process has opened, so that a saved session can say later whether they are
// still the same. Opening only notes name, place and size; hashing is done when it is asked for.
#pragma once

#include <string>
#include <vector>

namespace moonlet {

struct OpenedModel {
    std::string name;   // as the user gave it: "demo", a path
    std::string path;   // the folder or file that it stood for
    std::string stamp;  // sizes and times of its weight files then
};

void note_opened(const std::string& name, const std::string& path);
// What was opened as `name` was called `as` by the user, who gave a name that had to be looked up
// (a model of a hub). No effect where nothing was opened as `name`.
void rename_opened(const std::string& name, const std::string& as);
// Those opened since the last call, in order, each name once.
std::vector<OpenedModel> take_opened();
// What `name` stood for when it was opened last. Error: it was not.
OpenedModel last_opened(const std::string& name);

// Sizes and times of modification of the weight files at `path`; cheap.
std::string weight_stamp(const std::string& path);
// The SHA-256 of the weights at `path`: of a file itself; of a folder's *.safetensors and *.gguf,
// when there are several that of the lines "hash  name\n" (sha256sum *.safetensors | sha256sum).
// "" where there are none. Interruptible. Error: unreadable.
std::string weight_hash(const std::string& path);

}  // namespace moonlet
