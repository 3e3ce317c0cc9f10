// SPDX-License-Identifier: Apache-2.0
// File names by pattern, as shells have them: * and ? within a name, [ab] one of, ** any folders
// in between (none, too). Hidden names only where the pattern's name begins with a dot.
#pragma once

#include <string>
#include <vector>

namespace moonlet {

// The files a pattern means, sorted; a path that exists means itself, "~/" the home folder. Error:
// none, with the pattern; a folder.
std::vector<std::string> glob_files(const std::string& pattern);

}  // namespace moonlet
