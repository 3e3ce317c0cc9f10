// SPDX-License-Identifier: Apache-2.0
// Speculative decoding: a drafter proposes the next ids, the network reads them all in one call,
// and what it would have written itself stays (Leviathan et al. 2023; Chen et al. 2023). Greedy:
// the ids of plain decoding. Sampled: the model's own filtered distribution, exactly; with a
// drafter that only names ids (n-grams) even the draws of plain decoding. It knows no text, no stop
// strings and no drafter in particular (ngram.h, draft.h).
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <vector>

#include "core/random.h"
#include "generation/context.h"

namespace moonlet {

struct Proposal {
    int id;
    // What it was drawn from, f32 on the CPU, sum 1, ids past its end 0; undefined: it was not
    // drawn.
    at::Tensor probabilities;
};

class Drafter {
  public:
    virtual ~Drafter() = default;
    // At most `count` ids to follow `ids`, which grow from call to call, none to have no opinion;
    // fewer when an interrupt is requested.
    virtual std::vector<Proposal> propose(const std::vector<int>& ids, int count) = 0;
    virtual size_t bytes() const { return 0; }
};

// One id, distributed as `probabilities`, given what was proposed: it is accepted with p / q, else
// another comes from what q left of p. A proposal that was not drawn is a mass of 1 on its id, and
// then the result is that of draw() (sampler.h).
int draw_proposed(const at::Tensor& probabilities, const Proposal& proposal, Random& random);

// Logits one after another, as Context::step gives them, read ahead where the drafter has an
// opinion. How many ids it is asked for grows by 2 with each draft that was right to its end and
// falls to one more than were right; drafts that are wrong from their first id are left out for 1,
// 2, 4 … 32 tokens. That depends on ids alone, never on time, so that a seed repeats a run.
//
// Rows of one call may round differently from single steps (kernels whose order of additions
// depends on the number of rows). Greedy decoding must not: where the two likeliest ids are nearer
// to one another than such rounding goes (`exact` of the row is false), the caller takes reread(),
// which reads everything since the last single step one by one. Where many rows were found equal
// bit for bit that way, and none other, they are trusted from then on; where rereading costs more
// than drafts save, drafting ends.
class Speculation {
  public:
    // `most`: ids proposed for one call, at least 1. `context` has read the prompt. `dtype`: what
    // the network computes in. `greedy`: exact() will be asked.
    Speculation(Context& context, std::unique_ptr<Drafter> drafter, int most, at::ScalarType dtype,
                bool greedy);

    // The logits after the last of `ids` (all there are: the prompt's and the written ones); at
    // most `left` more will be written after it. Undefined as with Context::step.
    at::Tensor after(const std::vector<int>& ids, int64_t left);
    // What was proposed for the place that these logits tell of; nullptr: nothing.
    const Proposal* proposal() const { return place_ < draft_.size() ? &draft_[place_] : nullptr; }
    // Whether the likeliest id of `row` (the last logits, perhaps with penalties of at most
    // `factor` on them) is beyond doubt that of plain decoding.
    bool exact(const at::Tensor& row, double factor) const;
    // The last logits as plain decoding has them; undefined as with Context::step.
    at::Tensor reread(const std::vector<int>& ids);

    size_t drafted() const { return drafted_; }
    size_t accepted() const { return accepted_; }

  private:
    int wanted(int64_t left);
    void judge(size_t right);
    void keep(size_t length);
    bool trusted(size_t length) const;

    Context& context_;
    std::unique_ptr<Drafter> drafter_;
    const int most_;
    int length_, wrong_ = 0, wait_ = 0;  // of the next draft; drafts wrong at once; tokens without
    const double tolerance_;             // relative to the largest logit
    const bool greedy_;
    std::vector<Proposal> draft_;
    at::Tensor rows_, last_;      // logits after the id before the draft and after each of it
    size_t place_ = 0;            // so many of the draft were right
    size_t length_read_;          // of the ids that last_ tells what follows
    size_t single_;               // so many of them are as plain decoding reads them
    std::vector<size_t> hashes_;  // of the rows behind those
    // Rows found equal to single steps, for calls of so many rows, and up to where they are trusted
    // to be.
    size_t equal_ = 0, equal_span_ = 0, trusted_length_ = 0, span_ = 0;
    bool differs_ = false, ended_ = false;
    size_t drafted_ = 0, accepted_ = 0, reread_ = 0;
};

}  // namespace moonlet
