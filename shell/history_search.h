// SPDX-License-Identifier: Apache-2.0
// Ctrl-R: a pattern, the entries that match it best first, the chosen one, and the list that is
// drawn below it. Keys in, rows out; it edits nothing and draws nothing itself.
//     Up Down Ctrl-R Ctrl-S choose · Enter runs · Tab and what moves the cursor takes it to be
//     edited · Ctrl-O only what worked · Ctrl-T only this folder · Esc Ctrl-G Ctrl-C give up
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shell/history.h"
#include "shell/keys.h"
#include "shell/render.h"

namespace moonlet {

class HistorySearch {
  public:
    enum class Step { stay, restore, take, take_and_key, run };

    void open(History& history);
    // take_and_key: the entry is taken, and the key still is to be done as an edit.
    Step handle(const Key& key);

    // The chosen entry; nullptr when nothing matches.
    const std::string* chosen() const;
    // Behind what matched: where the cursor stands in the chosen one.
    std::size_t cursor() const;

    std::string prompt() const;
    std::vector<Row> rows(std::size_t width) const;

  private:
    struct Hit {
        std::size_t index;
        int rank;
    };
    History* history_ = nullptr;
    std::string pattern_;
    std::vector<Hit> hits_;
    std::size_t chosen_ = 0, top_ = 0;
    bool worked_ = false, here_ = false;

    void find();
    void move(bool older);
    bool wanted(const HistoryFacts& facts) const;
    Row row(const Hit& hit, bool chosen, std::size_t width) const;
};

}  // namespace moonlet
