// SPDX-License-Identifier: Apache-2.0
// Web addresses taken apart and put together (by libcurl's own parser, so that what is checked is
// what is reached). It opens no connection.
#pragma once

#include <string>
#include <string_view>

namespace moonlet {

// "https://host:443": scheme, host in lower case and port, given or the scheme's own. Two addresses
// of one origin are one server to whom the same secrets may be told. Error: no web address.
std::string url_origin(const std::string& url);

// Where `location` leads from `base`: an address of its own, or relative to it. Error: neither.
std::string resolved_url(const std::string& base, const std::string& location);

// Every byte but letters, digits and "_.-~" as %XX; those in `keep` stay, too.
std::string percent_encoded(std::string_view text, std::string_view keep = "");

}  // namespace moonlet
