// SPDX-License-Identifier: Apache-2.0
// Folders that appear whole or not at all, and which of them to go on from. A checkpoint is
// `<output>/checkpoint-<step>`: the model as models.load opens it, optimizer.safetensors and
// trainer.json. It is written as `.checkpoint-<step>.tmp`, flushed to disk, then renamed: a killed
// run leaves at most such a temporary, which the next one removes. What the files say is the loop's
// business.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "trainers/optimizer.h"

namespace moonlet {

// Calls `fill` with a temporary folder beside `folder`, flushes it and exchanges it for `folder`.
// Error (fill's own, or a full disk): what was there before is untouched and the temporary gone.
void write_folder(const std::string& folder,
                  const std::function<void(const std::string& temporary)>& fill);

// The complete checkpoint of the highest step below `output`, or "" if there is none.
std::string newest_checkpoint(const std::string& output);
std::string checkpoint_name(const std::string& output, int step);
// Removes temporaries that a killed run left below `output`.
void remove_stale(const std::string& output);
// Removes all but the `keep` newest checkpoints; 0 keeps all.
void prune_checkpoints(const std::string& output, int keep);

void write_tensors(const std::string& path, const std::vector<NamedTensor>& tensors);
// Mapped, by name. Error as formats/safetensors.h.
std::map<std::string, at::Tensor> read_tensors(const std::string& path);

}  // namespace moonlet
