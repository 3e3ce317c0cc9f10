// SPDX-License-Identifier: Apache-2.0
#include "generation/speculative.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/interrupt.h"
#include "generation/sampler.h"

namespace moonlet {

namespace {

constexpr int kFirst = 4;         // ids of the first draft
constexpr int kLongestWait = 32;  // tokens without a draft after many that were wrong at once
// Rereading may cost so many tokens more than drafts have saved before drafting ends.
constexpr size_t kPatience = 16;
// Logits, of two rows at least, equal to those of single steps before others are believed to be:
// in bf16 a few hundred may be equal by chance.
constexpr size_t kEvidence = 10000;

// How far the rounding of a row of several lies from that of a single step, relative to the largest
// logit: some units in the last place of what the network computes in, by which the states of every
// layer differ.
double tolerance_of(at::ScalarType dtype) {
    if (dtype == at::kBFloat16) return 0.04;
    return dtype == at::kHalf ? 0.005 : 1e-4;
}

size_t hash_of(const at::Tensor& row) {
    return std::hash<std::string_view>()(
        {static_cast<const char*>(row.const_data_ptr()), row.nbytes()});
}

}  // namespace

int draw_proposed(const at::Tensor& probabilities, const Proposal& proposal, Random& random) {
    const at::Tensor& drawn = proposal.probabilities;
    if (!drawn.defined()) return draw(probabilities, random);
    const float* p = probabilities.const_data_ptr<float>();
    const float* q = drawn.const_data_ptr<float>();
    if (random.uniform() * q[proposal.id] < p[proposal.id]) return proposal.id;
    at::Tensor rest = probabilities.clone();
    float* r = rest.data_ptr<float>();
    double sum = 0;
    for (int64_t i = 0; i < rest.numel(); ++i) {
        if (i < drawn.numel()) r[i] = std::max(0.0f, r[i] - q[i]);
        sum += r[i];
    }
    // Equal distributions leave nothing but rounding, and refuse nothing but by rounding.
    return draw(sum > 0 ? rest.div_(sum) : probabilities, random);
}

Speculation::Speculation(Context& context, std::unique_ptr<Drafter> drafter, int most,
                         at::ScalarType dtype, bool greedy)
    : context_(context),
      drafter_(std::move(drafter)),
      most_(most),
      length_(std::min(most, kFirst)),
      tolerance_(tolerance_of(dtype)),
      greedy_(greedy),
      length_read_(context.length()),
      single_(context.length()) {}

int Speculation::wanted(int64_t left) {
    if (ended_) return 0;
    if (wait_ > 0) return --wait_, 0;
    // A call tells of one place more than it has proposals.
    auto count = static_cast<int>(std::clamp<int64_t>(left - 1, 0, length_));
    while (count > 0 && !context_.extends(size_t(count) + 1)) --count;
    return count;
}

void Speculation::judge(size_t right) {
    if (right == draft_.size()) length_ = std::min(most_, length_ + 2);
    else length_ = std::min(most_, int(right) + 1);
    wrong_ = right > 0 ? 0 : wrong_ + 1;
    if (wrong_ > 1) wait_ = std::min(kLongestWait, 1 << std::min(wrong_ - 2, 10));
}

at::Tensor Speculation::after(const std::vector<int>& ids, int64_t left) {
    const int id = ids.back();
    const bool open = place_ < draft_.size();
    if (open && draft_[place_].id == id) {
        ++accepted_;
        if (++place_ == draft_.size()) judge(place_);
    } else {
        if (open) judge(place_);
        draft_.clear();
        place_ = 0;
        if (context_.length() >= ids.size()) context_.crop(ids.size() - 1);
        if (int count = wanted(left)) draft_ = drafter_->propose(ids, count);
        if (draft_.empty()) {
            const bool single = single_ == length_read_;
            last_ = context_.step(id);
            if (!last_.defined()) return {};
            last_ = last_.cpu();
            if (single) single_ = ids.size();
            keep(ids.size());
            return last_;
        }
        std::vector<int> call = {id};
        for (auto& proposal : draft_) call.push_back(proposal.id);
        drafted_ += draft_.size();
        span_ = std::max(single_ == context_.length() ? 0 : span_, call.size());
        rows_ = context_.extend(call.data(), call.size()).cpu();
    }
    c10::InferenceMode guard;
    last_ = rows_[int64_t(place_)];
    keep(ids.size());
    return last_;
}

// What is known of the row that tells what follows `length` ids.
void Speculation::keep(size_t length) {
    length_read_ = length;
    if (trusted(length)) single_ = length;
    if (single_ == length) hashes_.clear();
    else if (greedy_ && !differs_) hashes_.push_back(hash_of(last_));
}

bool Speculation::trusted(size_t length) const {
    return equal_ > 1 && equal_ * size_t(last_.numel()) >= kEvidence && !differs_ &&
           span_ <= equal_span_ && length <= trusted_length_;
}

bool Speculation::exact(const at::Tensor& row, double factor) const {
    if (single_ == length_read_) return true;
    const float* x = row.const_data_ptr<float>();
    float best = x[0], second = -INFINITY, largest = std::abs(x[0]);
    for (int64_t i = 1; i < row.numel(); ++i) {
        largest = std::max(largest, std::abs(x[i]));
        if (x[i] > best) second = best, best = x[i];
        else second = std::max(second, x[i]);
    }
    return best - second > tolerance_ * factor * largest;
}

at::Tensor Speculation::reread(const std::vector<int>& ids) {
    if (place_ < draft_.size()) judge(place_);  // the rest of it is lost
    draft_.clear();
    place_ = 0;
    reread_ += ids.size() - single_;
    context_.crop(single_);
    if (span_ > equal_span_ || ids.size() > trusted_length_) equal_ = 0;
    for (size_t row = 0; single_ < ids.size(); ++row) {
        if (interrupt::requested()) return {};
        last_ = context_.step(ids[single_]);
        if (!last_.defined()) return {};
        last_ = last_.cpu();
        ++single_;
        if (differs_) continue;
        if (hash_of(last_) == hashes_[row]) ++equal_;
        else differs_ = true;
    }
    hashes_.clear();
    length_read_ = single_;
    equal_span_ = std::max(equal_span_, span_);
    trusted_length_ = std::max<size_t>(64, 2 * single_);
    // Where rows are trusted there is no end to rereading but that of new sizes.
    ended_ = differs_ && reread_ > accepted_ + kPatience;
    return last_;
}

}  // namespace moonlet
