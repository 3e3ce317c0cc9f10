// SPDX-License-Identifier: Apache-2.0
// @path engine/@room@/@name@.cpp
#include "@room@/@name@.h"

#include <utility>

#include "core/error.h"

namespace moonlet {

@Name@::@Name@(std::string text) : text_(std::move(text)) {
    if (text_.empty()) throw Error("an empty text", "some text for the @name@");
}

}  // namespace moonlet
